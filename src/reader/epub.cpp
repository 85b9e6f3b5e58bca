// EPUB: a zip of XHTML parts, read in the order of its spine by the HTML reader. The page of a block is its part's
// place in the spine.
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "reader/archive.hpp"
#include "reader/format.hpp"
#include "reader/language_tag.hpp"
#include "reader/ooxml.hpp"
#include "reader/text_builder.hpp"
#include "reader/xml_text.hpp"

namespace attune::reader {
namespace {

struct Part {
  std::string name;  // of the member
  std::string media_type;
  std::string properties;
};

class EpubReader {
 public:
  EpubReader(const Input& input, Archive& archive)
      : input_(input), archive_(archive), builder_(input.options.max_text_bytes) {}

  Result<ExtractedText> read() {
    Result<std::string> package_name = find_package();
    if (!package_name) return package_name.error();
    package_name_ = std::move(package_name).value();
    const Result<XmlPart> document = read_xml(archive_, package_name_, input_.options);
    if (!document) return document.error();
    const pugi::xml_node package = child(**document, "package");
    if (!package) return Error{ErrorKind::bad_input, "the book has no package document"};
    if (Status status = check_version(value(package, "version")); !status) return status.error();
    read_metadata(child(package, "metadata"));
    read_manifest(child(package, "manifest"));
    if (Status status = read_encryption(); !status) return status.error();
    if (Status status = add_spine(child(package, "spine")); !status) return status.error();
    return builder_.finish();
  }

 private:
  Result<std::string> find_package() {
    const Result<XmlPart> container = read_xml(archive_, "META-INF/container.xml", input_.options);
    if (!container) {
      if (container.error().kind != ErrorKind::not_found) return container.error();
      return Error{ErrorKind::bad_input, "the archive is not an EPUB: it does not say where its book is"};
    }
    const pugi::xml_node root = child(child(child(**container, "container"), "rootfiles"), "rootfile");
    std::string name = resolve_member("", value(root, "full-path"));
    if (name.empty() || !archive_.has(name)) {
      return Error{ErrorKind::bad_input, "the book's package document '" + name + "' is missing"};
    }
    return name;
  }

  static Status check_version(std::string_view version) {
    if (version.empty() || version.starts_with("1.") || version.starts_with("2.") || version.starts_with("3."))
      return {};
    return Error{ErrorKind::unsupported,
                 "it is an EPUB of version " + one_line(version) + "; versions 2 and 3 can be read"};
  }

  void read_metadata(const pugi::xml_node& metadata) {
    // EPUB 2 files of the first years put the elements into <dc-metadata>.
    const pugi::xml_node inner = child(metadata, "dc-metadata");
    const pugi::xml_node from = inner ? inner : metadata;
    ExtractedText& result = builder_.result();
    std::string authors;
    for (const pugi::xml_node& each : from.children()) {
      if (local_name(each) == "creator") authors += (authors.empty() ? "" : ", ") + text_below(each);
    }
    const auto property = [&](std::string_view name) { return text_below(child(from, name)); };
    result.title = property("title");
    result.language = primary_language(property("language"));
    set_metadata(result, "author", authors);
    set_metadata(result, "date", property("date"));
    set_metadata(result, "publisher", property("publisher"));
    set_metadata(result, "subject", property("subject"));
    set_metadata(result, "description", property("description"));
    set_metadata(result, "rights", property("rights"));
  }

  void read_manifest(const pugi::xml_node& manifest) {
    for (const pugi::xml_node& item : manifest.children()) {
      if (local_name(item) != "item") continue;
      parts_.emplace(value(item, "id"),
                     Part{resolve_member(package_name_, value(item, "href")), std::string(value(item, "media-type")),
                          std::string(value(item, "properties"))});
    }
  }

