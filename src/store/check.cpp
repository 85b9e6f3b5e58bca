#include "store/check.hpp"

#include <cstring>

#include "attune/text.hpp"

#include "store/block_list.hpp"
#include "store/settings.hpp"
#include "store/vectors.hpp"

namespace attune::store {

namespace {

// Faults come in thousands when they come; the first ones tell the story.
constexpr std::size_t kMostFaultsOfAKind = 20;

class Faults {
 public:
  // Appends up to kMostFaultsOfAKind, then says that there are more.
  void add(std::string sentence) {
    ++of_this_kind_;
    if (of_this_kind_ <= kMostFaultsOfAKind) all_.push_back(std::move(sentence));
    if (of_this_kind_ == kMostFaultsOfAKind + 1) all_.push_back("There are more faults of this kind.");
  }
  void next_kind() { of_this_kind_ = 0; }
  std::vector<std::string> take() { return std::move(all_); }

 private:
  std::vector<std::string> all_;
  std::size_t of_this_kind_ = 0;
};

void check_file(Connection& connection, Faults& faults) {
  Statement rows = connection.prepare("PRAGMA integrity_check");
  while (rows.step()) {
    if (rows.text(0) != "ok") faults.add("The database file is damaged: " + std::string(rows.text(0)) + ".");
  }
  faults.next_kind();
  Statement keys = connection.prepare("PRAGMA foreign_key_check");
  while (keys.step()) {
    faults.add("Row " + std::to_string(keys.integer(1)) + " of " + std::string(keys.text(0)) +
               " refers to a missing row of " + std::string(keys.text(2)) + ".");
  }
}

// Each query gives the numbers of faulty rows.
void check_rows(Connection& connection, Faults& faults) {
  const auto each = [&](std::string_view sql, const std::string& before, const std::string& after) {
    faults.next_kind();
    Statement rows = connection.prepare(sql);
    while (rows.step()) faults.add(before + std::to_string(rows.integer(0)) + after);
  };
  each("SELECT id FROM chunk EXCEPT SELECT rowid FROM postings", "Chunk ", " cannot be found by its words.");
  each("SELECT rowid FROM postings EXCEPT SELECT id FROM chunk", "The postings name chunk ", ", which is gone.");
  each("SELECT id FROM document EXCEPT SELECT document_id FROM content", "Document ", " has no text.");
  each(
      "SELECT document_id FROM chunk GROUP BY document_id HAVING min(ordinal) <> 0 OR max(ordinal) <> count(*) - 1 "
      "OR count(DISTINCT ordinal) <> count(*)",
      "The chunks of document ", " are not numbered one after the other.");
  if (connection.integer("SELECT count(*) FROM state") != 1) faults.add("The generation number is missing.");
}

void check_document(Connection& connection, std::int64_t id, std::string_view text, Faults& faults) {
  Statement rows = connection.prepare("SELECT id, span_start, span_end, text FROM chunk WHERE document_id = ?");
  rows.bind(id);
  while (rows.step()) {
    const auto size = static_cast<std::int64_t>(text.size());
    const std::int64_t start = rows.integer(1);
    const std::int64_t end = rows.integer(2);
    if (start < 0 || start > end || end > size ||
        text.substr(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start)) != rows.text(3)) {
      faults.add("Chunk " + std::to_string(rows.integer(0)) + " does not quote document " + std::to_string(id) +
                 " at its place.");
    }
  }
}

void check_documents(Connection& connection, Faults& faults) {
  faults.next_kind();
  Statement rows = connection.prepare("SELECT document_id, text, blocks, notes FROM content");
  while (rows.step()) {
    check_document(connection, rows.integer(0), rows.text(1), faults);
    const auto blocks = blocks_from_json(rows.text(2));
    bool sound = blocks.has_value() && notes_from_json(rows.text(3)).has_value();
    std::size_t reached = 0;
    for (std::size_t i = 0; sound && i < blocks->size(); ++i) {
      const ByteSpan span = (*blocks)[i].span;
      sound = span.start >= reached && span.start <= span.end && span.end <= rows.text(1).size();
      reached = span.end;
    }
    if (!sound) faults.add("The structure of document " + std::to_string(rows.integer(0)) + " is damaged.");
  }
}

void check_vectors(Connection& connection, Faults& faults) {
  faults.next_kind();
  std::vector<float> vector;
  Statement rows =
      connection.prepare("SELECT v.chunk_id, m.dimension, v.value FROM vector v JOIN model m ON m.id = v.model_id");
  while (rows.step()) {
    const auto dimension = static_cast<std::size_t>(rows.integer(1));
    const auto bytes = rows.blob(2);
    bool sound = bytes.size() == dimension * sizeof(float);
    if (sound) {
      vector.resize(dimension);
      std::memcpy(vector.data(), bytes.data(), bytes.size());
      sound = is_sound_vector(vector);
    }
    if (!sound) faults.add("The vector of chunk " + std::to_string(rows.integer(0)) + " is damaged.");
  }
}

}  // namespace

std::vector<std::string> check_consistency(Connection& connection) {
  const Transaction snapshot(connection, Transaction::Kind::reading);
  Faults faults;
  check_file(connection, faults);
  check_rows(connection, faults);
  check_documents(connection, faults);
  check_vectors(connection, faults);
  faults.next_kind();
  if (setting(connection, kSegmenterSetting) != text::segmenter_version()) {
    faults.add("The postings were made by another segmenter; the next indexing rebuilds them.");
  }
  return faults.take();
}

std::vector<std::string> check_postings_index(Connection& writer) {
  try {
    writer.execute("INSERT INTO postings (postings) VALUES ('integrity-check')");
    return {};
  } catch (const StoreFailure& failure) {
    if (failure.error.kind != ErrorKind::corrupt) throw;
    return {"The index of words does not agree with the words."};
  }
}

}  // namespace attune::store
