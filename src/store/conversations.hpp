// Conversations: what was said before, for clients that ask by a conversation's id. They change nothing that can be
// found.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "attune/store.hpp"

#include "store/sqlite.hpp"

namespace attune::store {

std::vector<std::string> turns_of(Connection& connection, std::string_view conversation, const TurnKeeping& keeping);
void add_turns(Connection& connection, std::string_view conversation, std::span<const std::string> turns,
               const TurnKeeping& keeping);
bool remove_conversation(Connection& connection, std::string_view conversation);

}  // namespace attune::store
