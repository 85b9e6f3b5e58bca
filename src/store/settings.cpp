#include "store/settings.hpp"

namespace attune::store {

std::optional<std::string> setting(Connection& connection, std::string_view key) {
  Statement row = connection.prepare("SELECT value FROM setting WHERE key = ?");
  row.bind(key);
  if (!row.step()) return std::nullopt;
  return std::string(row.text(0));
}

void set_setting(Connection& connection, std::string_view key, std::string_view value) {
  connection
      .prepare("INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value")
      .run(key, value);
}

std::int64_t generation(Connection& connection) {
  return connection.integer("SELECT generation FROM state");
}

void bump_generation(Connection& connection) {
  connection.prepare("UPDATE state SET generation = generation + 1").run();
}

std::optional<VectorCacheRow> vector_cache_row(Connection& connection) {
  Statement row = connection.prepare("SELECT generation, sha256, count, dimension, model FROM vector_cache");
  if (!row.step()) return std::nullopt;
  return VectorCacheRow{.generation = row.integer(0),
                        .sha256 = std::string(row.text(1)),
                        .count = row.integer(2),
                        .dimension = row.integer(3),
                        .model = std::string(row.text(4))};
}

void set_vector_cache_row(Connection& connection, const VectorCacheRow& row) {
  connection
      .prepare(
          "INSERT OR REPLACE INTO vector_cache (id, generation, sha256, count, dimension, model) "
          "VALUES (1, ?, ?, ?, ?, ?)")
      .run(row.generation, row.sha256, row.count, row.dimension, row.model);
}

}  // namespace attune::store
