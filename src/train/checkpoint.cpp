#include "train/checkpoint.hpp"

#include <bit>
#include <cstring>
#include <limits>

#include <nlohmann/json.hpp>

#include "attune/core/file.hpp"

namespace attune::train {
namespace {

// A line of magic, a line of JSON, the arrays as little-endian FP32 one after the other, and the SHA-256 of all that.
constexpr std::string_view kMagic = "attune-checkpoint 1\n";
constexpr std::size_t kDigest = 64;
constexpr std::uint64_t kMostBytes = 8ULL << 30U;
static_assert(std::endian::native == std::endian::little);

void append(std::string& bytes, const std::vector<float>& numbers) {
  const std::size_t start = bytes.size();
  bytes.resize(start + numbers.size() * sizeof(float));
  std::memcpy(bytes.data() + start, numbers.data(), numbers.size() * sizeof(float));
}

std::vector<float> take(std::string_view& bytes, std::size_t count) {
  std::vector<float> numbers(count);
  std::memcpy(numbers.data(), bytes.data(), count * sizeof(float));
  bytes.remove_prefix(count * sizeof(float));
  return numbers;
}

}  // namespace

Status save_checkpoint(const std::filesystem::path& file, const Checkpoint& checkpoint) {
  const nlohmann::json header = {{"recipe", checkpoint.recipe},
                                 {"step", checkpoint.step},
                                 {"weights", checkpoint.weights.size()},
                                 {"average", checkpoint.average.size()},
                                 {"best", checkpoint.best.size()},
                                 {"best_measure", checkpoint.best_measure},
                                 {"first_measure", checkpoint.first_measure},
                                 {"best_step", checkpoint.best_step}};
  std::string bytes(kMagic);
  bytes += header.dump() + "\n";
  for (const auto* numbers : {&checkpoint.weights, &checkpoint.optimiser.mean, &checkpoint.optimiser.variance,
                              &checkpoint.average, &checkpoint.best}) {
    append(bytes, *numbers);
  }
  bytes += sha256_hex(bytes);
  return write_file_durably(file, bytes);
}

Result<Checkpoint> load_checkpoint(const std::filesystem::path& file) {
  const auto corrupt = [&](const std::string& text) {
    return Error{ErrorKind::corrupt, "checkpoint '" + to_utf8(file) + "' " + text};
  };
  const auto bytes = read_file(file, kMostBytes);
  if (!bytes) return bytes.error();
  std::string_view rest = *bytes;
  if (!rest.starts_with(kMagic)) {
    return Error{ErrorKind::unsupported, "'" + to_utf8(file) + "' is no checkpoint of this version"};
  }
  if (rest.size() < kMagic.size() + kDigest) return corrupt("is cut off");
  if (sha256_hex(rest.substr(0, rest.size() - kDigest)) != rest.substr(rest.size() - kDigest)) {
    return corrupt("is cut off or was changed: its SHA-256 does not fit");
  }
  rest.remove_suffix(kDigest);
  rest.remove_prefix(kMagic.size());
  const std::size_t line = rest.find('\n');
  const nlohmann::json header = nlohmann::json::parse(rest.substr(0, line), nullptr, false);
  if (line == std::string_view::npos || !header.is_object()) return corrupt("has no header");
  rest.remove_prefix(line + 1);
  Checkpoint checkpoint;
  checkpoint.recipe = header.value("recipe", "");
  checkpoint.step = header.value("step", std::uint64_t{0});
  checkpoint.best_measure = header.value("best_measure", 0.0);
  checkpoint.first_measure = header.value("first_measure", 0.0);
  checkpoint.best_step = header.value("best_step", std::uint64_t{0});
  const auto weights = header.value("weights", std::size_t{0});
  const auto average = header.value("average", std::size_t{0});
  const auto best = header.value("best", std::size_t{0});
  constexpr std::size_t kMost = kMostBytes / sizeof(float);
  if (weights > kMost || average > kMost || best > kMost ||
      (3 * weights + average + best) * sizeof(float) != rest.size()) {
    return corrupt("has another size than its header says");
  }
  checkpoint.weights = take(rest, weights);
  checkpoint.optimiser.mean = take(rest, weights);
  checkpoint.optimiser.variance = take(rest, weights);
  checkpoint.average = take(rest, average);
  checkpoint.best = take(rest, best);
  return checkpoint;
}

}  // namespace attune::train
