#include "attune/core/lines.hpp"

#include <array>
#include <limits>
#include <memory>
#include <string>
#include <system_error>

#include <zlib.h>

#include "attune/core/file.hpp"

namespace attune {
namespace {

constexpr std::size_t kLongestLine = 64U << 20U;

struct CloseGzip {
  void operator()(gzFile file) const { gzclose_r(file); }
};

Status take_line(std::string_view line, const std::filesystem::path& file, std::size_t number,
                 const std::function<Status(std::string_view line)>& take) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return {};
  const Status taken = take(line);
  if (taken) return {};
  return taken.error().while_doing("'" + to_utf8(file) + "' line " + std::to_string(number));
}

}  // namespace

std::filesystem::path plain_or_gzipped(const std::filesystem::path& file) {
  std::error_code ignored;
  std::filesystem::path gzipped = file;
  gzipped += ".gz";
  return !std::filesystem::exists(file, ignored) && std::filesystem::exists(gzipped, ignored) ? gzipped : file;
}

Status for_each_line(const std::filesystem::path& file, const std::function<Status(std::string_view line)>& take) {
  std::error_code ignored;
  if (!std::filesystem::exists(file, ignored)) {
    return Error{ErrorKind::not_found, "there is no file '" + to_utf8(file) + "'"};
  }
  const std::unique_ptr<gzFile_s, CloseGzip> input(gzopen(file.c_str(), "rb"));
  if (!input) return Error{ErrorKind::io, "'" + to_utf8(file) + "' cannot be opened"};
  std::array<char, 1 << 16> buffer;
  std::string pending;
  std::size_t number = 0;
  for (;;) {
    const int count = gzread(input.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
    int code = Z_OK;
    gzerror(input.get(), &code);
    if (count < 0 || code == Z_BUF_ERROR) {
      return Error{code == Z_ERRNO ? ErrorKind::io : ErrorKind::corrupt,
                   "'" + to_utf8(file) + "' breaks off after line " + std::to_string(number)};
    }
    if (count == 0) break;
    pending.append(buffer.data(), static_cast<std::size_t>(count));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = pending.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const auto line = std::string_view(pending).substr(begin, end - begin);
      if (const Status taken = take_line(line, file, ++number, take); !taken) return taken;
    }
    pending.erase(0, begin);
    if (pending.size() > kLongestLine) {
      return Error{ErrorKind::too_large, "'" + to_utf8(file) + "' line " + std::to_string(number + 1) + " is too long"};
    }
  }
  return take_line(pending, file, number + 1, take);
}

Result<std::string> gzipped(std::string_view bytes) {
  if (bytes.size() > std::numeric_limits<uInt>::max()) {
    return Error{ErrorKind::too_large, "a gzip stream is written for less than 4 GiB at once"};
  }
  z_stream stream{};
  constexpr int kGzipWindow = 15 + 16;
  if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, kGzipWindow, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    return Error{ErrorKind::internal, "zlib does not start"};
  }
  std::string out(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write through it
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const int code = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  if (code != Z_STREAM_END) return Error{ErrorKind::internal, "zlib did not finish a stream"};
  return out;
}

}  // namespace attune
