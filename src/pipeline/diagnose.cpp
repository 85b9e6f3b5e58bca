// What `attune doctor` asks: does invariant 1 hold? The database fits together, and the caches fit the database.
#include <algorithm>

#include "attune/core/file.hpp"
#include "attune/pipeline.hpp"

namespace attune {

Result<Diagnosis> diagnose(const Workspace& workspace) {
  Diagnosis diagnosis;
  const Store& store = workspace.store();
  auto faults = store.check();
  if (!faults) return faults.error().while_doing("checking the database");
  diagnosis.faults = *std::move(faults);
  diagnosis.checked.push_back("the database '" + to_utf8(store.path()) +
                              "': file, documents, passages, postings and vectors");

  auto cache_faults = check_vector_cache(store);
  if (!cache_faults) return cache_faults.error().while_doing("checking the vector cache");
  std::ranges::move(*cache_faults, std::back_inserter(diagnosis.faults));
  diagnosis.checked.emplace_back("the vector cache against the database");

  const Embedder* embedder = workspace.embedder();
  const auto counts = store.counts(embedder == nullptr ? "" : embedder->identity());
  if (!counts) return counts.error();
  diagnosis.checked.push_back(std::to_string(counts->documents) + " documents, " + std::to_string(counts->chunks) +
                              " passages, " + std::to_string(counts->vectors) + " vectors, " +
                              std::to_string(counts->pending) + " pending, generation " +
                              std::to_string(counts->generation));
  if (workspace.vectors() != nullptr) {
    const VectorIndexState state = workspace.vectors()->state();
    if (static_cast<std::int64_t>(state.vectors) != counts->vectors) {
      diagnosis.faults.push_back("the vector index finds " + std::to_string(state.vectors) +
                                 " vectors, the database has " + std::to_string(counts->vectors));
    }
    if (state.rebuild_wanted) diagnosis.checked.push_back("the vector index wants a rebuild: " + state.reason);
  }
  std::ranges::copy(workspace.notes(), std::back_inserter(diagnosis.checked));
  return diagnosis;
}

}  // namespace attune
