// E-mail (.eml): the message's own text, who wrote it to whom and when, and the names of what is attached.
#include <string>

#include "attune/text.hpp"

#include "reader/flow_text.hpp"
#include "reader/format.hpp"
#include "reader/html.hpp"
#include "reader/html_head.hpp"
#include "reader/mime.hpp"
#include "reader/source_lines.hpp"
#include "reader/text_builder.hpp"

namespace attune::reader {
namespace {

constexpr int kMostNesting = 32;  // multiparts and forwarded messages within each other

class Message {
 public:
  Message(const Input& input, TextBuilder& builder) : input_(input), builder_(builder) {}

  Status add(const MimePart& part);

 private:
  Status add_alternative(const MimePart& part);
  Status add_text(const MimePart& part);
  void add_plain(std::string_view utf8);
  void add_forwarded(const MimePart& part);

  const Input& input_;
  TextBuilder& builder_;
};

// Plain text, or HTML where there is none.
Status Message::add_alternative(const MimePart& part) {
  const MimePart* html = nullptr;
  for (const MimePart& child : part.children) {
    if (child.type.value == "text/plain" && child.body.find_first_not_of(" \t\r\n") != std::string::npos) {
      return add(child);
    }
    if (child.type.value != "text/plain") html = &child;
  }
  return html == nullptr ? Status() : add(*html);
}

void Message::add_forwarded(const MimePart& part) {
  for (const char* name : {"subject", "from", "date"}) {
    const std::string value = as_flow(decode_encoded_words(part.field(name)));
    if (!value.empty()) builder_.add(BlockKind::paragraph, value);
  }
}

Status Message::add(const MimePart& part) {
  if (input_.stop.stop_requested()) return Error{ErrorKind::cancelled, "stopped on request"};
  if (!part.complete) builder_.result().notes.push_back("the message is cut off: its last part never ends");
  if (part.type.value == "multipart/alternative") return add_alternative(part);
  if (!part.children.empty()) {
    if (part.type.value == "message/rfc822") add_forwarded(part.children.front());
    for (const MimePart& child : part.children) {
      if (const Status status = add(child); !status) return status;
    }
    return {};
  }
  if (part.is_attachment() || !part.type.value.starts_with("text/")) {
    const std::string name = part.file_name();
    const bool is_wrapper = part.type.value.starts_with("multipart/") || part.body.empty();
    if (!is_wrapper || !name.empty()) {
      builder_.result().notes.push_back("not read: the attachment " +
                                        (name.empty() ? part.type.value : "'" + name + "'"));
    }
    return {};
  }
  return add_text(part);
}

Status Message::add_text(const MimePart& part) {
  const auto declared = part.type.parameters.find("charset");
  std::string charset = declared == part.type.parameters.end() ? std::string() : declared->second;
  const bool html = part.type.value == "text/html";
  if (charset.empty() && html) charset = declared_charset(part.body);
  if (part.body.empty()) return {};
  const Result<text::Decoded> decoded = text::decode(part.body, charset);
  if (!decoded) return decoded.error();
  if (decoded->replaced > 0) note_decoding(*decoded, builder_.result());
  if (html) return add_html(decoded->utf8, input_, {.keep_link_clusters = true, .with_lines = false}, builder_);
  add_plain(decoded->utf8);
  return {};
}

// Paragraphs; lines that quote an earlier message as quotes. What follows "-- " is the signature and stays.
void Message::add_plain(std::string_view utf8) {
  SourceLines lines(utf8);
  std::string paragraph;
  bool quoted = false;
  const auto close = [&] {
    builder_.add(quoted ? BlockKind::quote : BlockKind::paragraph, unwrapped(paragraph));
    paragraph.clear();
  };
  while (lines.next()) {
    std::string_view line = lines.text();
    const bool is_quote = line.starts_with('>');
    while (line.starts_with('>') || (is_quote && line.starts_with(' '))) line.remove_prefix(1);
    if (is_quote != quoted || line.find_first_not_of(" \t") == std::string_view::npos) close();
    quoted = is_quote;
    paragraph.append(line).append("\n");
  }
  close();
}

}  // namespace

Result<ExtractedText> read_email(const Input& input) {
  const Result<MimePart> message = parse_mime(input.bytes, kMostNesting);
  if (!message) return message.error();
  TextBuilder builder(input.options.max_text_bytes);
  builder.result().title = as_flow(decode_encoded_words(message->field("subject")));
  for (const char* name : {"from", "to", "cc", "date", "subject", "message-id", "in-reply-to"}) {
    const std::string value = as_flow(decode_encoded_words(message->field(name)));
    if (!value.empty()) builder.result().metadata[name] = value;
  }
  if (const Status status = Message(input, builder).add(*message); !status) return status.error();
  return builder.finish();
}

}  // namespace attune::reader
