// Token states: what a model's lower layers say of a chunk, 8 bits a number with a scale for each token. All functions
// throw StoreFailure; those that write expect to run inside a transaction.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "attune/store.hpp"

#include "store/sqlite.hpp"

namespace attune::store {

std::vector<PendingChunk> chunks_without_states(Connection& connection, std::string_view model, std::int64_t after,
                                                std::size_t limit);
// What is wrong with these arguments of put_states, "" if nothing. Needs no database.
std::string fault_of_states(std::span<const StoredStates> states, std::size_t width);
void put_states(Connection& connection, std::string_view model, std::span<const StoredStates> states,
                std::size_t width);
std::vector<StoredStates> states_of(Connection& connection, std::string_view model,
                                    std::span<const std::int64_t> chunk_ids);
StatesSize states_size(Connection& connection, std::string_view model);
std::int64_t remove_states(Connection& connection);

}  // namespace attune::store
