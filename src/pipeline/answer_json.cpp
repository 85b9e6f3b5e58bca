#include <nlohmann/json.hpp>

#include "attune/pipeline.hpp"

namespace attune {
namespace {

using Json = nlohmann::ordered_json;

std::string dumped(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

Json citation_json(const Citation& citation) {
  Json json{{"start", citation.span.start}, {"end", citation.span.end}};
  if (citation.page > 0) json["page"] = citation.page;
  if (citation.line > 0) json["line"] = citation.line;
  if (!citation.heading.empty()) json["heading"] = citation.heading;
  return json;
}

// The stretch to show, as pieces that are matched words or lie between them: no client has to count bytes.
Json snippet_json(const Hit& hit) {
  Json pieces = Json::array();
  const auto add = [&](std::size_t start, std::size_t end, bool match) {
    if (end > start) pieces.push_back({{"text", hit.text.substr(start, end - start)}, {"match", match}});
  };
  std::size_t at = hit.snippet.start;
  for (const ByteSpan& highlight : hit.highlights) {
    if (highlight.start < at || highlight.end > hit.snippet.end) continue;
    add(at, highlight.start, false);
    add(highlight.start, highlight.end, true);
    at = highlight.end;
  }
  add(at, hit.snippet.end, false);
  return {{"start", hit.snippet.start}, {"end", hit.snippet.end}, {"pieces", std::move(pieces)}};
}

Json explain_json(const Hit& hit) {
  Json parts = Json::array();
  for (const ScorePart& part : hit.parts) {
    parts.push_back(
        {{"leg", part.leg}, {"rank", part.rank}, {"score", part.score}, {"contribution", part.contribution}});
  }
  return {{"parts", std::move(parts)}};
}

Json span_json(const ByteSpan& span) {
  return {{"start", span.start}, {"end", span.end}};
}

Json hit_json(const Hit& hit, bool explain) {
  Json json{{"id", hit.chunk_id},
            {"document",
             {{"id", hit.document_id},
              {"path", hit.path},
              {"title", hit.title},
              {"sha256", hit.sha256},
              {"collection", hit.collection},
              {"format", hit.format},
              {"language", hit.language}}},
            {"text", hit.text},
            {"score", hit.score},
            {"citation", citation_json(hit.citation)},
            {"snippet", snippet_json(hit)}};
  if (hit.relevance) json["relevance"] = *hit.relevance;
  if (!hit.best_window.empty()) json["best_window"] = span_json(hit.best_window);
  if (explain) json["explain"] = explain_json(hit);
  return json;
}

// What is not the question's own, and where it was said.
Json origins_json(const Rewrite& rewrite) {
  constexpr const char* kFrom[] = {"question", "history", "collection"};
  Json origins = Json::array();
  for (const RewriteOrigin& origin : rewrite.origins) {
    Json json{{"text", origin.output.of(rewrite.text)},
              {"output", span_json(origin.output)},
              {"from", kFrom[static_cast<std::size_t>(origin.from)]},
              {"source", span_json(origin.source)}};
    if (origin.from == RewriteOrigin::From::history) json["turn"] = origin.turn;
    origins.push_back(std::move(json));
  }
  return origins;
}

Json rewrite_json(const Rewrite& rewrite) {
  return {{"kind", name_of(rewrite.kind)},
          {"text", rewrite.text},
          {"confidence", rewrite.confidence},
          {"weights", {{"words", rewrite.words}, {"dense", rewrite.dense}}},
          {"why", rewrite.why},
          {"origins", origins_json(rewrite)},
          {"ms", rewrite.milliseconds}};
}

Json skipped_json(const std::vector<SkippedFile>& skipped) {
  Json json = Json::array();
  for (const SkippedFile& file : skipped) json.push_back({{"path", file.path}, {"reason", file.reason}});
  return json;
}

}  // namespace

std::string answer_to_json(const Answer& answer, bool explain, int indent) {
  Json hits = Json::array();
  for (const Hit& hit : answer.hits) hits.push_back(hit_json(hit, explain));
  Json rewrites = Json::array();
  for (const AnsweredRewrite& answered : answer.rewrites) {
    rewrites.push_back(rewrite_json(answered.rewrite));
    rewrites.back()["found"] = answered.found;
    rewrites.back()["alone"] = answered.alone;
  }
  const Json json{
      {"hits", std::move(hits)},         {"question", answer.question},
      {"rewrites", std::move(rewrites)}, {"timings_ms", answer.timings_ms},
      {"notes", answer.notes},           {"index", {{"chunks", answer.chunks}, {"pending", answer.pending}}}};
  return dumped(json, indent);
}

std::string rewriting_to_json(const Rewriting& rewriting, int indent) {
  Json rewrites = Json::array();
  for (const Rewrite& rewrite : rewriting.rewrites) rewrites.push_back(rewrite_json(rewrite));
  return dumped(Json{{"question", rewriting.question},
                     {"gate", {{"neural", rewriting.share.neural}, {"conversation", rewriting.share.conversation}}},
                     {"rewrites", std::move(rewrites)}},
                indent);
}

std::string report_to_json(const IngestReport& report, int indent) {
  const Json json{{"collection", report.collection},
                  {"added", report.added},
                  {"changed", report.changed},
                  {"renamed", report.renamed},
                  {"unchanged", report.unchanged},
                  {"removed", report.removed},
                  {"chunks", report.chunks},
                  {"embedded", report.embedded},
                  {"skipped", skipped_json(report.skipped)},
                  {"notes", report.notes},
                  {"interrupted", report.interrupted},
                  {"seconds_to_words", report.seconds_to_words},
                  {"seconds", report.seconds}};
  return dumped(json, indent);
}

}  // namespace attune
