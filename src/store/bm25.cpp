#include "store/bm25.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <sqlite3.h>

namespace attune::store {

namespace {

// What stays the same for all rows of one query.
struct QueryStatistics {
  double average_length = 1;
  std::vector<double> idf;       // times the word's weight, one for each word
  std::vector<int> frequencies;  // of each phrase in the row at hand; here to save its allocation
};

int count_row(const Fts5ExtensionApi*, Fts5Context*, void* count) {
  ++*static_cast<sqlite3_int64*>(count);
  return SQLITE_OK;
}

int gather(const Fts5ExtensionApi* api, Fts5Context* context, const Bm25Request& request, QueryStatistics& statistics) {
  sqlite3_int64 rows = 0;
  sqlite3_int64 tokens = 0;
  int code = api->xRowCount(context, &rows);
  if (code == SQLITE_OK) code = api->xColumnTotalSize(context, -1, &tokens);
  if (rows > 0 && tokens > 0) statistics.average_length = static_cast<double>(tokens) / static_cast<double>(rows);
  std::vector<sqlite3_int64> chunks(static_cast<std::size_t>(api->xPhraseCount(context)));
  for (std::size_t phrase = 0; code == SQLITE_OK && phrase < chunks.size(); ++phrase) {
    code = api->xQueryPhrase(context, static_cast<int>(phrase), &chunks[phrase], count_row);
  }
  for (const WordQuery::Word& word : request.words) {
    sqlite3_int64 most = 0;
    for (const std::size_t term : word.terms) most = std::max(most, chunks[term]);
    const double present = static_cast<double>(most) + 0.5;
    const double absent = static_cast<double>(rows - most) + 0.5;
    statistics.idf.push_back(static_cast<double>(word.weight) * std::log(1.0 + absent / present));
  }
  statistics.frequencies.resize(chunks.size());
  return code;
}

void forget(void* statistics) {
  delete static_cast<QueryStatistics*>(statistics);
}

// Counting how many chunks hold a term reads its whole posting list, so it is done once for a query.
int statistics_of(const Fts5ExtensionApi* api, Fts5Context* context, const Bm25Request& request,
                  QueryStatistics** out) {
  if (void* known = api->xGetAuxdata(context, 0); known != nullptr) {
    *out = static_cast<QueryStatistics*>(known);
    return SQLITE_OK;
  }
  auto fresh = std::make_unique<QueryStatistics>();
  int code = gather(api, context, request, *fresh);
  if (code != SQLITE_OK) return code;
  *out = fresh.get();
  return api->xSetAuxdata(context, fresh.release(), forget);
}

int score_row(const Fts5ExtensionApi* api, Fts5Context* context, const Bm25Request& request,
              QueryStatistics& statistics, double* score) {
  int length = 0;
  if (const int code = api->xColumnSize(context, -1, &length); code != SQLITE_OK) return code;
  const double k1 = static_cast<double>(request.k1);
  const double b = static_cast<double>(request.b);
  const double held_back = k1 * (1.0 - b + b * static_cast<double>(length) / statistics.average_length);
  for (std::size_t phrase = 0; phrase < statistics.frequencies.size(); ++phrase) {
    Fts5PhraseIter place;
    int column = 0;
    int offset = 0;
    int& frequency = statistics.frequencies[phrase] = 0;
    const int code = api->xPhraseFirst(context, static_cast<int>(phrase), &place, &column, &offset);
    if (code != SQLITE_OK) return code;
    for (; column >= 0; api->xPhraseNext(context, &place, &column, &offset)) ++frequency;
  }
  *score = 0;
  for (std::size_t word = 0; word < request.words.size(); ++word) {
    int frequency = 0;
    for (const std::size_t term : request.words[word].terms) frequency += statistics.frequencies[term];
    if (frequency > 0) *score += statistics.idf[word] * frequency / (frequency + held_back);
  }
  return SQLITE_OK;
}

}  // namespace

void bm25_function(const Fts5ExtensionApi* api, Fts5Context* context, sqlite3_context* result, int value_count,
                   sqlite3_value** values) {
  const auto* request =
      value_count == 1 ? static_cast<const Bm25Request*>(sqlite3_value_pointer(values[0], kBm25RequestType)) : nullptr;
  if (request == nullptr) {
    sqlite3_result_error(result, "attune_bm25 is called by Attune alone", -1);
    return;
  }
  QueryStatistics* statistics = nullptr;
  double score = 0;
  if (static_cast<std::size_t>(api->xPhraseCount(context)) != request->terms) {
    sqlite3_result_error(result, "the query has another number of phrases than terms", -1);
    return;
  }
  int code = statistics_of(api, context, *request, &statistics);
  if (code == SQLITE_OK && request->allowed != nullptr &&
      !std::binary_search(request->allowed->begin(), request->allowed->end(), api->xRowid(context))) {
    sqlite3_result_null(result);
    return;
  }
  if (code == SQLITE_OK) code = score_row(api, context, *request, *statistics, &score);
  if (code == SQLITE_OK) {
    sqlite3_result_double(result, score);
  } else {
    sqlite3_result_error_code(result, code);
  }
}

}  // namespace attune::store
