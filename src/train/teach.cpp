#include "train/teach.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "attune/core/dot_product.hpp"
#include "attune/core/file.hpp"
#include "attune/text.hpp"

namespace attune::train {
namespace {

constexpr std::size_t kTextsAtOnce = 512;
constexpr std::uint64_t kMostBytes = 8ULL << 30U;

// What mining reads of a passage, so that all teachers judge the same text.
std::string_view cut(std::string_view text, std::size_t bytes) {
  return bytes == 0 ? text : text.substr(0, text::grapheme_boundary_at_or_before(text, bytes));
}

struct Texts {
  std::vector<std::string_view> texts;
  EmbedRole role = EmbedRole::passage;
};

// Appends the vectors of texts.
Status embed_all(const Texts& wanted, const Embedder& encoder, std::vector<float>& vectors,
                 const std::function<void(std::size_t)>& progress, const std::stop_token& stop) {
  for (std::size_t first = 0; first < wanted.texts.size(); first += kTextsAtOnce) {
    const std::size_t count = std::min(kTextsAtOnce, wanted.texts.size() - first);
    const auto some = encoder.embed(std::span(wanted.texts).subspan(first, count), wanted.role, stop);
    if (!some) return some.error();
    vectors.insert(vectors.end(), some->values.begin(), some->values.end());
    progress(first + count);
  }
  return {};
}

// [passages, then queries; width], out of the cache or computed.
Result<std::vector<float>> vectors_of(const GroupSet& set, const Embedder& encoder, const Lesson& lesson,
                                      const std::function<void(std::size_t, std::size_t)>& progress,
                                      const std::stop_token& stop) {
  const std::size_t rows = set.passages.size() + set.groups.size();
  const std::size_t numbers = rows * encoder.dimension();
  std::string what = encoder.identity() + "\n" + std::to_string(lesson.passage_bytes);
  for (const std::string& passage : set.passages) what += "\n" + sha256_hex(passage);
  for (const Group& group : set.groups) what += "\n" + sha256_hex(group.query);
  const std::filesystem::path file = lesson.cache / ("vectors-" + sha256_hex(what).substr(0, 16) + ".f32");
  std::vector<float> vectors;
  if (const auto kept = read_file(file, kMostBytes); kept && kept->size() == numbers * sizeof(float)) {
    vectors.resize(numbers);
    std::memcpy(vectors.data(), kept->data(), kept->size());
    return vectors;
  }
  Texts passages;
  for (const std::string& passage : set.passages) passages.texts.push_back(cut(passage, lesson.passage_bytes));
  Texts queries{{}, EmbedRole::query};
  for (const Group& group : set.groups) queries.texts.emplace_back(group.query);
  std::size_t before = 0;
  for (const Texts* texts : {&passages, &queries}) {
    const auto tell = [&](std::size_t done) {
      if (progress) progress(before + done, rows);
    };
    if (const Status status = embed_all(*texts, encoder, vectors, tell, stop); !status) return status.error();
    before += texts->texts.size();
  }
  const std::string_view bytes(reinterpret_cast<const char*>(vectors.data()), vectors.size() * sizeof(float));
  if (const Status status = write_file_durably(file, bytes); !status) return status.error();
  return vectors;
}

}  // namespace

Status teach(GroupSet& set, const Embedder& encoder, const Lesson& lesson,
             const std::function<void(std::size_t done, std::size_t total)>& progress, const std::stop_token& stop) {
  const auto vectors = vectors_of(set, encoder, lesson, progress, stop);
  if (!vectors) return vectors.error();
  const std::size_t width = encoder.dimension();
  std::unordered_map<std::string_view, std::size_t> rows;
  for (std::size_t i = 0; i < set.passages.size(); ++i) rows.emplace(set.passages[i], i);
  std::unordered_map<std::string_view, std::size_t> queries;
  for (std::size_t i = 0; i < set.groups.size(); ++i) queries.emplace(set.groups[i].query, set.passages.size() + i);
  const auto row = [&](std::size_t index) { return std::span(*vectors).subspan(index * width, width); };
  const auto score = [&](std::string_view query,
                         std::span<const std::string_view> passages) -> Result<std::vector<float>> {
    std::vector<float> cosines;
    for (const std::string_view passage : passages) {
      cosines.push_back(dot_product(row(queries.at(query)), row(rows.at(passage))));
    }
    return cosines;
  };
  return add_teacher(set, lesson.teacher, score, stop);
}

}  // namespace attune::train
