// Historical query expansion: a question that leans on its conversation is also asked with what the conversation says.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <utility>

#include "attune/text.hpp"

#include "rewrite/rules.hpp"

namespace attune {
namespace {

constexpr std::size_t kTopics = 10;        // words that are added
constexpr std::size_t kTurns = 12;         // that are looked at, the latest
constexpr std::size_t kTurnBytes = 4096;   // of each of them
constexpr std::size_t kAnswerBytes = 240;  // of the last turn
constexpr double kOwnFading = 0.8;         // of a word's weight with each turn of the same speaker
constexpr double kOthersFading = 0.7;      // of the other one
constexpr double kOthersWeight = 0.5;      // what the other says beside what the speaker says
constexpr float kTopicsWords = 0.5F;       // legs of a question that surely leans on its conversation
constexpr float kTopicsDense = 1;
constexpr float kAnswerWords = 0.5;
constexpr float kAnswerDense = 1;

std::string_view beginning(std::string_view text, std::size_t most) {
  return text.substr(0, text::grapheme_boundary_at_or_before(text, std::min(most, text.size())));
}

// The same, ended between words where they are written with spaces.
std::string_view first_words(std::string_view text, std::size_t most) {
  const std::string_view cut = beginning(text, most);
  if (cut.size() == text.size()) return cut;
  const std::size_t space = cut.find_last_of(" \n\t");
  return space == std::string_view::npos || space < most / 2 ? cut : cut.substr(0, space);
}

// What people say to whom they talk with, in lower case: rare in documents, and yet about nothing.
constexpr std::array<std::string_view, 44> kTalk = {
    "also", "choose", "could",       "find",   "get",   "give", "good", "great",   "hear",      "heard",   "hello",
    "help", "hey",    "interesting", "know",   "let",   "like", "mean", "mention", "mentioned", "need",    "nice",
    "ok",   "okay",   "please",      "really", "said",  "say",  "see",  "show",    "sorry",     "suggest", "sure",
    "talk", "tell",   "thank",       "thanks", "think", "want", "请问", "谢谢",    "知道",      "告诉",    "好的"};

bool is_talk(std::string_view written) {
  return std::ranges::find(kTalk, text::lower_case(written)) != kTalk.end();
}

struct Topic {
  double weight = 0;
  std::string written;
  std::size_t turn = 0;
  ByteSpan span;
};

struct Mention {
  std::size_t count = 0;
  ByteSpan span;
};

bool is_topic(const text::Term& term, std::string_view turn) {
  return term.kind == text::TermKind::word && term.span.size() > 2 && term.span.end <= turn.size();
}

// Terms of the latest turns with the weight of their place, to be multiplied by how rare they are.
std::map<std::string, Topic> mentions(const std::vector<std::string>& history,
                                      const std::vector<std::string>& languages) {
  std::map<std::string, Topic> topics;
  const std::size_t first = history.size() > kTurns ? history.size() - kTurns : 0;
  for (std::size_t turn = history.size(); turn-- > first;) {
    const std::size_t back = history.size() - 1 - turn;  // 0: the last one, which another speaker said
    const bool own = back % 2 == 1;
    const double place = std::pow(own ? kOwnFading : kOthersFading, static_cast<double>(back / 2));
    const std::string_view said = beginning(history[turn], kTurnBytes);
    std::map<std::string, Mention> in_turn;
    for (const text::Term& term : text::query_terms(said, languages)) {
      if (!is_topic(term, said) || is_talk(term.span.of(said))) continue;
      Mention& mention = in_turn[term.text];
      if (mention.count++ == 0) mention.span = term.span;
    }
    for (const auto& [term, mention] : in_turn) {
      Topic& topic = topics[term];
      if (topic.written.empty()) topic = {0, std::string(mention.span.of(said)), turn, mention.span};
      topic.weight += place * (own ? 1 : kOthersWeight * std::log1p(static_cast<double>(mention.count)));
    }
  }
  return topics;
}

}  // namespace

Result<std::vector<Rewrite>> expand_by_history(const Conversation& conversation, const Store& store,
                                               std::int64_t chunks, double leaning) {
  std::vector<Rewrite> rewrites;
  if (conversation.history.empty() || !(leaning > 0)) return rewrites;
  const auto share = static_cast<float>(leaning);
  const auto languages = store.languages();
  if (!languages) return languages.error();
  auto topics = mentions(conversation.history, *languages);
  for (const text::Term& term : text::query_terms(conversation.question, *languages)) topics.erase(term.text);
  std::vector<std::string> terms;
  std::vector<Topic> ranked;
  for (auto& [term, topic] : topics) {
    terms.push_back(term);
    ranked.push_back(std::move(topic));
  }
  const auto counts = store.chunks_with_terms(terms);
  if (!counts) return counts.error();
  for (std::size_t i = 0; i < ranked.size(); ++i) {
    const auto holding = static_cast<double>((*counts)[i]);
    ranked[i].weight *= holding > 0 ? std::log((static_cast<double>(chunks) + 1) / (holding + 0.5)) : 0;
  }
  std::erase_if(ranked, [](const Topic& topic) { return topic.weight <= 0; });
  std::ranges::stable_sort(ranked, std::greater<>(), &Topic::weight);
  if (ranked.size() > kTopics) ranked.resize(kTopics);
  if (!ranked.empty()) {
    Rewrite rewrite{.kind = RewriteKind::topics,
                    .text = conversation.question,
                    .confidence = leaning,
                    .words = kTopicsWords * share,
                    .dense = kTopicsDense * share};
    for (const Topic& topic : ranked) {
      rewrite.text += ' ';
      const std::size_t start = rewrite.text.size();
      rewrite.text += topic.written;
      rewrite.origins.push_back({{start, rewrite.text.size()}, RewriteOrigin::From::history, topic.turn, topic.span});
    }
    rewrite.why = "words that the conversation is about";
    rewrites.push_back(std::move(rewrite));
  }
  const std::string_view answer = first_words(conversation.history.back(), kAnswerBytes);
  if (!answer.empty()) {
    Rewrite rewrite{.kind = RewriteKind::answer,
                    .text = std::string(answer) + " " + conversation.question,
                    .confidence = leaning,
                    .words = kAnswerWords * share,
                    .dense = kAnswerDense * share};
    rewrite.origins.push_back(
        {{0, answer.size()}, RewriteOrigin::From::history, conversation.history.size() - 1, {0, answer.size()}});
    rewrite.why = "after what was said last";
    rewrites.push_back(std::move(rewrite));
  }
  return rewrites;
}

}  // namespace attune
