#include "train/passage_states.hpp"

#include <algorithm>
#include <fstream>
#include <numeric>

#include "attune/core/file.hpp"

namespace attune::train {
namespace {

constexpr std::uint64_t kMagic = 0x3174617473747461;  // "attstat1"
// Texts that are read at a time, of similar length, so that a stop is heard and progress seen.
constexpr std::size_t kTextsAtOnce = 256;

std::string name_of(std::span<const std::string> texts, const Embedder& embedder, const StatesWanted& wanted) {
  std::string digests =
      embedder.identity() + "\n" + std::to_string(wanted.layer) + "\n" + std::to_string(wanted.max_tokens) + "\n";
  for (const std::string& text : texts) digests += sha256_hex(text);
  return "states-" + sha256_hex(digests).substr(0, 16) + ".bin";
}

template <typename T>
void put(std::ofstream& file, const std::vector<T>& numbers) {
  file.write(reinterpret_cast<const char*>(numbers.data()), static_cast<std::streamsize>(numbers.size() * sizeof(T)));
}

template <typename T>
bool get(std::ifstream& file, std::vector<T>& numbers, std::size_t count) {
  numbers.resize(count);
  file.read(reinterpret_cast<char*>(numbers.data()), static_cast<std::streamsize>(count * sizeof(T)));
  return file.good();
}

}  // namespace

void PassageStates::read(std::size_t text, std::vector<float>& states) const {
  states.resize(tokens(text) * width_);
  unround_states(std::span(states_.values).subspan(starts_[text] * width_, states.size()),
                 std::span(states_.scales).subspan(starts_[text], tokens(text)), states);
}

std::span<const float> PassageStates::vector(std::size_t text) const {
  return std::span(vectors_).subspan(text * width_, width_);
}

Status PassageStates::load(const std::filesystem::path& file, std::size_t texts) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{ErrorKind::not_found, "no states in '" + to_utf8(file) + "'"};
  const Error corrupt{ErrorKind::corrupt, "'" + to_utf8(file) + "' is no whole file of states; remove it"};
  std::vector<std::uint64_t> head;
  if (!get(in, head, 3) || head[0] != kMagic || head[1] != texts || head[2] == 0 || head[2] > 8192) return corrupt;
  width_ = head[2];
  if (!get(in, starts_, texts + 1) || !std::ranges::is_sorted(starts_) || starts_.front() != 0) return corrupt;
  std::error_code code;
  const std::uint64_t bytes = std::filesystem::file_size(file, code);
  const std::uint64_t tokens = starts_.back();
  const std::uint64_t expected = 8 * (3 + texts + 1) + 4 * texts * width_ + tokens * (4 + width_);
  if (code || tokens > bytes || bytes != expected) return corrupt;
  if (!get(in, vectors_, texts * width_) || !get(in, states_.scales, tokens) ||
      !get(in, states_.values, tokens * width_)) {
    return corrupt;
  }
  return {};
}

Status PassageStates::save(const std::filesystem::path& file) const {
  const std::filesystem::path unfinished = file.string() + ".part";
  {
    std::ofstream out(unfinished, std::ios::binary);
    put(out, std::vector<std::uint64_t>{kMagic, starts_.size() - 1, width_});
    put(out, starts_);
    put(out, vectors_);
    put(out, states_.scales);
    put(out, states_.values);
    out.flush();
    if (!out) return Error{ErrorKind::io, "'" + to_utf8(unfinished) + "' could not be written"};
  }
  std::error_code code;
  std::filesystem::rename(unfinished, file, code);
  if (code) return Error{ErrorKind::io, "'" + to_utf8(file) + "': " + code.message()};
  return {};
}

Status PassageStates::compute(std::span<const std::string> texts, const Embedder& embedder, const StatesWanted& wanted,
                              const ProgressSink& progress, const std::stop_token& stop) {
  width_ = embedder.dimension();
  vectors_.resize(texts.size() * width_);
  starts_.assign(1, 0);
  for (std::size_t first = 0; first < texts.size(); first += kTextsAtOnce) {
    const std::size_t count = std::min(kTextsAtOnce, texts.size() - first);
    const std::vector<std::string_view> some(texts.begin() + static_cast<std::ptrdiff_t>(first),
                                             texts.begin() + static_cast<std::ptrdiff_t>(first + count));
    const auto read = embedder.read(some, EmbedRole::passage, wanted, stop);
    if (!read) return read.error();
    std::ranges::copy(read->vectors.values, vectors_.begin() + static_cast<std::ptrdiff_t>(first * width_));
    for (const std::size_t length : read->lengths) starts_.push_back(starts_.back() + length);
    round_states(width_, read->states, states_);
    if (progress) progress(first + count, texts.size());
  }
  return {};
}

Result<PassageStates> PassageStates::open(std::span<const std::string> texts, const Embedder& embedder,
                                          const StatesWanted& wanted, const std::filesystem::path& folder,
                                          const ProgressSink& progress, const std::stop_token& stop) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  const std::filesystem::path file = folder / name_of(texts, embedder, wanted);
  PassageStates states;
  const Status loaded = states.load(file, texts.size());
  if (loaded) return states;
  if (loaded.error().kind != ErrorKind::not_found) return loaded.error();
  if (const Status status = states.compute(texts, embedder, wanted, progress, stop); !status) return status.error();
  if (const Status status = states.save(file); !status) return status.error();
  return states;
}

}  // namespace attune::train
