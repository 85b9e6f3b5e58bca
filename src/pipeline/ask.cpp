// Answers a question: rewrite, retrieve, rerank, and say what was skipped or is not there yet.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <string>
#include <utility>

#include "attune/pipeline.hpp"
#include "attune/text.hpp"

namespace attune {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Reads the best hits again next to the query. Without a cross-encoder the order of retrieval stays, with a note.
Status rerank_hits(const Workspace& workspace, const AskRequest& request, Clock::time_point asked, Answer& answer) {
  const Reranker* reranker = workspace.reranker();
  if (reranker == nullptr) {
    if (request.min_relevance > 0) {
      return Error{ErrorKind::unavailable, "no cross-encoder is loaded that could tell how relevant a passage is"};
    }
    answer.notes.emplace_back("no cross-encoder is loaded: hits stand in the order of retrieval");
    return {};
  }
  const auto start = Clock::now();
  RerankOptions options{.keep = request.query.top_k,
                        .depth = request.rerank_depth,
                        .first_stage = request.first_stage,
                        .min_relevance = request.min_relevance};
  if (request.budget.count() > 0) options.deadline = asked + request.budget;
  const auto readings =
      readings_of(workspace, std::span(answer.hits).first(std::min(request.rerank_depth, answer.hits.size())));
  if (!readings) return readings.error();
  options.readings = &*readings;
  auto reranked = reranker->rerank(answer.question, answer.hits, options);
  if (!reranked) return reranked.error().while_doing("reranking");
  answer.hits = std::move(reranked->hits);
  answer.timings_ms["rerank"] = milliseconds_since(start);
  if (reranked->beyond > 0) {
    answer.notes.push_back(std::to_string(reranked->read) + " of " + std::to_string(reranked->read + reranked->beyond) +
                           " passages were reranked; there was no time for the others");
  }
  if (reranked->below > 0) {
    answer.notes.push_back(std::to_string(reranked->below) + " passages were left out: less relevant than asked for");
  }
  if (reranked->unread > 0) {
    answer.notes.push_back(std::to_string(reranked->unread) +
                           " passages were left out: they were not read, so their relevance is not known");
  }
  return {};
}

// How far the vectors are, in the answer's numbers and, while some are missing, in a note.
Status add_coverage(const Workspace& workspace, Answer& answer) {
  const Embedder* embedder = workspace.embedder();
  const auto counts = workspace.store().counts(embedder == nullptr ? "" : embedder->identity());
  if (!counts) return counts.error();
  answer.chunks = counts->chunks;
  answer.pending = counts->pending;
  if (embedder != nullptr && counts->pending > 0) {
    answer.notes.push_back(std::to_string(counts->vectors) + " of " + std::to_string(counts->chunks) +
                           " passages can be found by meaning so far; all can be found by their words");
  }
  if (counts->chunks == 0) answer.notes.emplace_back("nothing is indexed yet");
  return {};
}

// Which legs found a hit: the question's own, or those of the rewrites of `kind`.
bool found_by(const Hit& hit, std::string_view kind) {
  return std::ranges::any_of(hit.parts, [&](const ScorePart& part) {
    const std::size_t colon = part.leg.find(':');
    return colon == std::string::npos ? kind.empty() : std::string_view(part.leg).substr(colon + 1) == kind;
  });
}

void add_rewrites(Rewriting rewriting, Answer& answer) {
  for (Rewrite& rewrite : rewriting.rewrites) {
    AnsweredRewrite answered{std::move(rewrite)};
    for (const Hit& hit : answer.hits) {
      if (!found_by(hit, name_of(answered.rewrite.kind))) continue;
      ++answered.found;
      if (!found_by(hit, "")) ++answered.alone;
    }
    answer.rewrites.push_back(std::move(answered));
  }
}

TurnKeeping keeping_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return {.now = std::chrono::duration_cast<std::chrono::seconds>(now).count()};
}

