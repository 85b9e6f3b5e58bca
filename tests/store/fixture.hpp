// A store in a directory of its own that goes away with it, and documents whose chunks are their lines.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>
#include <unistd.h>

#include "attune/core/file.hpp"
#include "attune/store.hpp"

#include "temporary_folder.hpp"

namespace attune {

// A Result's value, or a failed test that says why there is none.
template <typename T>
T need(Result<T> result) {
  if (!result) FAIL(result.error().text);
  return std::move(result).value();
}
inline void need(const Status& status) {
  if (!status) FAIL(status.error().text);
}

using TemporaryDirectory = attune::testing::TemporaryFolder;

struct StoreFixture {
  TemporaryDirectory directory;
  std::filesystem::path file = directory.path() / "attune.db";
  std::unique_ptr<Store> store = need(Store::open(file));

  void reopen(const StoreOptions& options = {}) {
    store.reset();
    store = need(Store::open(file, options));
  }
};

// One chunk for each line of the text; a line "# Heading" is the heading of those after it and no chunk.
struct Written {
  Document document;
  std::vector<Chunk> chunks;
};

inline Written written(std::int64_t collection, std::string path, std::string text, std::string language = "en") {
  Written made;
  Document& document = made.document;
  document.collection_id = collection;
  document.path = std::move(path);
  document.sha256 = sha256_hex(text);
  document.size = text.size();
  document.modified_ns = 1'700'000'000'000'000'000;
  document.language = std::move(language);
  document.content.format = "markdown";
  document.content.title = "Title";
  document.content.text = std::move(text);
  const std::string& all = document.content.text;
  std::string heading;
  for (std::size_t start = 0; start < all.size();) {
    const std::size_t end = std::min(all.find('\n', start), all.size());
    const std::string line = all.substr(start, end - start);
    const bool is_heading = line.starts_with("# ");
    if (is_heading) heading = line.substr(2);
    document.content.blocks.push_back(
        {.kind = is_heading ? BlockKind::heading : BlockKind::paragraph, .span = {start, end}, .level = is_heading});
    if (!is_heading && !line.empty()) {
      made.chunks.push_back({.ordinal = static_cast<int>(made.chunks.size()),
                             .span = {start, end},
                             .line = 1,
                             .tokens = 3,
                             .heading = heading,
                             .text = line});
    }
    start = end + 1;
  }
  return made;
}

inline std::int64_t put(Store& store, const Written& made) {
  return need(store.put_document(made.document, made.chunks, "test 1"));
}

inline std::vector<std::int64_t> ids_of(const std::vector<Chunk>& chunks) {
  std::vector<std::int64_t> ids;
  for (const Chunk& chunk : chunks) ids.push_back(chunk.id);
  return ids;
}

inline std::vector<std::int64_t> ids_of(const std::vector<ScoredChunk>& chunks) {
  std::vector<std::int64_t> ids;
  for (const ScoredChunk& chunk : chunks) ids.push_back(chunk.chunk_id);
  return ids;
}

using Ids = std::vector<std::int64_t>;

}  // namespace attune
