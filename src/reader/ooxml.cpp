#include "reader/ooxml.hpp"

#include <utility>

#include "reader/language_tag.hpp"

namespace attune::reader {
namespace {

std::string_view after_last(std::string_view text, char separator) {
  return text.substr(text.rfind(separator) + 1);  // npos + 1 is 0: the whole text
}

std::string rels_name(std::string_view part) {
  const auto slash = part.rfind('/') + 1;
  return std::string(part.substr(0, slash)) + "_rels/" + std::string(part.substr(slash)) + ".rels";
}

// The content type that [Content_Types].xml gives `part`: its own, or that of its extension.
std::string content_type_of(const pugi::xml_node& types, std::string_view part) {
  std::string by_extension;
  for (const pugi::xml_node& each : types.children()) {
    const std::string_view type = value(each, "ContentType");
    if (value(each, "PartName") == "/" + std::string(part)) return std::string(type);
    if (local_name(each) == "Default" && value(each, "Extension") == after_last(part, '.')) by_extension = type;
  }
  return by_extension;
}

// What is it, if not `wanted`? The sentence tells the way out.
Error other_kind(const OfficeKind& wanted, std::string_view content_type) {
  for (const OfficeKind& kind : {kWord, kPowerPoint, kExcel}) {
    if (content_type.find(kind.content_type) == std::string_view::npos) continue;
    return {ErrorKind::bad_input, "the content is " + std::string(kind.noun) + ", not " + std::string(wanted.noun) +
                                      "; rename the file to " + std::string(kind.extension)};
  }
  if (content_type.find("sheet.binary") != std::string_view::npos) {
    return {ErrorKind::unsupported, "binary workbooks (.xlsb) cannot be read; save it as .xlsx"};
  }
  return {ErrorKind::bad_input, "the archive is not " + std::string(wanted.noun)};
}

}  // namespace

Result<Relationships> read_relationships(Archive& archive, std::string_view part, const ReadOptions& options) {
  Relationships relationships;
  const std::string name = rels_name(part);
  if (!archive.has(name)) return relationships;
  const Result<XmlPart> xml = read_xml(archive, name, options);
  if (!xml) return xml.error();
  for (const pugi::xml_node& each : child(**xml, "Relationships").children()) {
    if (value(each, "TargetMode") == "External") continue;
    relationships.emplace(value(each, "Id"), Relationship{std::string(after_last(value(each, "Type"), '/')),
                                                          resolve_member(part, value(each, "Target"))});
  }
  return relationships;
}

std::string target_of_type(const Relationships& relationships, std::string_view type) {
  for (const auto& [id, each] : relationships) {
    if (each.type == type) return each.target;
  }
  return {};
}

Result<OfficePackage> open_office(const Input& input, const OfficeKind& kind) {
  if (Status status = check_not_old_office(input.bytes, kind.extension); !status) return status.error();
  Result<Archive> archive = Archive::open(input.bytes, input.options);
  if (!archive) return archive.error();
  const auto not_this = [&](const std::string& why) {
    return Error{ErrorKind::bad_input, "the archive is not " + std::string(kind.noun) + ": " + why};
  };
  if (!archive->has("[Content_Types].xml")) return not_this("it has no table of content types");
  const Result<XmlPart> types = read_xml(*archive, "[Content_Types].xml", input.options);
  if (!types) return types.error();
  const Result<Relationships> root = read_relationships(*archive, "", input.options);
  if (!root) return root.error();
  std::string main_part = target_of_type(*root, "officeDocument");
  if (main_part.empty()) return not_this("it does not say where its content is");
  const std::string type = content_type_of(child(**types, "Types"), main_part);
  if (type.find(kind.content_type) == std::string::npos) return other_kind(kind, type);
  if (!archive->has(main_part)) return not_this("'" + main_part + "' is missing");
  Result<Relationships> relationships = read_relationships(*archive, main_part, input.options);
  if (!relationships) return relationships.error();
  return OfficePackage{std::move(archive).value(), std::move(main_part), std::move(relationships).value()};
}

bool is_made_up_title(std::string_view title) {
  return title.empty() || title == "PowerPoint Presentation" || title == "PowerPoint 演示文稿" ||
         title == "PowerPoint 簡報" || title.starts_with("Microsoft Word - ");
}

void set_metadata(ExtractedText& result, const std::string& key, const std::string& text) {
  if (!text.empty()) result.metadata[key] = text;
}

void read_core_properties(OfficePackage& package, const ReadOptions& options, ExtractedText& result) {
  constexpr std::string_view kCore = "docProps/core.xml";
  if (!package.archive.has(kCore)) return;
  const Result<XmlPart> xml = read_xml(package.archive, kCore, options);
  if (!xml) {
    result.notes.push_back("the document's properties could not be read: " + xml.error().text);
    return;
  }
  const pugi::xml_node properties = child(**xml, "coreProperties");
  const auto property = [&](std::string_view name) { return text_below(child(properties, name)); };
  result.title = property("title");
  // Styles name a language too, but it is the program's default more often than the text's.
  result.language = primary_language(property("language"));
  set_metadata(result, "author", property("creator"));
  set_metadata(result, "subject", property("subject"));
  set_metadata(result, "keywords", property("keywords"));
  set_metadata(result, "description", property("description"));
  set_metadata(result, "created", property("created"));
  const std::string modified = property("modified");
  set_metadata(result, "date", modified.empty() ? property("created") : modified);
}

}  // namespace attune::reader
