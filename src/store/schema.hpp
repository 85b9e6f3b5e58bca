// Schema: the tables of an Attune database, and how an older file becomes a current one.
//
// The file says whose it is (application_id) and how far it is (user_version). Migrations run one by one, each in its
// own transaction, so that a crash leaves a file of the version before or after, never between.
#pragma once

#include <filesystem>
#include <span>

#include "store/sqlite.hpp"

namespace attune::store {

// "Attn" as a big-endian number, in the file's header.
inline constexpr std::int64_t kApplicationId = 0x4174746E;

struct Migration {
  const char* sql;  // brings a file from the version before to this one
};

// All steps; a file of version n has had the first n.
std::span<const Migration> migrations();

// Settings that every connection needs, before anything is read.
void set_up_connection(Connection& connection);

// Fails with corrupt if the file is no Attune database, with unsupported if a newer program wrote it. Returns its
// version; 0 for an empty file. Reads only.
std::int64_t check_identity(Connection& connection, std::int64_t newest_version);

// Makes the file current. Safe when another process does the same at the same moment.
void migrate(Connection& connection, std::span<const Migration> steps);

}  // namespace attune::store
