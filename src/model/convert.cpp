#include <algorithm>
#include <cstring>
#include <system_error>
#include <unordered_map>

#include "attune/core/file.hpp"
#include "attune/model.hpp"
#include "attune/nn.hpp"

#include "model/e5_container.hpp"
#include "model/model_file.hpp"
#include "model/safetensors.hpp"

namespace attune {
namespace {

constexpr std::uint64_t kMaxListBytes = 64ULL << 20U;

std::size_t characters_of(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(
      utf8.begin(), utf8.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80; }));
}

// XLM-R's special pieces: the four at the head of the list and the mask at its end.
std::vector<std::int32_t> control_ids_of(const E5Container& container) {
  std::vector<std::int32_t> ids = {container.begin_id, container.padding_id, container.end_id, container.unknown_id};
  for (std::size_t id = 0; id < container.pieces.size(); ++id) {
    if (container.pieces[id] == "<mask>") ids.push_back(static_cast<std::int32_t>(id));
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

// Marks the pieces that the list names. Lines are pieces; empty lines are skipped.
Status keep_listed(const E5Container& container, const std::filesystem::path& list, std::vector<bool>& keep) {
  const auto text = read_file(list, kMaxListBytes);
  if (!text) return text.error();
  std::unordered_map<std::string_view, std::size_t> id_of;
  for (std::size_t id = 0; id < container.pieces.size(); ++id) id_of.emplace(container.pieces[id], id);
  std::string_view rest = *text;
  for (std::size_t line = 1; !rest.empty(); ++line) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view piece = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (piece.empty()) continue;
    const auto found = id_of.find(piece);
    if (found == id_of.end()) {
      return Error{ErrorKind::bad_input, "'" + to_utf8(list) + "': line " + std::to_string(line) + ": '" +
                                             std::string(piece) + "' is no piece of this vocabulary"};
    }
    keep[found->second] = true;
  }
  return {};
}

Result<std::vector<std::int32_t>> kept_ids_of(const E5Container& container, const std::filesystem::path& list) {
  std::vector<bool> keep(container.pieces.size(), list.empty());
  if (!list.empty()) {
    if (const Status status = keep_listed(container, list, keep); !status) return status.error();
    for (std::size_t id = 0; id < keep.size(); ++id) {
      if (characters_of(container.pieces[id]) == 1) keep[id] = true;
    }
    for (const std::int32_t id : control_ids_of(container)) keep[static_cast<std::size_t>(id)] = true;
  }
  std::vector<std::int32_t> ids;
  for (std::size_t id = 0; id < keep.size(); ++id) {
    if (keep[id]) ids.push_back(static_cast<std::int32_t>(id));
  }
  return ids;
}

void add_vocabulary(const E5Container& container, const std::vector<std::int32_t>& kept, SafetensorsBuilder& file) {
  std::vector<std::uint8_t> bytes;
  std::vector<std::uint8_t> sizes;
  for (const std::string_view piece : container.pieces) {
    bytes.insert(bytes.end(), piece.begin(), piece.end());
    sizes.push_back(static_cast<std::uint8_t>(piece.size()));
  }
  const std::size_t byte_count = bytes.size();
  const std::size_t pieces = sizes.size();
  file.add("tokenizer.piece_bytes", {byte_count}, std::move(bytes));
  file.add("tokenizer.piece_sizes", {pieces}, std::move(sizes));
  file.add("tokenizer.scores", {pieces}, container.scores);
  file.add("tokenizer.kept", {kept.size()}, kept);
  file.add("tokenizer.map_from", {container.map_from.size()}, container.map_from);
  file.add("tokenizer.map_counts", {container.map_counts.size()}, container.map_counts);
  file.add("tokenizer.map_to", {container.map_to.size()}, container.map_to);
}

// Copies tensors of the container under our names.
class TensorCopier {
 public:
  TensorCopier(const E5Container& container, SafetensorsBuilder& file) : container_(container), file_(file) {}

  Result<E5Container::Tensor> find(const std::string& name, std::uint64_t elements, bool is_q4) const {
    const auto found = container_.tensors.find(name);
    const auto fail = [&](const char* text) { return Error{ErrorKind::corrupt, "tensor '" + name + "': " + text}; };
    if (found == container_.tensors.end()) return fail("is missing");
    if (found->second.is_q4 != is_q4) return fail(is_q4 ? "is not in 4-bit blocks" : "is not FP32");
    if (found->second.elements != elements) return fail("has another number of elements than the shape says");
    return found->second;
  }

  Status copy_floats(const std::string& from, const std::string& to, const std::vector<std::uint64_t>& shape) {
    std::uint64_t elements = 1;
    for (const std::uint64_t size : shape) elements *= size;
    const auto tensor = find(from, elements, false);
    if (!tensor) return tensor.error();
    std::vector<float> values(static_cast<std::size_t>(elements));
    std::memcpy(values.data(), tensor->bytes.data(), tensor->bytes.size());
    file_.add(to, shape, values);
    return {};
  }

  Status copy_linear(const std::string& from, const std::string& to, std::size_t out, std::size_t in) {
    const auto tensor = find(from + ".w", static_cast<std::uint64_t>(out) * in, true);
    if (!tensor) return tensor.error();
    file_.add(to + ".weight", q4_shape(out, in), std::vector<std::uint8_t>(tensor->bytes.begin(), tensor->bytes.end()));
    return copy_floats(from + ".b", to + ".bias", {out});
  }

  Status copy_norm(const std::string& from, const std::string& to, std::size_t width) {
    if (const Status status = copy_floats(from + ".w", to + ".scale", {width}); !status) return status;
    return copy_floats(from + ".b", to + ".shift", {width});
  }

  Status copy_layer(std::size_t index, std::size_t width, std::size_t feed_forward) {
    const std::string from = "l" + std::to_string(index) + ".";
    const std::string to = "layers." + std::to_string(index) + ".";
    const Status steps[] = {copy_linear(from + "q", to + "query", width, width),
                            copy_linear(from + "k", to + "key", width, width),
                            copy_linear(from + "v", to + "value", width, width),
                            copy_linear(from + "ao", to + "attention_output", width, width),
                            copy_norm(from + "aln", to + "attention_norm", width),
                            copy_linear(from + "fi", to + "feed_forward_in", feed_forward, width),
                            copy_linear(from + "fo", to + "feed_forward_out", width, feed_forward),
                            copy_norm(from + "oln", to + "output_norm", width)};
    for (const Status& status : steps) {
      if (!status) return status;
    }
    return {};
  }

 private:
  const E5Container& container_;
  SafetensorsBuilder& file_;
};

Status add_embeddings(const E5Container& container, const std::vector<std::int32_t>& kept, TensorCopier& copier,
                      SafetensorsBuilder& file) {
  const auto width = static_cast<std::size_t>(container.width);
  const auto positions = static_cast<std::uint64_t>(container.positions);
  const auto words = copier.find("emb.word", static_cast<std::uint64_t>(container.vocabulary) * width, true);
  if (!words) return words.error();
  const std::size_t row_bytes = width / nn::kQ4BlockWeights * nn::kQ4BlockBytes;
  std::vector<std::uint8_t> rows;
  rows.reserve(kept.size() * row_bytes);
  for (const std::int32_t id : kept) {
    const auto row = words->bytes.subspan(static_cast<std::size_t>(id) * row_bytes, row_bytes);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  file.add("embeddings.word", q4_shape(kept.size(), width), std::move(rows));
  if (const Status status = copier.copy_floats("emb.pos", "embeddings.position", {positions, width}); !status) {
    return status;
  }
  // Sequences are read one by one: only the first token type is ever used.
  const auto types = copier.find("emb.type", static_cast<std::uint64_t>(container.token_types) * width, false);
  if (!types) return types.error();
  std::vector<float> first_type(width);
  std::memcpy(first_type.data(), types->bytes.data(), width * sizeof(float));
  file.add("embeddings.token_type", {width}, first_type);
  return copier.copy_norm("emb.ln", "embeddings.norm", width);
}

ModelConfig config_of(const E5Container& container, const ConvertRequest& request, const std::string& sha256) {
  ModelConfig config;
  ModelDescription& description = config.description;
  description.name = request.name;
  description.query_prefix = request.query_prefix;
  description.passage_prefix = request.passage_prefix;
  description.licence = request.licence;
  description.source = request.source;
  description.source_sha256 = sha256;
  config.shape.layers = static_cast<std::size_t>(container.layers);
  config.shape.width = static_cast<std::size_t>(container.width);
  config.shape.heads = static_cast<std::size_t>(container.heads);
  config.shape.feed_forward = static_cast<std::size_t>(container.feed_forward);
  config.shape.positions = static_cast<std::size_t>(container.positions);
  config.shape.epsilon = container.epsilon;
  config.has_unigram = true;
  config.begin_id = container.begin_id;
  config.end_id = container.end_id;
  config.unknown_id = container.unknown_id;
  config.control_ids = control_ids_of(container);
  return config;
}

Result<std::string> convert_bytes(const std::string& bytes, const std::string& sha256, const ConvertRequest& request) {
  const auto container = parse_e5_container(bytes);
  if (!container) return container.error();
  const auto kept = kept_ids_of(*container, request.kept_pieces);
  if (!kept) return kept.error();

  SafetensorsBuilder file;
  write_config(config_of(*container, request, sha256), file);
  add_vocabulary(*container, *kept, file);
  TensorCopier copier(*container, file);
  if (const Status status = add_embeddings(*container, *kept, copier, file); !status) return status.error();
  for (std::size_t layer = 0; layer < static_cast<std::size_t>(container->layers); ++layer) {
    const auto feed_forward = static_cast<std::size_t>(container->feed_forward);
    const Status status = copier.copy_layer(layer, static_cast<std::size_t>(container->width), feed_forward);
    if (!status) return status.error();
  }
  return file.bytes();
}

}  // namespace

Result<ModelDescription> convert_e5_container(const ConvertRequest& request) {
  const std::string step = "converting '" + to_utf8(request.container) + "'";
  const auto bytes = read_file(request.container, Safetensors::kMaxFileBytes);
  if (!bytes) return bytes.error();
  const std::string sha256 = sha256_hex(*bytes);
  if (!request.expected_sha256.empty() && sha256 != request.expected_sha256) {
    return Error{ErrorKind::bad_input, step + ": its SHA-256 is " + sha256 + ", not " + request.expected_sha256};
  }
  const auto converted = convert_bytes(*bytes, sha256, request);
  if (!converted) return converted.error().while_doing(step);

  std::error_code code;
  std::filesystem::create_directories(request.output_directory, code);
  if (code) return Error{ErrorKind::io, "'" + to_utf8(request.output_directory) + "': " + code.message()};
  const Status written = write_file_durably(request.output_directory / kModelFileName, *converted);
  if (!written) return written.error();
  return describe_model(request.output_directory);
}

}  // namespace attune
