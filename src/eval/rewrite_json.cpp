#include <nlohmann/json.hpp>

#include "attune/eval/rewriting.hpp"

#include "eval/rewrite_measures.hpp"

namespace attune {
namespace {

using Json = nlohmann::ordered_json;

Json interval_json(const RewriteMeasure& measure) {
  if (!measure.interval) return nullptr;
  return Json::array({measure.interval->low, measure.interval->high});
}

// Measures and their intervals, one null for each that there is none of.
Json measures_json(const RewriteEvalResult& result) {
  Json metrics = Json::object();
  Json intervals = Json::object();
  for (const NamedRewriteMeasure& measure : rewrite_measures()) {
    const std::string name(measure.name);
    const auto found = result.metrics.find(name);
    metrics[name] = found == result.metrics.end() ? Json(nullptr) : Json(found->second.value);
    intervals[name] = found == result.metrics.end() ? Json(nullptr) : interval_json(found->second);
  }
  return {{"system", result.system}, {"metrics", std::move(metrics)}, {"intervals", std::move(intervals)}};
}

Json differences_json(const RewriteEvalResult& result) {
  Json differences = Json::object();
  for (const auto& [name, measure] : result.differences) {
    differences[name] = {{"value", measure.value}, {"interval", interval_json(measure)}};
  }
  return differences;
}

Json result_json(const RewriteEvalResult& result) {
  Json json = measures_json(result);
  Json latency = nullptr;
  if (result.latency_ms) {
    latency = {{"p50", result.latency_ms->p50}, {"p95", result.latency_ms->p95}, {"p99", result.latency_ms->p99}};
  }
  json["latency_ms"] = latency;
  json["failed"] = result.failed;
  json["notes"] = result.notes;
  return json;
}

Json length_json(const RewriteLengthResult& length) {
  Json systems = Json::array();
  for (const RewriteEvalResult& result : length.systems) {
    systems.push_back(measures_json(result));
    systems.back()["differences"] = differences_json(result);
  }
  return {{"low", length.low}, {"high", length.high}, {"rows", length.rows}, {"systems", std::move(systems)}};
}

}  // namespace

std::string rewriting_to_json(const RewriteEvaluation& evaluation, int indent) {
  Json json = {{"rows", evaluation.rows}};
  Json compared = Json::array();
  for (std::size_t i = 0; i < evaluation.systems.size(); ++i) {
    Json system = result_json(evaluation.systems[i]);
    if (i == 0) {
      json.update(system);
      continue;
    }
    system["differences"] = differences_json(evaluation.systems[i]);
    compared.push_back(std::move(system));
  }
  json["compared"] = std::move(compared);
  json["lengths"] = Json::array();
  for (const RewriteLengthResult& length : evaluation.lengths) json["lengths"].push_back(length_json(length));
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace attune
