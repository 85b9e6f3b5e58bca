#include "store/vectors.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

#include "store/settings.hpp"

namespace attune::store {

namespace {

static_assert(std::endian::native == std::endian::little, "vectors are stored as they lie in memory");

// Never hands out a vector that could not have been stored: a wrong one is worse than an error.
void read_vector(std::int64_t chunk_id, std::span<const std::byte> bytes, std::vector<float>& vector) {
  if (bytes.size() == vector.size() * sizeof(float)) {
    std::memcpy(vector.data(), bytes.data(), bytes.size());
    if (is_sound_vector(vector)) return;
  }
  fail(ErrorKind::corrupt, "the vector of chunk " + std::to_string(chunk_id) + " is damaged");
}

}  // namespace

Model find_model(Connection& connection, std::string_view name) {
  Statement row = connection.prepare("SELECT id, dimension FROM model WHERE name = ?");
  row.bind(name);
  if (!row.step()) return {};
  return {.id = row.integer(0), .dimension = static_cast<std::size_t>(row.integer(1))};
}

Model open_model(Connection& connection, std::string_view name, std::size_t dimension) {
  Model model = find_model(connection, name);
  if (model.id == 0) {
    connection.prepare("INSERT INTO model (name, dimension) VALUES (?, ?)")
        .run(name, static_cast<std::int64_t>(dimension));
    return {.id = sqlite3_last_insert_rowid(connection.handle()), .dimension = dimension};
  }
  if (model.dimension != dimension) {
    fail(ErrorKind::bad_input, "vectors of '" + std::string(name) + "' have " + std::to_string(model.dimension) +
                                   " numbers, these have " + std::to_string(dimension));
  }
  return model;
}

bool is_sound_vector(std::span<const float> vector) {
  return std::all_of(vector.begin(), vector.end(), [](float value) { return std::isfinite(value); }) &&
         std::any_of(vector.begin(), vector.end(), [](float value) { return value != 0.0F; });
}

std::vector<PendingChunk> chunks_lacking(Connection& connection, std::string_view table, std::int64_t model_id,
                                         std::int64_t after, std::size_t limit) {
  std::vector<PendingChunk> pending;
  Statement rows = connection.prepare(
      "SELECT c.id, d.title, c.heading, c.text FROM chunk c JOIN document d ON d.id = c.document_id "
      "WHERE c.id > ?2 AND NOT EXISTS (SELECT 1 FROM " +
      std::string(table) + " v WHERE v.chunk_id = c.id AND v.model_id = ?1) ORDER BY c.id LIMIT ?3");
  constexpr auto kMost = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  rows.bind(model_id, after, static_cast<std::int64_t>(std::min(limit, kMost)));
  while (rows.step()) {
    pending.push_back({.chunk_id = rows.integer(0),
                       .title = std::string(rows.text(1)),
                       .heading = std::string(rows.text(2)),
                       .text = std::string(rows.text(3))});
  }
  return pending;
}

std::vector<PendingChunk> pending_chunks(Connection& connection, std::string_view model, std::int64_t after,
                                         std::size_t limit) {
  return chunks_lacking(connection, "vector", find_model(connection, model).id, after, limit);
}

std::string fault_of_vectors(std::span<const std::int64_t> chunk_ids, std::span<const float> values,
                             std::size_t dimension) {
  constexpr std::size_t kLargestDimension = 65'536;
  if (dimension == 0 || dimension > kLargestDimension) return "a vector of this size cannot be stored";
  if (values.size() % dimension != 0 || values.size() / dimension != chunk_ids.size()) {
    return std::to_string(chunk_ids.size()) + " chunks of dimension " + std::to_string(dimension) + " do not make " +
           std::to_string(values.size()) + " numbers";
  }
  for (std::size_t i = 0; i < chunk_ids.size(); ++i) {
    if (!is_sound_vector(values.subspan(i * dimension, dimension))) {
      return "the vector of chunk " + std::to_string(chunk_ids[i]) + " has a value that is not finite, or only zeros";
    }
  }
  return "";
}

void put_vectors(Connection& connection, std::string_view model, std::span<const std::int64_t> chunk_ids,
                 std::span<const float> values, std::size_t dimension) {
  const Model known = open_model(connection, model, dimension);
  std::int64_t written = 0;
  for (std::size_t i = 0; i < chunk_ids.size(); ++i) {
    written += connection
                   .prepare(
                       "INSERT INTO vector (chunk_id, model_id, value) SELECT ?1, ?2, ?3 "
                       "WHERE EXISTS (SELECT 1 FROM chunk WHERE id = ?1) ON CONFLICT (chunk_id) DO UPDATE "
                       "SET model_id = ?2, value = ?3 WHERE (model_id, value) <> (?2, ?3)")
                   .run(chunk_ids[i], known.id, std::as_bytes(values.subspan(i * dimension, dimension)));
  }
  if (written > 0) bump_generation(connection);
}

void for_each_vector(Connection& connection, std::string_view model,
                     const std::function<bool(std::int64_t chunk_id, std::span<const float> vector)>& visit) {
  const Model known = find_model(connection, model);
  std::vector<float> vector(known.dimension);
  Statement rows = connection.prepare("SELECT chunk_id, value FROM vector WHERE +model_id = ? ORDER BY chunk_id");
  rows.bind(known.id);
  while (rows.step()) {
    read_vector(rows.integer(0), rows.blob(1), vector);
    if (!visit(rows.integer(0), vector)) return;
  }
}

void for_vectors_of(Connection& connection, std::string_view model, const ChunkSet& chunk_ids,
                    const std::function<void(std::int64_t chunk_id, std::span<const float> vector)>& visit) {
  const Model known = find_model(connection, model);
  std::vector<float> vector(known.dimension);
  Statement row = connection.prepare("SELECT value FROM vector WHERE chunk_id = ? AND model_id = ?");
  for (const std::int64_t id : chunk_ids) {
    row.bind(id, known.id);
    if (!row.step()) continue;
    read_vector(id, row.blob(0), vector);
    visit(id, vector);
  }
}

ChunkSet vector_ids(Connection& connection, std::string_view model) {
  ChunkSet ids;
  Statement rows = connection.prepare("SELECT chunk_id FROM vector WHERE model_id = ? ORDER BY chunk_id");
  rows.bind(find_model(connection, model).id);
  while (rows.step()) ids.push_back(rows.integer(0));
  return ids;
}

StoreCounts counts(Connection& connection, std::string_view model) {
  StoreCounts counts;
  counts.collections = connection.integer("SELECT count(*) FROM collection");
  counts.documents = connection.integer("SELECT count(*) FROM document");
  counts.chunks = connection.integer("SELECT count(*) FROM chunk");
  Statement vectors = connection.prepare("SELECT count(*) FROM vector WHERE model_id = ?");
  vectors.bind(find_model(connection, model).id);
  if (vectors.step()) counts.vectors = vectors.integer(0);
  counts.pending = counts.chunks - counts.vectors;
  counts.generation = generation(connection);
  return counts;
}

}  // namespace attune::store