// Bytes of the best passage that stand for an answer in a conversation that is kept.
constexpr std::size_t kKeptAnswerBytes = 2000;

// What the question and its answer add to its conversation. An answer that could not be kept is still one, with a note.
void keep_conversation(const Workspace& workspace, const AskRequest& request, Answer& answer) {
  if (request.conversation.empty()) return;
  std::vector<std::string> turns = {request.query.text};
  if (!answer.hits.empty()) {
    const std::string& text = answer.hits.front().text;
    const std::size_t most = std::min(text.size(), kKeptAnswerBytes);
    turns.push_back(text.substr(0, text::grapheme_boundary_at_or_before(text, most)));
  }
  const Status kept = workspace.store().add_turns(request.conversation, turns, keeping_now());
  if (!kept) answer.notes.push_back("the conversation was not kept: " + kept.error().text);
}

}  // namespace

std::vector<QueryVariant> variants_of(const Rewriting& rewriting) {
  std::vector<QueryVariant> variants;
  for (const Rewrite& rewrite : rewriting.rewrites) {
    variants.push_back({rewrite.text, std::string(name_of(rewrite.kind)), rewrite.words, rewrite.dense});
  }
  return variants;
}

Result<std::vector<std::string>> conversation_turns(const Workspace& workspace, std::string_view conversation) {
  return workspace.store().turns_of(conversation, keeping_now());
}

Result<Rewriting> rewrite_question(const Workspace& workspace, const AskRequest& request) {
  if (request.rewrite == RewriteMode::off) return Rewriting{.rewrites = {}, .question = request.query.text};
  std::vector<std::string> history = request.history;
  if (history.empty() && !request.conversation.empty()) {
    auto kept = conversation_turns(workspace, request.conversation);
    if (!kept) return kept.error();
    history = *std::move(kept);
  }
  return workspace.rewriter().rewrite({std::move(history), request.query.text},
                                      {.force = request.rewrite == RewriteMode::force, .feedback = request.feedback});
}

Result<Answer> ask(const Workspace& workspace, const AskRequest& request, std::stop_token stop) {
  if (request.min_relevance > 0 && !request.rerank) {
    return Error{ErrorKind::bad_input, "a lowest relevance needs reranking, which was turned off"};
  }
  const auto start = Clock::now();
  Answer answer;
  answer.notes = workspace.notes();
  if (workspace.vectors() != nullptr) {
    if (const Status seen = workspace.vectors()->refresh(); !seen) answer.notes.push_back(seen.error().text);
  }
  auto rewriting = rewrite_question(workspace, request);
  if (!rewriting) return rewriting.error().while_doing("rewriting the question");
  if (!rewriting->rewrites.empty()) answer.timings_ms["rewrite"] = milliseconds_since(start);
  answer.question = rewriting->question;
  Query query = request.query;
  std::ranges::move(variants_of(*rewriting), std::back_inserter(query.variants));
  const bool reranks = request.rerank && workspace.reranker() != nullptr;
  if (reranks) query.top_k = std::max(query.top_k, request.rerank_depth);
  RetrieveOptions legs = request.retrieve;
  if (workspace.embedder() == nullptr && legs.words) legs.dense = false;  // the workspace's notes say why
  auto retrieved =
      retrieve({&workspace.store(), workspace.vectors(), workspace.embedder()}, query, legs, std::move(stop));
  if (!retrieved) return retrieved.error();
  answer.hits = std::move(retrieved->hits);
  answer.timings_ms.merge(retrieved->timings_ms);
  std::ranges::move(retrieved->notes, std::back_inserter(answer.notes));
  if (request.rerank) {
    if (const Status reranked = rerank_hits(workspace, request, start, answer); !reranked) return reranked.error();
  }
  add_rewrites(*std::move(rewriting), answer);
  keep_conversation(workspace, request, answer);
  if (const Status covered = add_coverage(workspace, answer); !covered) return covered.error();
  answer.timings_ms["total"] = milliseconds_since(start);
  return answer;
}

}  // namespace attune
