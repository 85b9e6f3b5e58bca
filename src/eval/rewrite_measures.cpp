#include "eval/rewrite_measures.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "eval/rewrite_tokens.hpp"

namespace attune {
namespace {

using Words = std::vector<std::string>;

// An n-gram's tokens with a byte between them that no valid text holds.
std::map<std::string, std::size_t> count_ngrams(const Words& tokens, std::size_t order) {
  std::map<std::string, std::size_t> counts;
  for (std::size_t begin = 0; begin + order <= tokens.size(); ++begin) {
    std::string ngram;
    for (std::size_t i = begin; i < begin + order; ++i) ngram.append(tokens[i]).append(1, '\xFF');
    ++counts[ngram];
  }
  return counts;
}

std::size_t in_common(const std::map<std::string, std::size_t>& left, const std::map<std::string, std::size_t>& right) {
  std::size_t common = 0;
  for (const auto& [ngram, count] : left) {
    const auto other = right.find(ngram);
    if (other != right.end()) common += std::min(count, other->second);
  }
  return common;
}

std::size_t longest_common_subsequence(const Words& left, const Words& right) {
  std::vector<std::size_t> lengths(right.size() + 1, 0);
  for (const std::string& word : left) {
    std::size_t diagonal = 0;
    for (std::size_t i = 0; i < right.size(); ++i) {
      const std::size_t above = lengths[i + 1];
      lengths[i + 1] = word == right[i] ? diagonal + 1 : std::max(above, lengths[i]);
      diagonal = above;
    }
  }
  return lengths.back();
}

double rouge_l(const Words& written, const Words& reference) {
  if (written.empty() || reference.empty()) return 0;
  const auto common = static_cast<double>(longest_common_subsequence(written, reference));
  return 2 * common / static_cast<double>(written.size() + reference.size());
}

// How often each word stands in `words`, those of `known` left out.
std::map<std::string, std::size_t> new_words(const Words& words, const std::set<std::string>& known) {
  std::map<std::string, std::size_t> counts;
  for (const std::string& word : words) {
    if (!known.contains(word)) ++counts[word];
  }
  return counts;
}

void count_restored(RewriteCounts& counts, const RewriteRow& row, const Words& written, const Words& reference,
                    bool without_spaces) {
  const Words query = plain_words(row.query, without_spaces);
  const std::set<std::string> known(query.begin(), query.end());
  std::set<std::string> said;
  for (const std::string& turn : row.history) {
    for (std::string& word : plain_words(turn, without_spaces)) said.insert(std::move(word));
  }
  const auto introduced = new_words(written, known);
  for (const auto& [word, count] : introduced) counts.introduced += static_cast<double>(count);
  for (const auto& [word, count] : new_words(reference, known)) {
    const auto found = introduced.find(word);
    const Share share = {static_cast<double>(found == introduced.end() ? 0 : std::min(count, found->second)),
                         static_cast<double>(count)};
    counts.restored += share;
    if (said.contains(word)) counts.copied += share;
  }
}

std::optional<double> share(const Share& counted) {
  if (counted.whole == 0) return std::nullopt;
  return counted.part / counted.whole;
}

// As sacrebleu smooths ("exp"): the first order without a match counts half a match, the next a quarter, and so on;
// none of an order at all makes 0.
std::optional<double> bleu4(const RewriteCounts& counts) {
  if (counts.exact.whole == 0) return std::nullopt;
  double logarithms = 0;
  double smoothing = 1;
  if (counts.ngrams[0].part == 0) return 0;
  for (const Share& matches : counts.ngrams) {
    if (matches.whole == 0) return 0;
    if (matches.part == 0) smoothing *= 2;
    logarithms += std::log((matches.part == 0 ? 1 / smoothing : matches.part) / matches.whole);
  }
  const double brevity = std::min(0.0, 1 - counts.reference_tokens / counts.tokens);
  return std::exp(brevity + logarithms / static_cast<double>(counts.ngrams.size()));
}

std::optional<double> rewriting_f1(const RewriteCounts& counts) {
  return share({2 * counts.restored.part, counts.restored.whole + counts.introduced});
}

constexpr NamedRewriteMeasure kMeasures[] = {
    {"exact_match", [](const RewriteCounts& counts) { return share(counts.exact); }},
    {"bleu4", bleu4},
    {"rouge_l", [](const RewriteCounts& counts) { return share(counts.rouge_l); }},
    {"rewriting_f1", rewriting_f1},
    {"rewriting_precision",
     [](const RewriteCounts& counts) {
       return share({counts.restored.part, counts.introduced});
     }},
    {"rewriting_recall", [](const RewriteCounts& counts) { return share(counts.restored); }},
    {"copy_accuracy", [](const RewriteCounts& counts) { return share(counts.copied); }},
    {"unchanged_accuracy", [](const RewriteCounts& counts) { return share(counts.unchanged); }},
    {"fed_back_unchanged", [](const RewriteCounts& counts) { return share(counts.fed_back); }},
    {"stranger_unchanged", [](const RewriteCounts& counts) { return share(counts.stranger); }},
};

}  // namespace

RewriteCounts& RewriteCounts::operator+=(const RewriteCounts& other) {
  exact += other.exact;
  rouge_l += other.rouge_l;
  for (std::size_t i = 0; i < ngrams.size(); ++i) ngrams[i] += other.ngrams[i];
  tokens += other.tokens;
  reference_tokens += other.reference_tokens;
  restored += other.restored;
  introduced += other.introduced;
  copied += other.copied;
  unchanged += other.unchanged;
  fed_back += other.fed_back;
  stranger += other.stranger;
  return *this;
}

RewriteCounts count_rewrite(const RewriteRow& row, std::string_view written) {
  const bool without_spaces = written_without_spaces(row.language);
  const Words tokens = bleu_tokens(written, without_spaces);
  const Words reference = bleu_tokens(row.rewrite, without_spaces);
  RewriteCounts counts;
  counts.exact.count(tokens == reference);
  if (bleu_tokens(row.query, without_spaces) == reference) counts.unchanged.count(tokens == reference);
  counts.tokens = static_cast<double>(tokens.size());
  counts.reference_tokens = static_cast<double>(reference.size());
  for (std::size_t order = 1; order <= counts.ngrams.size() && order <= tokens.size(); ++order) {
    const std::size_t common = in_common(count_ngrams(tokens, order), count_ngrams(reference, order));
    counts.ngrams[order - 1] = {static_cast<double>(common), static_cast<double>(tokens.size() - order + 1)};
  }
  const Words words = plain_words(written, without_spaces);
  const Words reference_words = plain_words(row.rewrite, without_spaces);
  counts.rouge_l = {rouge_l(words, reference_words), 1};
  count_restored(counts, row, words, reference_words, without_spaces);
  return counts;
}

bool same_tokens(std::string_view left, std::string_view right, std::string_view language) {
  const bool without_spaces = written_without_spaces(language);
  return bleu_tokens(left, without_spaces) == bleu_tokens(right, without_spaces);
}

std::span<const NamedRewriteMeasure> rewrite_measures() {
  return kMeasures;
}

}  // namespace attune
