// How long mining takes and what it finds: mining_bench <maker> <file> [groups [threads [groups to show [folder]]]]
//
// Takes so many groups of what the maker makes, in a row from the middle, with their passages, mines with the default
// embedder and prints where each group's positive stands among its candidates and how many of these a margin would
// drop.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "attune/pipeline.hpp"
#include "attune/train/makers.hpp"

namespace attune::train {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// `count` groups from the middle and only their passages.
GroupSet part_of(const GroupSet& set, std::size_t count) {
  GroupSet part;
  part.source = set.source;
  count = std::min(count, set.groups.size());
  const std::size_t first = (set.groups.size() - count) / 2;
  std::vector<std::uint32_t> places(set.passages.size(), 0);
  for (std::size_t i = first; i < first + count; ++i) {
    Group group = set.groups[i];
    for (GroupPassage& passage : group.passages) {
      std::uint32_t& place = places[passage.passage];
      if (place == 0) {
        part.passages.push_back(set.passages[passage.passage]);
        place = static_cast<std::uint32_t>(part.passages.size());
      }
      passage.passage = place - 1;
    }
    part.groups.push_back(std::move(group));
  }
  return part;
}

void print_ranks(const GroupSet& mined) {
  std::size_t candidates = 0;
  std::size_t avoided = 0;
  std::size_t first_by_words = 0;
  std::size_t first_by_cosine = 0;
  std::size_t groups = 0;
  for (const Group& group : mined.groups) {
    avoided += group.avoid.size();
    candidates += group.passages.size();
    if (group.passages.empty() || group.passages[0].grade == 0) continue;
    ++groups;
    bool words = true;
    bool cosine = true;
    for (std::size_t i = 1; i < group.passages.size(); ++i) {
      words = words && group.scores[2 * i] < group.scores[0];
      cosine = cosine && group.scores[2 * i + 1] < group.scores[1];
    }
    first_by_words += words ? 1 : 0;
    first_by_cosine += cosine ? 1 : 0;
  }
  const auto share = [&](std::size_t part) { return static_cast<double>(part) / static_cast<double>(groups); };
  std::printf("first positive on top: BM25 %.3f, cosine %.3f of %zu groups; %zu candidates, %zu set aside\n",
              share(first_by_words), share(first_by_cosine), groups, candidates, avoided);
}

int bench(const Maker& maker, const std::filesystem::path& file, std::size_t count, int threads, std::size_t show,
          const std::filesystem::path& keep) {
  const auto read = maker.make(file, 1);
  if (!read) {
    std::fprintf(stderr, "%s\n", read.error().text.c_str());
    return 1;
  }
  const auto embedder = open_embedder(default_models() / "embedder", {.threads = threads});
  if (!embedder) {
    std::fprintf(stderr, "%s\n", embedder.error().text.c_str());
    return 1;
  }
  const GroupSet set = part_of(*read, count);
  std::printf("%zu groups, %zu passages made in all\n", read->groups.size(), read->passages.size());
  const auto start = Clock::now();
  double embedded = 0;
  const auto note = [&](const MiningProgress& progress) {
    if (progress.phase == MiningProgress::Phase::embedding) embedded = seconds_since(start);
  };
  const MiningOptions options{.threads = threads};
  const auto mined =
      keep.empty() ? mine(set, **embedder, options, note) : mine_once(set, **embedder, options, keep, note);
  if (!mined) {
    std::fprintf(stderr, "%s\n", mined.error().text.c_str());
    return 1;
  }
  std::printf("%s: %zu groups, %zu passages: %.1f s embedding, %.1f s searching\n", set.source.c_str(),
              set.groups.size(), set.passages.size(), embedded, seconds_since(start) - embedded);
  print_ranks(*mined);
  for (const double margin : {-0.05, -0.02, -0.01, 0.0, 0.01, 0.02, 0.05}) {
    GroupSet left = *mined;
    const std::size_t dropped = drop_likely_answers(left, margin);
    std::printf("  margin %5.2f drops %zu\n", margin, dropped);
  }
  for (std::size_t i = 0; i < std::min(show, mined->groups.size()); ++i) {
    const Group& group = mined->groups[i * mined->groups.size() / show];
    std::printf("\n? %s\n", group.query.c_str());
    for (std::size_t j = 0; j < std::min<std::size_t>(6, group.passages.size()); ++j) {
      std::printf("  %d %6.2f %.3f %.160s\n", group.passages[j].grade, static_cast<double>(group.scores[2 * j]),
                  static_cast<double>(group.scores[2 * j + 1]), mined->passages[group.passages[j].passage].c_str());
    }
    for (std::size_t j = 0; j < std::min<std::size_t>(2, group.avoid.size()); ++j) {
      std::printf("  aside %.160s\n", mined->passages[group.avoid[j]].c_str());
    }
  }
  return 0;
}

}  // namespace
}  // namespace attune::train

int main(int argc, char** argv) {
  const attune::train::Maker* const maker = argc < 3 ? nullptr : attune::train::find_maker(argv[1]);
  if (maker == nullptr) {
    std::fprintf(stderr, "usage: mining_bench <maker> <file> [groups [threads [groups to show [folder]]]]\nmakers:\n");
    for (const attune::train::Maker& known : attune::train::makers()) {
      std::fprintf(stderr, "  %s: %s\n", known.name.data(), known.summary.data());
    }
    return 2;
  }
  const auto number = [&](int at, std::size_t otherwise) {
    return argc > at ? static_cast<std::size_t>(std::strtoull(argv[at], nullptr, 10)) : otherwise;
  };
  return attune::train::bench(*maker, argv[2], number(3, 1000), static_cast<int>(number(4, 0)), number(5, 0),
                              argc > 6 ? argv[6] : "");
}
