// The rules: rewrites that need no model. Each gives nothing where it has nothing to say.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "attune/rewrite.hpp"

#include "rewrite/vocabulary.hpp"

namespace attune {

using VocabularySource = std::function<Result<std::shared_ptr<const Vocabulary>>()>;

// Words that no chunk holds, as the collection writes them. Common words and what no word of the collection is like are
// left alone. `vocabulary` is asked only where there is such a word.
Result<std::optional<Rewrite>> correct_spelling(const std::string& question, const Store& store,
                                                const VocabularySource& vocabulary, const Tokenizer* tokenizer);

// The question with the words that its conversation is about, and with the beginning of the last turn. `chunks`: of the
// collection; `leaning`: how surely the question leans on its conversation, 0 … 1.
Result<std::vector<Rewrite>> expand_by_history(const Conversation& conversation, const Store& store,
                                               std::int64_t chunks, double leaning);

// What the gate looks at (attune/rewrite/gate.hpp); `rule`: how much the conversation would count without it.
Result<GateFeatures> gate_features(const Conversation& conversation, const NeuralRewrite& rewritten, double rule,
                                   const Store& store);

// The question with what its abbreviations stand for, where passages say so: "body mass index (BMI)".
Result<std::optional<Rewrite>> expand_abbreviations(const std::string& question, const Store& store);

// The question with words of the passages that it finds first.
Result<std::optional<Rewrite>> expand_by_feedback(const std::string& question, const Store& store);

// Both sides of a comparison: "the difference between A and B", "A vs B", "A 和 B 的区别".
std::vector<Rewrite> split_comparison(const std::string& question);

}  // namespace attune
