// Which heads link two words: collected layer by layer while a model runs.
#pragma once

#include <string_view>
#include <vector>

#include "attune/explain.hpp"

namespace attune::explain {

// Adds this layer's heads to `link`.
void add_layer(const LayerTrace& trace, std::size_t layer_index, const std::vector<ExplainedToken>& tokens,
               AttentionLink& link);

// Orders the heads and fills what is known only at the end.
void finish_link(std::size_t tokens, AttentionLink& link);

// The token that `token_index` takes most from in a head, its own word and special tokens left out; `token_index`
// itself if there is no other.
std::size_t strongest_other(const LayerTrace& trace, std::size_t head_index, std::size_t token_index,
                            const std::vector<ExplainedToken>& tokens);

// What a head's weight amounts to: "common" if the text's other tokens give at least two thirds of it as well, so that
// it says nothing about `from`; else "strong" (half or more), "clear" (a fifth or more, and twice what an even spread
// gives), "weak".
std::string_view verdict(const AttentionLink& link, const AttentionLink::Head& head);

}  // namespace attune::explain
