// A data set's corpus as an indexed collection, kept for the next evaluation.
#include <cstdlib>
#include <set>
#include <system_error>
#include <utility>

#include "attune/chunk.hpp"
#include "attune/core/file.hpp"
#include "attune/eval.hpp"
#include "attune/text.hpp"

#include "eval/cache_folder.hpp"

namespace attune {
namespace {

constexpr std::size_t kDocumentsTogether = 64;

// One for each non-empty line: data sets know no other structure.
std::vector<Block> paragraphs(std::string_view text) {
  std::vector<Block> blocks;
  int line = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    ++line;
    if (end > begin) blocks.push_back({.kind = BlockKind::paragraph, .span = {begin, end}, .line = line});
    begin = end + 1;
  }
  return blocks;
}

Document to_document(const DatasetText& entry, std::int64_t collection_id) {
  Document document;
  document.collection_id = collection_id;
  document.path = entry.id;
  document.sha256 = sha256_hex(entry.title + '\n' + entry.text);
  document.size = entry.text.size();
  document.content.format = "text";
  document.content.title = text::to_valid_utf8(entry.title);
  document.content.text = text::to_valid_utf8(entry.text);
  // A document that is only a title is found by it all the same.
  if (document.content.text.find_first_not_of(" \t\r\n") == std::string::npos) {
    document.content.text = document.content.title;
  }
  document.content.blocks = paragraphs(document.content.text);
  document.language = text::detect_language(document.content.title + "\n" + document.content.text);
  return document;
}

struct PreparedText {
  Document document;
  std::vector<Chunk> chunks;
};

// In one transaction.
Status put_batch(Store& store, const std::vector<PreparedText>& batch, std::string_view made_by) {
  std::vector<NewDocument> documents;
  for (const PreparedText& prepared : batch) documents.push_back({&prepared.document, prepared.chunks});
  const auto stored = store.put_documents(documents, made_by);
  if (!stored) return stored.error().while_doing("storing the data set");
  return {};
}

Status put_corpus(Workspace& workspace, const Dataset& dataset, std::string_view made_by,
                  const IngestProgressSink& progress, const std::stop_token& stop) {
  Store& store = workspace.store();
  const auto collection = store.open_collection(dataset.name, "");
  if (!collection) return collection.error();
  const auto stamps = store.stamps(collection->id);
  if (!stamps) return stamps.error();
  std::set<std::string> there;
  for (const DocumentStamp& stamp : *stamps) there.insert(stamp.path);
  std::vector<PreparedText> batch;
  std::uint64_t done = 0;
  for (const DatasetText& entry : dataset.corpus) {
    if (stop.stop_requested()) return Error{ErrorKind::cancelled, "building the collection was stopped"};
    if (progress) progress({IngestProgress::Phase::reading, done, dataset.corpus.size(), entry.id});
    ++done;
    if (!there.contains(entry.id)) {
      batch.push_back({to_document(entry, collection->id), {}});
      batch.back().chunks = chunk_document(batch.back().document, workspace.embedder()->tokenizer());
    }
    if (batch.size() < kDocumentsTogether) continue;
    if (const Status put = put_batch(store, batch, made_by); !put) return put;
    batch.clear();
  }
  return put_batch(store, batch, made_by);
}

}  // namespace

Result<std::filesystem::path> eval_cache_folder(const EvalOptions& options) {
  std::filesystem::path folder = options.cache;
  if (folder.empty()) {
    const char* cache = std::getenv("XDG_CACHE_HOME");
    const char* home = std::getenv("HOME");
    if (cache != nullptr && *cache != '\0') {
      folder = cache;
    } else {
      folder = std::filesystem::path(home == nullptr ? "." : home) / ".cache";
    }
    folder = folder / "attune" / "eval";
  }
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) return Error{ErrorKind::io, "making the folder '" + to_utf8(folder) + "': " + failure.message()};
  return folder;
}

Result<std::unique_ptr<Workspace>> build_collection(const Dataset& dataset, const EvalOptions& options,
                                                    bool with_vectors, const IngestProgressSink& progress,
                                                    std::stop_token stop) {
  const auto folder = eval_cache_folder(options);
  if (!folder) return folder.error();
  const auto models = options.models.empty() ? default_models() : options.models;
  const auto weights = sha256_hex_of_file(models / "embedder" / "model.safetensors");
  if (!weights) {
    return Error{ErrorKind::unavailable, "no embedder is there to measure passages with: " + weights.error().text};
  }
  const std::string made_by = chunker_version({}) + " " + text::segmenter_version() + " " + *weights +
                              (options.precision == nn::Precision::i8 ? " i8" : "");
  const std::string key = sha256_hex(dataset.corpus_sha256 + " " + made_by).substr(0, 16);
  WorkspaceOptions opening;
  opening.database = *folder / (dataset.name + "-" + key + ".db");
  opening.models = options.models;
  opening.threads = options.threads;
  opening.precision = options.precision;
  auto workspace = Workspace::open(opening);
  if (!workspace) return workspace.error();
  if ((*workspace)->embedder() == nullptr) {
    return Error{ErrorKind::unavailable, "no embedder could be loaded to measure passages with"};
  }
  if (const Status put = put_corpus(**workspace, dataset, made_by, progress, stop); !put) return put.error();
  if (with_vectors) {
    const auto embedded = embed_pending(**workspace, progress, stop);
    if (!embedded) return embedded.error();
    if (stop.stop_requested()) return Error{ErrorKind::cancelled, "embedding the collection was stopped"};
  }
  return workspace;
}

}  // namespace attune
