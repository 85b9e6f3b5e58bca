#include <cstdlib>

#include "attune/core/file.hpp"
#include "attune/pipeline.hpp"

namespace attune {
namespace {

std::filesystem::path environment_path(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::filesystem::path() : std::filesystem::path(value);
}

// "…/bin/attune" of the running program; empty if the system does not tell.
std::filesystem::path program_path() {
  std::error_code ignored;
  return std::filesystem::read_symlink("/proc/self/exe", ignored);
}

Status make_parent_directory(const std::filesystem::path& file) {
  if (!file.has_parent_path()) return {};
  std::error_code failure;
  std::filesystem::create_directories(file.parent_path(), failure);
  if (!failure) return {};
  return Error{ErrorKind::io, "creating the folder '" + to_utf8(file.parent_path()) + "': " + failure.message()};
}

}  // namespace

std::filesystem::path default_database() {
  if (auto named = environment_path("ATTUNE_DB"); !named.empty()) return named;
  std::filesystem::path data = environment_path("XDG_DATA_HOME");
  if (data.empty()) {
    const std::filesystem::path home = environment_path("HOME");
    data = (home.empty() ? std::filesystem::path(".") : home) / ".local" / "share";
  }
  return data / "attune" / "attune.db";
}

std::filesystem::path default_models() {
  if (auto named = environment_path("ATTUNE_MODELS"); !named.empty()) return named;
  const std::filesystem::path installed = program_path().parent_path().parent_path() / "share" / "attune" / "models";
  std::error_code ignored;
  if (std::filesystem::is_directory(installed, ignored)) return installed;
  return ATTUNE_SOURCE_MODELS;
}

struct Workspace::Parts {
  std::unique_ptr<Store> store;
  std::unique_ptr<Embedder> embedder;
  std::unique_ptr<VectorIndex> vectors;    // reads from store: destroyed before it
  std::unique_ptr<Reranker> reranker;      // reads through embedder: destroyed before it
  std::unique_ptr<NeuralRewriter> neural;  // the same
  std::unique_ptr<QueryRewriter> rewriter;
  std::vector<std::string> notes;
};

Workspace::Workspace() : parts_(std::make_unique<Parts>()) {}
Workspace::~Workspace() = default;

Result<std::unique_ptr<Workspace>> Workspace::open(const WorkspaceOptions& options) {
  const std::filesystem::path database = options.database.empty() ? default_database() : options.database;
  const std::filesystem::path models = options.models.empty() ? default_models() : options.models;
  if (const Status made = make_parent_directory(database); !made) return made.error();

  std::unique_ptr<Workspace> workspace(new Workspace());
  Parts& parts = *workspace->parts_;
  auto store = Store::open(database);
  if (!store) return store.error().while_doing("opening the database '" + to_utf8(database) + "'");
  parts.store = *std::move(store);
  const auto rebuilt = parts.store->refresh_postings();
  if (!rebuilt) return rebuilt.error().while_doing("bringing the word postings up to date");

  if (options.with_embedder) {
    auto embedder =
        open_embedder(models / "embedder", EmbedOptions{.threads = options.threads, .precision = options.precision});
    if (embedder) {
      parts.embedder = *std::move(embedder);
      auto vectors =
          VectorIndex::open(*parts.store, parts.embedder->identity(), parts.embedder->dimension(), options.vectors);
      if (!vectors) return vectors.error().while_doing("opening the vectors");
      parts.vectors = *std::move(vectors);
    } else {
      parts.notes.push_back("no embedder is loaded, so only words are searched: " + embedder.error().text);
    }
  }
  auto reranker = open_reranker(models / "reranker", parts.embedder.get());
  if (reranker) {
    parts.reranker = *std::move(reranker);
  } else if (reranker.error().kind != ErrorKind::unavailable) {
    parts.notes.push_back("no reranking: " + reranker.error().text);
  }
  const auto rewriter_file = models / "rewriter" / "model.safetensors";
  const Encoder* const encoder = parts.embedder == nullptr ? nullptr : parts.embedder->encoder();
  std::error_code ignored;
  if (encoder != nullptr && std::filesystem::exists(rewriter_file, ignored)) {
    auto neural = NeuralRewriter::above(*encoder, rewriter_file, options.threads);
    if (neural) {
      parts.neural = *std::move(neural);
    } else {
      parts.notes.push_back("follow-up questions are rewritten by rules alone: " + neural.error().text);
    }
  }
  const auto gate_file = models / "rewriter" / "gate.json";
  std::optional<ConversationGate> gate;
  if (parts.neural != nullptr && std::filesystem::exists(gate_file, ignored)) {
    if (auto loaded = load_gate(gate_file)) {
      gate = *loaded;
    } else {
      parts.notes.push_back("how much a conversation counts follows a rule: " + loaded.error().text);
    }
  }
  parts.rewriter = std::make_unique<QueryRewriter>(
      parts.store.get(), parts.neural.get(), parts.embedder == nullptr ? nullptr : &parts.embedder->tokenizer(), gate);
  return workspace;
}

Store& Workspace::store() const {
  return *parts_->store;
}
const Embedder* Workspace::embedder() const {
  return parts_->embedder.get();
}
VectorIndex* Workspace::vectors() const {
  return parts_->vectors.get();
}
const Reranker* Workspace::reranker() const {
  return parts_->reranker.get();
}
const QueryRewriter& Workspace::rewriter() const {
  return *parts_->rewriter;
}
const std::vector<std::string>& Workspace::notes() const {
  return parts_->notes;
}

}  // namespace attune
