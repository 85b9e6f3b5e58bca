// What DOCX, PPTX and XLSX share (ECMA-376): parts in a zip, tied together by relationships, with core properties.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "reader/archive.hpp"
#include "reader/format.hpp"
#include "reader/xml_text.hpp"

namespace attune::reader {

struct Relationship {
  std::string type;    // the last word of its URI: "slide", "notesSlide", … the same in the strict dialect
  std::string target;  // the member's name
};
using Relationships = std::map<std::string, Relationship, std::less<>>;  // by id

struct OfficeKind {
  std::string_view content_type;  // a word that the main part's content type holds: "wordprocessingml"
  std::string_view noun;          // "a Word document"
  std::string_view extension;     // ".docx"
};
inline constexpr OfficeKind kWord = {"wordprocessingml", "a Word document", ".docx"};
inline constexpr OfficeKind kPowerPoint = {"presentationml", "a PowerPoint presentation", ".pptx"};
inline constexpr OfficeKind kExcel = {"spreadsheetml", "an Excel workbook", ".xlsx"};

struct OfficePackage {
  Archive archive;
  std::string main_part;        // "word/document.xml"
  Relationships relationships;  // of the main part
};

// Opens the file and finds its main part. Fails with bad_input when it is broken or of another kind than `kind`, with
// unsupported for old, binary or password-protected files.
Result<OfficePackage> open_office(const Input& input, const OfficeKind& kind);

// The relationships of `part`; none where it has no .rels file.
Result<Relationships> read_relationships(Archive& archive, std::string_view part, const ReadOptions& options);

// The target of the first relationship of `type`, "" if there is none or the archive lacks it.
std::string target_of_type(const Relationships& relationships, std::string_view type);

// Title, author, date, language, keywords … of docProps/core.xml. A broken one costs a note, not the document.
void read_core_properties(OfficePackage& package, const ReadOptions& options, ExtractedText& result);

// True for what programs write where nobody gave a title ("PowerPoint Presentation").
bool is_made_up_title(std::string_view title);

// Puts `text` into the metadata, unless it is empty.
void set_metadata(ExtractedText& result, const std::string& key, const std::string& text);

}  // namespace attune::reader
