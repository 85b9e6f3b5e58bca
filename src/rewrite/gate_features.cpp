// What the gate looks at.
#include <algorithm>
#include <cmath>
#include <set>

#include "attune/text.hpp"

#include "rewrite/rules.hpp"

namespace attune {
namespace {

double small(std::size_t count) {
  return std::log1p(static_cast<double>(count)) / 3;
}

}  // namespace

Result<GateFeatures> gate_features(const Conversation& conversation, const NeuralRewrite& rewritten, double rule,
                                   const Store& store) {
  const auto languages = store.languages();
  if (!languages) return languages.error();
  const auto all = store.counts("");
  if (!all) return all.error();
  std::vector<std::string> terms;
  for (const text::Term& term : text::query_terms(conversation.question, *languages)) {
    if (term.kind == text::TermKind::word) terms.push_back(term.text);
  }
  const auto counts = store.chunks_with_terms(terms);
  if (!counts) return counts.error();
  std::set<std::string> said;
  for (const std::string& turn : conversation.history) {
    for (text::Term& term : text::query_terms(turn, *languages)) said.insert(std::move(term.text));
  }
  const double most = std::log(static_cast<double>(all->chunks) + 2);
  double rarest = 0;
  double sum = 0;
  std::size_t repeated = 0;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const auto holding = static_cast<double>((*counts)[i]);
    const double rare = std::log((static_cast<double>(all->chunks) + 2) / (holding + 1)) / most;
    rarest = std::max(rarest, rare);
    sum += rare;
    repeated += said.contains(terms[i]) ? 1 : 0;
  }
  const auto count = static_cast<double>(std::max<std::size_t>(terms.size(), 1));
  return GateFeatures{1,
                      rewritten.unchanged,
                      rule,
                      rewritten.changed ? 1.0 : 0.0,
                      rewritten.changed ? rewritten.confidence : 0,
                      small(terms.size()),
                      rarest,
                      sum / count,
                      static_cast<double>(repeated) / count,
                      small(conversation.history.size())};
}

}  // namespace attune
