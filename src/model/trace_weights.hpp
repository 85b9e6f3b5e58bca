// Our own file's weights in the form that attention_trace.cpp reads.
#pragma once

#include <filesystem>

#include "attune/core/result.hpp"

#include "model/encoder_weights.hpp"

namespace attune {

// Fails like describe_model, and with corrupt (naming the tensor) for numbers that are not finite.
Result<EncoderWeights> read_trace_weights(const std::filesystem::path& directory);

}  // namespace attune
