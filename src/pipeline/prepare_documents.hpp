// Reads many files at once and hands them over one by one, in order: hashing, reading and cutting run on several
// threads, what follows (the one writer of the store) on the caller's.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

#include "attune/chunk.hpp"
#include "attune/core/result.hpp"
#include "attune/data/chunk.hpp"
#include "attune/data/document.hpp"
#include "attune/reader.hpp"

namespace attune::pipeline {

// One file, read. `document` carries path, hash, size and time in any case.
struct PreparedDocument {
  Document document;
  std::vector<Chunk> chunks;
  bool has_text = false;  // false: its content is known by the hash, and was not read again
};

struct PrepareOptions {
  const Tokenizer* tokenizer = nullptr;
  ChunkOptions chunk = {};
  ReadOptions read = {};
  int threads = 1;
  // True if this content need not be read again. Called from several threads.
  std::function<bool(const ScannedFile& file, const std::string& sha256)> is_known;
};

// The text, language and passages of a file whose hash, size and time are set. Fails like read_document, and with
// bad_input when there is no text in it.
Status read_and_cut(PreparedDocument& prepared, const std::filesystem::path& absolute, std::string_view bytes,
                    const PrepareOptions& options, std::stop_token stop);

// One file, whole.
Result<PreparedDocument> prepare_document(const ScannedFile& file, const PrepareOptions& options, std::stop_token stop);

// Calls `take` on this thread for each file in order, with what became of it. Stops when asked to or when `take` fails,
// and returns that failure.
Status prepare_documents(const std::vector<ScannedFile>& files, const PrepareOptions& options,
                         const std::function<Status(const ScannedFile&, Result<PreparedDocument>)>& take,
                         std::stop_token stop);

}  // namespace attune::pipeline
