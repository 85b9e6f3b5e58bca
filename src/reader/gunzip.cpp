#include "reader/gunzip.hpp"

#include <array>

#include <zlib.h>

namespace attune::reader {
namespace {

class Inflate {
 public:
  Inflate() { ready_ = inflateInit2(&stream, 15 + 16) == Z_OK; }  // 16: a gzip header, not zlib's
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;
  ~Inflate() {
    if (ready_) inflateEnd(&stream);
  }
  [[nodiscard]] bool ready() const { return ready_; }

  z_stream stream{};

 private:
  bool ready_ = false;
};

}  // namespace

Result<std::string> gunzip(std::string_view packed, std::uint64_t max_bytes) {
  Inflate inflater;
  if (!inflater.ready()) return Error{ErrorKind::internal, "the unpacker cannot be started"};
  z_stream& stream = inflater.stream;
  std::string packed_copy(packed);  // zlib's input is not const
  stream.next_in = reinterpret_cast<Bytef*>(packed_copy.data());
  stream.avail_in = static_cast<uInt>(packed_copy.size());
  std::string result;
  std::array<char, 1U << 16U> buffer;
  for (;;) {
    stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream.avail_out = buffer.size();
    const int code = inflate(&stream, Z_NO_FLUSH);
    result.append(buffer.data(), buffer.size() - stream.avail_out);
    if (result.size() > max_bytes) {
      return Error{ErrorKind::too_large, "it unpacks to more than " + std::to_string(max_bytes) + " bytes"};
    }
    if (code == Z_STREAM_END) return result;
    if (code == Z_BUF_ERROR || (code == Z_OK && stream.avail_in == 0 && stream.avail_out != 0)) {
      return Error{ErrorKind::bad_input, "the packed file is cut off"};
    }
    if (code != Z_OK) return Error{ErrorKind::bad_input, "the packed file is damaged"};
  }
}

}  // namespace attune::reader
