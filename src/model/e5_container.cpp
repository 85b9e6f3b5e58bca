#include "model/e5_container.hpp"

#include <cstring>

#include "attune/nn.hpp"

namespace attune {
namespace {

constexpr std::int32_t kBlockWeights = static_cast<std::int32_t>(nn::kQ4BlockWeights);
constexpr std::int32_t kMaxPieces = 4'000'000;
constexpr std::int32_t kMaxTensors = 10'000;

Error corrupt(const std::string& text) {
  return Error{ErrorKind::corrupt, text};
}

// Reads numbers from the head of bytes. After a read past the end everything reads as zero and failed() is true.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T number() {
    T value{};
    const std::string_view bytes = take(sizeof(T));
    if (!bytes.empty()) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  template <typename T>
  std::vector<T> numbers(std::size_t count) {
    if (count > rest_.size() / sizeof(T)) {
      failed_ = true;
      return {};
    }
    std::vector<T> values(count);
    const std::string_view bytes = take(count * sizeof(T));
    if (!bytes.empty()) std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }
  std::string_view take(std::size_t count) {
    if (failed_ || count > rest_.size()) {
      failed_ = true;
      return {};
    }
    const std::string_view bytes = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return bytes;
  }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::string_view rest_;
  bool failed_ = false;
};

bool in_range(std::int32_t value, std::int32_t low, std::int32_t high) {
  return value >= low && value <= high;
}

Status read_shape(Cursor& cursor, E5Container& container) {
  for (std::int32_t* field : {&container.width, &container.layers, &container.heads, &container.feed_forward,
                              &container.vocabulary, &container.positions, &container.token_types}) {
    *field = cursor.number<std::int32_t>();
  }
  container.epsilon = cursor.number<float>();
  const auto block = cursor.number<std::int32_t>();
  if (cursor.failed()) return corrupt("the file ends within its first numbers");
  const bool plausible = in_range(container.width, 1, 8192) && in_range(container.layers, 1, 256) &&
                         in_range(container.heads, 1, 256) && in_range(container.feed_forward, 1, 65536) &&
                         in_range(container.vocabulary, 1, kMaxPieces) && in_range(container.positions, 3, 65536) &&
                         in_range(container.token_types, 1, 16) && container.epsilon > 0 && container.epsilon < 1;
  if (!plausible) return corrupt("a size at the head of the file is out of range");
  if (block != kBlockWeights || container.width % block != 0 || container.feed_forward % block != 0 ||
      container.width % container.heads != 0) {
    return Error{ErrorKind::unsupported, "the container's blocks or heads have another shape than this program reads"};
  }
  return {};
}

Status read_pieces(Cursor& cursor, E5Container& container) {
  const auto count = cursor.number<std::int32_t>();
  if (!in_range(count, 1, container.vocabulary)) return corrupt("the number of pieces is out of range");
  for (std::int32_t* field : {&container.begin_id, &container.end_id, &container.padding_id, &container.unknown_id}) {
    *field = cursor.number<std::int32_t>();
    if (!in_range(*field, 0, count - 1)) return corrupt("a special piece's id is out of range");
  }
  const auto piece_bytes = cursor.number<std::uint64_t>();
  const auto offsets = cursor.numbers<std::uint32_t>(static_cast<std::size_t>(count) + 1);
  container.scores = cursor.numbers<float>(static_cast<std::size_t>(count));
  const std::string_view blob = cursor.take(static_cast<std::size_t>(piece_bytes));
  if (cursor.failed()) return corrupt("the file ends within the pieces");
  for (std::size_t id = 0; id + 1 < offsets.size(); ++id) {
    if (offsets[id] >= offsets[id + 1] || offsets[id + 1] > blob.size() || offsets[id + 1] - offsets[id] > 255) {
      return corrupt("piece " + std::to_string(id) + " has impossible offsets");
    }
    container.pieces.push_back(blob.substr(offsets[id], offsets[id + 1] - offsets[id]));
  }
  return {};
}

Status read_map(Cursor& cursor, E5Container& container) {
  const auto entries = cursor.number<std::int32_t>();
  const auto bytes = cursor.number<std::uint32_t>();
  Cursor map(cursor.take(bytes));
  if (cursor.failed() || !in_range(entries, 0, kMaxPieces))
    return corrupt("the file ends within the normalisation map");
  for (std::int32_t entry = 0; entry < entries && !map.failed(); ++entry) {
    container.map_from.push_back(map.number<std::uint32_t>());
    container.map_counts.push_back(map.number<std::uint8_t>());
    for (const std::uint32_t value : map.numbers<std::uint32_t>(container.map_counts.back())) {
      container.map_to.push_back(value);
    }
  }
  if (map.failed()) return corrupt("the normalisation map is shorter than its entries");
  return {};
}

Status read_tensors(Cursor& cursor, std::string_view file, E5Container& container) {
  const auto count = cursor.number<std::int32_t>();
  if (cursor.failed()) return corrupt("the file ends before the list of tensors");
  if (!in_range(count, 0, kMaxTensors)) return corrupt("the number of tensors is out of range");
  for (std::int32_t index = 0; index < count; ++index) {
    const std::string name(cursor.take(cursor.number<std::uint16_t>()));
    const auto type = cursor.number<std::uint8_t>();
    const std::uint64_t elements = cursor.number<std::uint32_t>();
    const auto offset = cursor.number<std::uint64_t>();
    const auto bytes = cursor.number<std::uint64_t>();
    if (cursor.failed()) return corrupt("the file ends within the list of tensors");
    const auto fail = [&](const char* text) { return corrupt("tensor '" + name + "': " + text); };
    if (type > 1) return fail("its type is not known");
    if (offset > file.size() || bytes > file.size() - offset) return fail("lies outside the file");
    const std::uint64_t expected =
        type == 1 ? elements / nn::kQ4BlockWeights * nn::kQ4BlockBytes : elements * sizeof(float);
    if (bytes != expected || (type == 1 && elements % nn::kQ4BlockWeights != 0)) {
      return fail("its bytes do not fit its elements");
    }
    const auto* first = reinterpret_cast<const std::uint8_t*>(file.data()) + offset;
    const E5Container::Tensor tensor{type == 1, elements, {first, static_cast<std::size_t>(bytes)}};
    if (!container.tensors.emplace(name, tensor).second) return fail("is there twice");
  }
  return {};
}

}  // namespace

Result<E5Container> parse_e5_container(std::string_view bytes) {
  Cursor cursor(bytes);
  if (cursor.take(4) != "E5S1") return Error{ErrorKind::unsupported, "the file is no E5S1 container"};
  if (cursor.number<std::uint32_t>() != 1) {
    return Error{ErrorKind::unsupported, "this version of the E5S1 container is not known"};
  }
  E5Container container;
  if (const Status status = read_shape(cursor, container); !status) return status.error();
  if (const Status status = read_pieces(cursor, container); !status) return status.error();
  if (const Status status = read_map(cursor, container); !status) return status.error();
  if (const Status status = read_tensors(cursor, bytes, container); !status) return status.error();
  return container;
}

}  // namespace attune
