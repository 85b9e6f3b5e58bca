#include "store/conversations.hpp"

namespace attune::store {

std::vector<std::string> turns_of(Connection& connection, std::string_view conversation, const TurnKeeping& keeping) {
  std::vector<std::string> turns;
  Statement rows = connection.prepare(
      "SELECT said FROM turn WHERE conversation = ?1 "
      "AND (SELECT max(at) FROM turn WHERE conversation = ?1) > ?2 ORDER BY ordinal");
  rows.bind(conversation, keeping.now - keeping.seconds);
  while (rows.step()) turns.emplace_back(rows.text(0));
  return turns;
}

void add_turns(Connection& connection, std::string_view conversation, std::span<const std::string> turns,
               const TurnKeeping& keeping) {
  connection
      .prepare(
          "DELETE FROM turn WHERE conversation IN (SELECT conversation FROM turn GROUP BY conversation "
          "HAVING max(at) <= ?)")
      .run(keeping.now - keeping.seconds);
  std::int64_t last = 0;
  {
    Statement row = connection.prepare("SELECT coalesce(max(ordinal), 0) FROM turn WHERE conversation = ?");
    row.bind(conversation);
    if (row.step()) last = row.integer(0);
  }
  for (const std::string& turn : turns) {
    connection.prepare("INSERT INTO turn (conversation, ordinal, said, at) VALUES (?, ?, ?, ?)")
        .run(conversation, ++last, std::string_view(turn), keeping.now);
  }
  connection.prepare("DELETE FROM turn WHERE conversation = ? AND ordinal <= ?")
      .run(conversation, last - static_cast<std::int64_t>(keeping.turns));
  connection
      .prepare(
          "DELETE FROM turn WHERE conversation IN (SELECT conversation FROM turn GROUP BY conversation "
          "ORDER BY max(at) DESC, conversation LIMIT -1 OFFSET ?)")
      .run(static_cast<std::int64_t>(keeping.conversations));
}

bool remove_conversation(Connection& connection, std::string_view conversation) {
  return connection.prepare("DELETE FROM turn WHERE conversation = ?").run(conversation) > 0;
}

}  // namespace attune::store
