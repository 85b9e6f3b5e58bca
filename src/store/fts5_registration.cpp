// What FTS5 learns from us: a tokenizer that splits at U+0020 and nowhere else, and BM25.
#include "store/bm25.hpp"
#include "store/words.hpp"

namespace attune::store {

namespace {

// The tokenizer has no state; FTS5 wants an address all the same.
int create_tokenizer(void*, const char**, int, Fts5Tokenizer** out) {
  static char only_one = 0;
  *out = reinterpret_cast<Fts5Tokenizer*>(&only_one);
  return SQLITE_OK;
}

void delete_tokenizer(Fts5Tokenizer*) {}

int split_at_spaces(Fts5Tokenizer*, void* context, int, const char* text, int size,
                    int (*emit)(void*, int, const char*, int, int, int)) {
  int start = 0;
  for (int end = 0; end <= size; ++end) {
    if (end < size && text[end] != ' ') continue;
    if (end > start) {
      const int code = emit(context, 0, text + start, end - start, start, end);
      if (code != SQLITE_OK) return code;
    }
    start = end + 1;
  }
  return SQLITE_OK;
}

fts5_api* fts5_of(Connection& connection) {
  fts5_api* api = nullptr;
  Statement ask = connection.prepare("SELECT fts5(?1)");
  ask.bind_pointer(1, static_cast<void*>(&api), "fts5_api_ptr");
  ask.step();
  if (api == nullptr) fail(ErrorKind::unsupported, "this SQLite was built without FTS5");
  return api;
}

}  // namespace

void register_words(Connection& connection) {
  fts5_api* api = fts5_of(connection);
  fts5_tokenizer tokenizer{create_tokenizer, delete_tokenizer, split_at_spaces};
  int code = api->xCreateTokenizer(api, "attune_terms", nullptr, &tokenizer, nullptr);
  if (code == SQLITE_OK) code = api->xCreateFunction(api, "attune_bm25", nullptr, bm25_function, nullptr);
  if (code != SQLITE_OK) throw StoreFailure{sqlite_error(code, "registering with FTS5")};
}

}  // namespace attune::store
