#include <utility>

#include "attune/core/dot_product.hpp"
#include "attune/pipeline.hpp"

namespace attune {
namespace {

// The text of a stand-in hit, so that a cross-encoder can score loose texts; ids are the texts' places.
Result<PairScores> cross_encoder_scores(const Reranker& reranker, std::string_view query,
                                        std::span<const std::string_view> texts) {
  std::vector<Hit> hits(texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    hits[i].chunk_id = static_cast<std::int64_t>(i);
    hits[i].text = texts[i];
  }
  const auto ordered = reranker.rerank(query, hits, {.keep = hits.size(), .depth = hits.size(), .first_stage = 0});
  if (!ordered) return ordered.error();
  PairScores scores{.scores = std::vector<float>(texts.size()),
                    .relevance = {},
                    .scorer = reranker.identity(),
                    .cross_encoder = true};
  if (reranker.calibrated()) scores.relevance.resize(texts.size());
  for (const Hit& hit : ordered->hits) {
    const auto place = static_cast<std::size_t>(hit.chunk_id);
    scores.scores[place] = hit.score;
    if (hit.relevance) scores.relevance[place] = *hit.relevance;
  }
  return scores;
}

}  // namespace

Result<PairScores> score_pairs(const Embedder* embedder, const Reranker* reranker, std::string_view query,
                               std::span<const std::string_view> texts, std::stop_token stop) {
  if (reranker != nullptr) return cross_encoder_scores(*reranker, query, texts);
  if (embedder == nullptr) return Error{ErrorKind::unavailable, "no model is loaded that could score texts"};
  const auto query_vector = embedder->embed(std::span(&query, 1), EmbedRole::query, stop);
  if (!query_vector) return query_vector.error().while_doing("reading the query");
  const auto vectors = embedder->embed(texts, EmbedRole::passage, std::move(stop));
  if (!vectors) return vectors.error().while_doing("reading the texts");
  PairScores scores{.scores = {}, .relevance = {}, .scorer = embedder->identity(), .cross_encoder = false};
  for (std::size_t i = 0; i < texts.size(); ++i) {
    scores.scores.push_back(dot_product(query_vector->row(0), vectors->row(i)));
  }
  return scores;
}

Result<PairScores> score_pairs(const Workspace& workspace, std::string_view query,
                               std::span<const std::string_view> texts, std::stop_token stop) {
  return score_pairs(workspace.embedder(), workspace.reranker(), query, texts, std::move(stop));
}

}  // namespace attune
