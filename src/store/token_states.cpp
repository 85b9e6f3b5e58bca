#include "store/token_states.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include "store/vectors.hpp"

namespace attune::store {
namespace {

static_assert(std::endian::native == std::endian::little, "scales are stored as they lie in memory");

std::vector<std::byte> packed(const StoredStates& states) {
  const std::size_t scale_bytes = states.scales.size() * sizeof(float);
  std::vector<std::byte> bytes(scale_bytes + states.values.size());
  std::memcpy(bytes.data(), states.scales.data(), scale_bytes);
  std::memcpy(bytes.data() + scale_bytes, states.values.data(), states.values.size());
  return bytes;
}

// Never hands out what could not have been stored.
StoredStates unpacked(std::int64_t chunk_id, std::size_t tokens, std::size_t width, std::span<const std::byte> bytes) {
  StoredStates states{.chunk_id = chunk_id, .scales = {}, .values = {}};
  if (tokens == 0 || bytes.size() / tokens != sizeof(float) + width || bytes.size() % tokens != 0) {
    fail(ErrorKind::corrupt, "the token states of chunk " + std::to_string(chunk_id) + " are damaged");
  }
  states.scales.resize(tokens);
  states.values.resize(tokens * width);
  std::memcpy(states.scales.data(), bytes.data(), tokens * sizeof(float));
  std::memcpy(states.values.data(), bytes.data() + tokens * sizeof(float), states.values.size());
  if (!std::ranges::all_of(states.scales, [](float scale) { return std::isfinite(scale); })) {
    fail(ErrorKind::corrupt, "the token states of chunk " + std::to_string(chunk_id) + " are damaged");
  }
  return states;
}

}  // namespace

std::vector<PendingChunk> chunks_without_states(Connection& connection, std::string_view model, std::int64_t after,
                                                std::size_t limit) {
  return chunks_lacking(connection, "token_states", find_model(connection, model).id, after, limit);
}

std::string fault_of_states(std::span<const StoredStates> states, std::size_t width) {
  constexpr std::size_t kWidest = 65'536;
  if (width == 0 || width > kWidest) return "states of this width cannot be stored";
  for (const StoredStates& one : states) {
    if (one.scales.empty() || one.values.size() != one.scales.size() * width) {
      return "chunk " + std::to_string(one.chunk_id) + " has " + std::to_string(one.values.size()) + " numbers for " +
             std::to_string(one.scales.size()) + " tokens of width " + std::to_string(width);
    }
    if (!std::ranges::all_of(one.scales, [](float scale) { return std::isfinite(scale); })) {
      return "chunk " + std::to_string(one.chunk_id) + " has a scale that is not finite";
    }
  }
  return "";
}

void put_states(Connection& connection, std::string_view model, std::span<const StoredStates> states,
                std::size_t width) {
  const Model known = open_model(connection, model, width);
  for (const StoredStates& one : states) {
    const std::vector<std::byte> value = packed(one);
    connection
        .prepare(
            "INSERT INTO token_states (chunk_id, model_id, tokens, value) SELECT ?1, ?2, ?3, ?4 "
            "WHERE EXISTS (SELECT 1 FROM chunk WHERE id = ?1) ON CONFLICT (chunk_id) DO UPDATE "
            "SET model_id = ?2, tokens = ?3, value = ?4")
        .run(one.chunk_id, known.id, static_cast<std::int64_t>(one.scales.size()), std::span<const std::byte>(value));
  }
}

std::vector<StoredStates> states_of(Connection& connection, std::string_view model,
                                    std::span<const std::int64_t> chunk_ids) {
  std::vector<StoredStates> found;
  const Model known = find_model(connection, model);
  Statement row = connection.prepare("SELECT tokens, value FROM token_states WHERE chunk_id = ? AND model_id = ?");
  for (const std::int64_t id : chunk_ids) {
    row.bind(id, known.id);
    if (!row.step()) continue;
    found.push_back(unpacked(id, static_cast<std::size_t>(row.integer(0)), known.dimension, row.blob(1)));
  }
  return found;
}

StatesSize states_size(Connection& connection, std::string_view model) {
  Statement row =
      connection.prepare("SELECT count(*), coalesce(sum(length(value)), 0) FROM token_states WHERE model_id = ?");
  row.bind(find_model(connection, model).id);
  if (!row.step()) return {};
  return {.chunks = row.integer(0), .bytes = row.integer(1)};
}

std::int64_t remove_states(Connection& connection) {
  const std::int64_t chunks = connection.integer("SELECT count(*) FROM token_states");
  connection.execute("DELETE FROM token_states");
  return chunks;
}

}  // namespace attune::store
