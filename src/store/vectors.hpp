// Vectors: float32 BLOBs, little-endian, one for a chunk, under the model that made it. The truth from which the index
// is built. All functions throw StoreFailure; those that write expect to run inside a transaction.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "attune/store.hpp"

#include "store/sqlite.hpp"

namespace attune::store {

// A model's name in the database; what it makes has `dimension` numbers a row.
struct Model {
  std::int64_t id = 0;
  std::size_t dimension = 0;
};
// id 0 if nothing was ever stored under this name.
Model find_model(Connection& connection, std::string_view name);
// The same, made if absent. Fails with bad_input if it has another dimension.
Model open_model(Connection& connection, std::string_view name, std::size_t dimension);

// Chunks that have no row of the model in `table` (a name of ours), as Store::pending_chunks.
std::vector<PendingChunk> chunks_lacking(Connection& connection, std::string_view table, std::int64_t model_id,
                                         std::int64_t after, std::size_t limit);

std::vector<PendingChunk> pending_chunks(Connection& connection, std::string_view model, std::int64_t after,
                                         std::size_t limit);

// What is wrong with these arguments of put_vectors, "" if nothing. Needs no database.
std::string fault_of_vectors(std::span<const std::int64_t> chunk_ids, std::span<const float> values,
                             std::size_t dimension);
void put_vectors(Connection& connection, std::string_view model, std::span<const std::int64_t> chunk_ids,
                 std::span<const float> values, std::size_t dimension);

void for_each_vector(Connection& connection, std::string_view model,
                     const std::function<bool(std::int64_t chunk_id, std::span<const float> vector)>& visit);
void for_vectors_of(Connection& connection, std::string_view model, const ChunkSet& chunk_ids,
                    const std::function<void(std::int64_t chunk_id, std::span<const float> vector)>& visit);
ChunkSet vector_ids(Connection& connection, std::string_view model);

// Without a zero row, a value that is not finite, or a wrong size; shared by writing, reading and check().
bool is_sound_vector(std::span<const float> vector);

StoreCounts counts(Connection& connection, std::string_view model);

}  // namespace attune::store
