// Any bytes as an ONNX export without a config beside it.
#include <cstdint>
#include <string_view>

#include "model/onnx_encoder.hpp"

namespace attune {
namespace {

void read(std::string_view bytes) {
  const auto graph = parse_onnx(bytes);
  if (!graph) return;
  static_cast<void>(check_operations(*graph));  // a refusal here would hide everything behind it
  const auto tensors = name_tensors(*graph);
  if (!tensors) return;
  const auto config = infer_config(*graph, *tensors);
  if (!config) return;
  const auto weights = collect_weights(*tensors, *config);
  if (!weights) return;
  std::vector<float> row(weights->words.columns);
  for (std::size_t index = 0; index < weights->words.rows; ++index) read_rows(weights->words, index, 1, row);
  for (const LayerParameters& layer : weights->layers) {
    row.resize(layer.feed_forward_out.weight.columns);
    read_rows(layer.feed_forward_out.weight, layer.feed_forward_out.weight.rows - 1, 1, row);
  }
}

}  // namespace
}  // namespace attune

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  attune::read(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
