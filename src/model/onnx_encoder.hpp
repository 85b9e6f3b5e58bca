// What an exported graph says of the encoder that it came from.
#pragma once

#include <optional>

#include "attune/core/result.hpp"

#include "model/encoder_config.hpp"
#include "model/onnx_graph.hpp"
#include "model/tensor_table.hpp"

namespace attune {

// Fails with unsupported, naming node and operation, if the graph holds what no export of a plain encoder holds: fused
// or quantised operations, rotary positions, control flow.
Status check_operations(const OnnxGraph& graph);

// The constants under the names that the parameters had before the export. Exporters keep the names of biases, norms
// and embeddings, but transpose the matrices and call them "onnx::MatMul_1234": such a matrix is named after the bias
// that is added to its product, or after its node's path ("/encoder/layer.0/output/dense/MatMul"). Fails with
// unsupported for a tensor whose values are in another file or in a form that is not read, naming it.
Result<TensorTable> name_tensors(const OnnxGraph& graph);

// The shape as the graph and its tensors show it. Fails with corrupt or unsupported, saying what was not found.
Result<EncoderConfig> infer_config(const OnnxGraph& graph, const TensorTable& tensors);

// The number of heads that the graph cuts rows of `width` into; nothing if it does not show.
std::optional<std::size_t> heads_of(const OnnxGraph& graph, std::size_t width);

}  // namespace attune
