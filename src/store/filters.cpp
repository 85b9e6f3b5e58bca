#include "store/filters.hpp"

#include <algorithm>

namespace attune::store {

namespace {

// Only ASCII: what folds beyond that depends on the language.
char lower(char character) {
  return character >= 'A' && character <= 'Z' ? static_cast<char>(character - 'A' + 'a') : character;
}

std::string lower_case(std::string_view text) {
  std::string lowered(text);
  std::transform(lowered.begin(), lowered.end(), lowered.begin(), lower);
  return lowered;
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

std::string_view primary_tag(std::string_view language) {
  return language.substr(0, language.find('-'));
}

bool is_any_of(const std::vector<std::string>& wanted, std::string_view value) {
  return wanted.empty() || std::any_of(wanted.begin(), wanted.end(),
                                       [value](const std::string& one) { return equals_ignoring_case(one, value); });
}

std::string_view text_of(sqlite3_value* value) {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
  if (bytes == nullptr) return {};
  return {bytes, static_cast<std::size_t>(sqlite3_value_bytes(value))};
}

const DocumentFilter* filter_of(sqlite3_context* context, sqlite3_value* value) {
  const void* filter = sqlite3_value_pointer(value, kFilterType);
  if (filter == nullptr) sqlite3_result_error(context, "called by Attune alone", -1);
  return static_cast<const DocumentFilter*>(filter);
}

void passes_function(sqlite3_context* context, int, sqlite3_value** values) {
  const DocumentFilter* filter = filter_of(context, values[0]);
  if (filter == nullptr) return;
  sqlite3_result_int(context, filter->passes({.collection = text_of(values[1]),
                                              .path = text_of(values[2]),
                                              .language = text_of(values[3]),
                                              .format = text_of(values[4])})
                                  ? 1
                                  : 0);
}

void passes_metadata_function(sqlite3_context* context, int, sqlite3_value** values) {
  const DocumentFilter* filter = filter_of(context, values[0]);
  if (filter == nullptr) return;
  sqlite3_result_int(context, filter->passes_metadata(text_of(values[1]), text_of(values[2])) ? 1 : 0);
}

}  // namespace

DocumentFilter::DocumentFilter(const Filters& filters) : collections_(filters.collections), formats_(filters.formats) {
  for (const std::string& path : filters.paths) paths_.emplace_back(path);
  for (const std::string& language : filters.languages) languages_.emplace_back(primary_tag(language));
  for (const auto& [key, values] : filters.metadata) {
    if (values.empty()) continue;
    std::vector<std::string>& wanted = metadata_[lower_case(key)];
    wanted.insert(wanted.end(), values.begin(), values.end());
  }
}

bool DocumentFilter::passes(const Subject& document) const {
  if (!collections_.empty() &&
      std::find(collections_.begin(), collections_.end(), document.collection) == collections_.end()) {
    return false;
  }
  if (!is_any_of(formats_, document.format) || !is_any_of(languages_, primary_tag(document.language))) return false;
  return paths_.empty() || std::any_of(paths_.begin(), paths_.end(),
                                       [&document](const Glob& glob) { return glob.matches(document.path); });
}

bool DocumentFilter::passes_metadata(std::string_view key, std::string_view value) const {
  const auto wanted = metadata_.find(key);
  return wanted != metadata_.end() && is_any_of(wanted->second, value);
}

void register_filters(Connection& connection) {
  const auto add = [&connection](const char* name, int arguments,
                                 void (*function)(sqlite3_context*, int, sqlite3_value**)) {
    const int code = sqlite3_create_function_v2(connection.handle(), name, arguments,
                                                SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, nullptr,
                                                function, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) throw StoreFailure{sqlite_error(code, "registering a function")};
  };
  add("attune_passes", 5, passes_function);
  add("attune_passes_metadata", 3, passes_metadata_function);
}

void bind_filter(Statement& statement, const DocumentFilter& filter) {
  // SQLite hands the pointer to our functions only, which take it as const again.
  statement.bind_pointer(1, const_cast<DocumentFilter*>(&filter), kFilterType);
  statement.bind_at(2, filter.metadata_keys());
}

ChunkSet matching_chunks(Connection& connection, const Filters& filters) {
  const DocumentFilter filter(filters);
  Statement rows = connection.prepare(
      "SELECT c.id FROM document d JOIN collection k ON k.id = d.collection_id JOIN chunk c ON c.document_id = d.id "
      "WHERE" ATTUNE_FILTER_SQL);
  bind_filter(rows, filter);
  ChunkSet ids;
  while (rows.step()) ids.push_back(rows.integer(0));
  std::sort(ids.begin(), ids.end());
  return ids;
}

}  // namespace attune::store
