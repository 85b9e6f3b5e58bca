// Hard negatives: what BM25 and the embedder take for an answer and the source does not call one.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "attune/core/dot_product.hpp"
#include "attune/core/work_sharing.hpp"
#include "attune/text.hpp"
#include "attune/train/groups.hpp"

#include "train/likely_answers.hpp"
#include "train/word_index.hpp"

namespace attune::train {
namespace {

constexpr std::size_t kTextsTogether = 512;  // for the embedder: enough to fill its threads, few enough to stop soon
constexpr std::size_t kGroupsTogether = 8;   // read each passage's vector once for all of them

struct Vectors {
  std::size_t dimension = 0;
  std::vector<float> values;  // [texts, dimension]
  [[nodiscard]] std::span<const float> row(std::size_t index) const {
    return std::span(values).subspan(index * dimension, dimension);
  }
};

struct Embedding {
  const Embedder& embedder;
  const MiningProgressSink& progress;
  const std::stop_token& stop;
  std::size_t done = 0;
  std::size_t total = 0;

  Status embed(const std::vector<std::string_view>& texts, EmbedRole role, Vectors& vectors) {
    vectors.dimension = embedder.dimension();
    vectors.values.reserve(texts.size() * vectors.dimension);
    for (std::size_t begin = 0; begin < texts.size(); begin += kTextsTogether) {
      const auto some = std::span(texts).subspan(begin, std::min(kTextsTogether, texts.size() - begin));
      const auto made = embedder.embed(some, role, stop);
      if (!made) return made.error().while_doing("embedding passages to mine among");
      vectors.values.insert(vectors.values.end(), made->values.begin(), made->values.end());
      done += some.size();
      if (progress) progress({MiningProgress::Phase::embedding, done, total});
    }
    return {};
  }
};

// What the groups of one side are searched among. Training never sees a held-out passage; held-out groups are held
// against all passages, or their questions would be much easier than real ones.
struct Side {
  std::vector<std::uint32_t> passages;  // places in the set
  std::vector<std::uint32_t> groups;
};

std::array<Side, 2> sides_of(const GroupSet& set) {
  std::array<Side, 2> sides;
  for (std::uint32_t place = 0; place < set.passages.size(); ++place) {
    const bool held_out = place < set.held_out.size() && set.held_out[place] != 0;
    if (!held_out) sides[0].passages.push_back(place);
    sides[1].passages.push_back(place);
  }
  for (std::uint32_t group = 0; group < set.groups.size(); ++group) {
    sides[set.groups[group].held_out ? 1 : 0].groups.push_back(group);
  }
  return sides;
}

// The language that most groups have: it chooses the stemmer.
std::string language_of(const GroupSet& set) {
  std::unordered_map<std::string, std::size_t> counts;
  std::string most;
  for (const Group& group : set.groups) {
    const std::size_t count = ++counts[group.language];
    if (count > counts[most]) most = group.language;
  }
  return most;
}

struct Candidate {
  std::uint32_t passage = 0;
  std::size_t best_rank = 0;
  std::size_t rank_sum = 0;
};

// Hardest first: what either list puts near its top, then what both do.
std::vector<Candidate> merged(const std::vector<std::uint32_t>& by_words, const std::vector<std::uint32_t>& by_vector) {
  constexpr std::size_t kNotThere = 100'000;
  std::unordered_map<std::uint32_t, std::array<std::size_t, 2>> ranks;
  const auto note = [&](const std::vector<std::uint32_t>& list, std::size_t which) {
    for (std::size_t rank = 0; rank < list.size(); ++rank) {
      ranks.try_emplace(list[rank], std::array{kNotThere, kNotThere}).first->second[which] = rank;
    }
  };
  note(by_words, 0);
  note(by_vector, 1);
  std::vector<Candidate> candidates;
  for (const auto& [passage, rank] : ranks) {
    candidates.push_back({passage, std::min(rank[0], rank[1]), rank[0] + rank[1]});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& left, const Candidate& right) {
    if (left.best_rank != right.best_rank) return left.best_rank < right.best_rank;
    return left.rank_sum != right.rank_sum ? left.rank_sum < right.rank_sum : left.passage < right.passage;
  });
  return candidates;
}

// Everything that searching one side reads.
struct Field {
  const Side& side;
  const WordIndex& words;
  const Vectors& passages;
  const Vectors& queries;
  const LikelyAnswers& answers;
  const MiningOptions& options;
};

struct ThreadMemory {
  WordIndex::Scores words;
  std::vector<float> cosines;  // [kGroupsTogether, passages of the side]
};

// The best places on the side, best first, ties by ascending place.
std::vector<std::uint32_t> nearest(std::span<const float> cosines, std::size_t count) {
  std::vector<std::uint32_t> places(cosines.size());
  for (std::uint32_t place = 0; place < places.size(); ++place) places[place] = place;
  const auto better = [&](std::uint32_t left, std::uint32_t right) {
    return cosines[left] != cosines[right] ? cosines[left] > cosines[right] : left < right;
  };
  const auto kept = static_cast<std::ptrdiff_t>(std::min(count, places.size()));
  std::nth_element(places.begin(), places.begin() + kept, places.end(), better);
  places.resize(static_cast<std::size_t>(kept));
  std::sort(places.begin(), places.end(), better);
  return places;
}

void mine_group(const Field& field, std::uint32_t index, std::span<const float> cosines, WordIndex::Scores& words,
                Group& group) {
  field.words.score(group.query, words);
  const auto by_words = WordIndex::best(words, field.options.bm25 + group.passages.size());
  const auto by_vector = nearest(cosines, field.options.dense + group.passages.size());
  const auto& members = field.side.passages;
  for (const Candidate& candidate : merged(by_words, by_vector)) {
    const std::uint32_t passage = members[candidate.passage];
    const bool is_stated = std::any_of(group.passages.begin(), group.passages.end(),
                                       [&](const GroupPassage& stated) { return stated.passage == passage; });
    if (is_stated) continue;
    if (field.answers.may_answer(index, passage)) {
      group.avoid.push_back(passage);
      continue;
    }
    const auto mined = std::count_if(group.passages.begin(), group.passages.end(),
                                     [](const GroupPassage& stated) { return stated.mined; });
    if (static_cast<std::size_t>(mined) < field.options.keep) {
      group.passages.push_back({.passage = passage, .grade = 0, .mined = true});
    }
  }
  std::sort(group.avoid.begin(), group.avoid.end());
  for (const GroupPassage& passage : group.passages) {
    // Stated passages are searched among as well: hold_out() keeps them together.
    const auto place = std::lower_bound(members.begin(), members.end(), passage.passage) - members.begin();
    const auto at = static_cast<std::size_t>(place);
    const bool here = at < members.size() && members[at] == passage.passage;
    const float unknown = std::numeric_limits<float>::quiet_NaN();
    group.scores.push_back(here ? words.of[at] : unknown);
    group.scores.push_back(here ? cosines[at] : unknown);
  }
}

void mine_block(const Field& field, std::size_t block, ThreadMemory& memory, std::vector<Group>& groups) {
  const std::size_t first = block * kGroupsTogether;
  const auto some =
      std::span(field.side.groups).subspan(first, std::min(kGroupsTogether, field.side.groups.size() - first));
  const std::size_t count = field.side.passages.size();
  memory.cosines.resize(kGroupsTogether * count);
  for (std::size_t place = 0; place < count; ++place) {
    const auto passage = field.passages.row(field.side.passages[place]);
    for (std::size_t i = 0; i < some.size(); ++i) {
      memory.cosines[i * count + place] = dot_product(field.queries.row(some[i]), passage);
    }
  }
  for (std::size_t i = 0; i < some.size(); ++i) {
    mine_group(field, some[i], std::span(memory.cosines).subspan(i * count, count), memory.words, groups[some[i]]);
  }
}

GroupSet without_mined(const GroupSet& set) {
  GroupSet bare = set;
  bare.teachers = {"bm25", "cosine"};
  bare.held_out.resize(bare.passages.size());
  for (Group& group : bare.groups) {
    std::erase_if(group.passages, [](const GroupPassage& passage) { return passage.mined; });
    group.scores.clear();
    group.avoid.clear();
  }
  return bare;
}

}  // namespace