  // Which members are encrypted. Fonts often are, lightly, by their own two methods: nothing that hides text.
  Status read_encryption() {
    if (!archive_.has("META-INF/encryption.xml")) return {};
    const Result<XmlPart> part = read_xml(archive_, "META-INF/encryption.xml", input_.options);
    if (!part) return part.error();
    for (const pugi::xml_node& data : child(**part, "encryption").children()) {
      const std::string_view method = value(child(data, "EncryptionMethod"), "Algorithm");
      if (method == "http://www.idpf.org/2008/embedding" || method == "http://ns.adobe.com/pdf/enc#RC") continue;
      const pugi::xml_node reference = child(child(data, "CipherData"), "CipherReference");
      encrypted_.insert(resolve_member("", value(reference, "URI")));
    }
    return {};
  }

  Status add_spine(const pugi::xml_node& spine) {
    int page = 0;
    int read_parts = 0;
    std::string first_failure;
    for (const pugi::xml_node& reference : spine.children()) {
      if (local_name(reference) != "itemref") continue;
      if (input_.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
      if (builder_.full()) break;
      ++page;
      const auto found = parts_.find(value(reference, "idref"));
      const Status added = found == parts_.end()
                               ? Status(Error{ErrorKind::bad_input, "the book does not say which file this part is"})
                               : add_part(found->second, page);
      if (added) {
        ++read_parts;
        continue;
      }
      const Error& error = added.error();
      if (error.kind == ErrorKind::too_large || error.kind == ErrorKind::cancelled) return error;
      if (error.kind == ErrorKind::unsupported && encrypted_.contains(found->second.name)) return error;
      const std::string failure = "part " + std::to_string(page) + " could not be read: " + error.text;
      if (first_failure.empty()) first_failure = failure;
      builder_.result().notes.push_back(failure);
    }
    if (read_parts > 0) return {};
    return Error{ErrorKind::bad_input, first_failure.empty() ? "the book has no parts to read" : first_failure};
  }

  Status add_part(const Part& part, int page) {
    if (encrypted_.contains(part.name)) {
      return Error{ErrorKind::unsupported,
                   "the book is locked by digital rights management (DRM); only the shop's own program can read it"};
    }
    // The table of contents repeats the headings; pictures have no text.
    const bool contents = (" " + part.properties + " ").find(" nav ") != std::string::npos;
    if (contents || part.media_type.starts_with("image/")) return {};
    const Result<std::string> bytes = archive_.read(part.name);
    if (!bytes) return bytes.error();
    const std::filesystem::path path(part.name);
    const Result<ExtractedText> read = read_html({path, *bytes, input_.options, input_.stop});
    if (!read) return read.error();
    for (const Block& block : read->blocks) {
      const std::string_view text = block.span.of(read->text);
      if (block.kind == BlockKind::heading) {
        builder_.add_heading(block.level, text, page);
      } else {
        builder_.add(block.kind, text, page);
      }
    }
    for (const std::string& note : read->notes) {
      builder_.result().notes.push_back("part " + std::to_string(page) + ": " + note);
    }
    if (builder_.result().language.empty()) builder_.result().language = read->language;
    return {};
  }

  const Input& input_;
  Archive& archive_;
  TextBuilder builder_;
  std::string package_name_;
  std::map<std::string, Part, std::less<>> parts_;  // by id
  std::set<std::string, std::less<>> encrypted_;
};

}  // namespace

Result<ExtractedText> read_epub(const Input& input) {
  Result<Archive> archive = Archive::open(input.bytes, input.options);
  if (!archive) return archive.error();
  if (archive->has("mimetype")) {
    const Result<std::string> type = archive->read("mimetype");
    if (!type) return type.error();
    if (one_line(*type) != "application/epub+zip") {
      return Error{ErrorKind::bad_input,
                   "the archive is not an EPUB: it says that it is '" + one_line(*type).substr(0, 80) + "'"};
    }
  }
  return EpubReader(input, *archive).read();
}

}  // namespace attune::reader
