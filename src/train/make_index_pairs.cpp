// Groups out of somebody's own database.
#include <map>
#include <utility>

#include "attune/core/file.hpp"
#include "attune/text.hpp"

#include "train/definitions.hpp"
#include "train/maker_functions.hpp"

namespace attune::train {
namespace {

constexpr std::int64_t kDocumentsTogether = 256;
constexpr std::size_t kShortestPassage = 40;  // bytes
constexpr std::string_view kHeadingSeparator = " › ";

bool is_title_of_file(std::string_view title, const DocumentSummary& document) {
  const std::filesystem::path path(document.path);
  return title == to_utf8(path.filename()) || title == to_utf8(path.stem());
}

// Everything that one document has to ask.
class DocumentPairs {
 public:
  DocumentPairs(const DocumentSummary& document, const std::vector<Chunk>& chunks, GroupBuilder& builder,
                Randomness chance)
      : document_(document), chunks_(chunks), builder_(builder), chance_(chance) {}

  Status add_all() {
    if (const Status added = add_title(); !added) return added;
    if (const Status added = add_headings(); !added) return added;
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      if (const Status added = add_definition(chunks_[i]); !added) return added;
      if (const Status added = add_cloze(chunks_[i], chance_.child(i)); !added) return added;
    }
    return {};
  }

 private:
  static bool is_of_use(const Chunk& chunk) { return chunk.text.size() >= kShortestPassage; }
  Status add(std::string query, std::vector<StatedPassage> stated) {
    return builder_.add(document_.language, std::move(query), stated);
  }

  // A document that has no title is called after its file: that says nothing.
  Status add_title() {
    if (document_.title.empty() || is_title_of_file(document_.title, document_)) return {};
    for (const Chunk& chunk : chunks_) {
      if (is_of_use(chunk)) return add(document_.title, {{chunk.text, 1}});
    }
    return {};
  }
  // The innermost heading with the title, because "Installation" alone asks for any document. All passages under it.
  Status add_headings() {
    std::map<std::string, std::vector<StatedPassage>> sections;
    for (const Chunk& chunk : chunks_) {
      if (chunk.heading.empty() || !is_of_use(chunk)) continue;
      const std::size_t last = chunk.heading.rfind(kHeadingSeparator);
      std::string heading =
          last == std::string::npos ? chunk.heading : chunk.heading.substr(last + kHeadingSeparator.size());
      if (heading == document_.title) continue;
      if (!document_.title.empty() && !is_title_of_file(document_.title, document_)) {
        heading = document_.title + " " + heading;
      }
      sections[heading].push_back({chunk.text, 1});
    }
    for (auto& [heading, passages] : sections) {
      if (passages.size() > 16) passages.resize(16);
      if (const Status added = add(heading, std::move(passages)); !added) return added;
    }
    return {};
  }
  Status add_definition(const Chunk& chunk) {
    if (!is_of_use(chunk)) return {};
    for (const ByteSpan& sentence : text::sentences(chunk.text, document_.language)) {
      auto question = question_of_definition(sentence.of(chunk.text));
      if (question) return add(std::move(*question), {{chunk.text, 1}});
    }
    return {};
  }
  Status add_cloze(const Chunk& chunk, Randomness chance) {
    auto cloze = cloze_of({chunk.heading, chunk.text, document_.language}, chance);
    if (!cloze) return {};
    return add(std::move(cloze->sentence), {{std::move(cloze->rest), 1}});
  }

  const DocumentSummary& document_;
  const std::vector<Chunk>& chunks_;
  GroupBuilder& builder_;
  Randomness chance_;
};

}  // namespace

Result<GroupSet> groups_from_store(const Store& store, std::uint64_t seed) {
  GroupBuilder builder("index");
  const Randomness source = Randomness(seed).child(stable_hash("index"));
  for (std::int64_t offset = 0;; offset += kDocumentsTogether) {
    const auto page = store.list_documents({}, offset, kDocumentsTogether);
    if (!page) return page.error();
    for (const DocumentSummary& document : page->documents) {
      const auto chunks = store.chunks_of(document.id);
      if (!chunks) return chunks.error();
      DocumentPairs pairs(document, *chunks, builder, source.child(stable_hash(document.sha256)));
      if (const Status added = pairs.add_all(); !added) {
        return added.error().while_doing("making groups of '" + document.path + "'");
      }
    }
    if (page->documents.size() < static_cast<std::size_t>(kDocumentsTogether)) break;
  }
  GroupSet set = std::move(builder).finish();
  if (set.passages.size() < 2) {
    return Error{ErrorKind::bad_input, "the database holds too little text to learn from: fewer than 2 passages"};
  }
  return set;
}

Result<GroupSet> make_pairs(const std::filesystem::path& file, std::uint64_t) {
  return read_groups(file);
}

Result<GroupSet> make_index_pairs(const std::filesystem::path& file, std::uint64_t seed) {
  // Opening would make a database that is not there.
  std::error_code failure;
  if (!std::filesystem::exists(file, failure)) {
    return Error{ErrorKind::not_found, "there is no database '" + to_utf8(file) + "'"};
  }
  const auto store = Store::open(file, {.read_only = true});
  if (!store) return store.error();
  return groups_from_store(**store, seed);
}

}  // namespace attune::train
