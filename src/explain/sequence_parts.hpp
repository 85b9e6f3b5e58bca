// What text, JSON and picture of a sequence model's words have in common.
#pragma once

#include <string>
#include <vector>

#include "attune/explain/sequence.hpp"

namespace attune::explain {

// a_ij [M, N]; empty for an rnn.
std::vector<float> alignment_of(const WrittenText& written);

// One head of a transformer's attention to the source: [M, N].
std::span<const float> head_of(const SequenceExplanation& explanation, const WrittenText& written, std::size_t layer,
                               std::size_t head);
// How sharply each row of weights [M, N] looks: the mean of 1 - entropy / log N; 0 looks at all alike, 1 at one word.
float sharpness(std::span<const float> weights_mn, std::size_t columns);

// Row t of ‖∂h_t / ∂x_j‖ divided by its largest: what the state behind word t hangs on most is 1. [N, N]
std::vector<float> remembered(const SequenceTrace& trace);
// ‖∂h_t / ∂x_1‖ / ‖∂h_1 / ∂x_1‖ for each t: what is left of the first word. [N]
std::vector<float> first_word_left(const SequenceTrace& trace);

Status check_recurrent(const SequenceExplanation& explanation);

}  // namespace attune::explain