Result<GroupSet> mine(const GroupSet& set, const Embedder& embedder, const MiningOptions& options,
                      const MiningProgressSink& progress, std::stop_token stop) {
  GroupSet mined = without_mined(set);
  std::vector<std::string_view> texts;
  for (const std::string& text : mined.passages) {
    texts.push_back(
        std::string_view(text).substr(0, text::grapheme_boundary_at_or_before(text, options.passage_bytes)));
  }
  std::vector<std::string_view> queries;
  for (const Group& group : mined.groups) queries.push_back(group.query);
  Vectors passage_vectors;
  Vectors query_vectors;
  Embedding embedding{embedder, progress, stop, 0, texts.size() + queries.size()};
  if (const Status made = embedding.embed(texts, EmbedRole::passage, passage_vectors); !made) return made.error();
  if (const Status made = embedding.embed(queries, EmbedRole::query, query_vectors); !made) return made.error();

  const LikelyAnswers answers(set, options.near_question);
  const std::string language = language_of(set);
  std::size_t done = 0;
  std::mutex telling;
  for (const Side& side : sides_of(mined)) {
    const WordIndex words(mined.passages, side.passages, language);
    const Field field{side, words, passage_vectors, query_vectors, answers, options};
    const std::size_t blocks = (side.groups.size() + kGroupsTogether - 1) / kGroupsTogether;
    share_out<ThreadMemory>(blocks, thread_count(options.threads), stop, [&](std::size_t block, ThreadMemory& memory) {
      mine_block(field, block, memory, mined.groups);
      const std::scoped_lock lock(telling);
      done += std::min(kGroupsTogether, side.groups.size() - block * kGroupsTogether);
      if (progress) progress({MiningProgress::Phase::searching, done, mined.groups.size()});
    });
  }
  if (stop.stop_requested()) return Error{ErrorKind::cancelled, "mining was stopped"};
  return mined;
}

}  // namespace attune::train
