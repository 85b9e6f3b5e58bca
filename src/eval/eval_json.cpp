#include <nlohmann/json.hpp>

#include "attune/eval.hpp"

namespace attune {

std::string eval_to_json(std::span<const EvalResult> results, int indent) {
  using Json = nlohmann::ordered_json;
  Json runs = Json::array();
  for (const EvalResult& result : results) {
    const Latency& latency = result.latency_ms;
    runs.push_back({{"config", result.config},
                    {"metrics", result.metrics},
                    {"latency_ms", {{"p50", latency.p50}, {"p95", latency.p95}, {"p99", latency.p99}}},
                    {"notes", result.notes}});
  }
  return Json{{"runs", std::move(runs)}}.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace attune
