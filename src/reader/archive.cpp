#include "reader/archive.hpp"

#include <algorithm>
#include <vector>

#include <zip.h>

namespace attune::reader {
namespace {

using namespace std::string_view_literals;

constexpr zip_int64_t kMaxMembers = 100'000;
constexpr std::uint64_t kMostBytes = 1ULL << 40U;  // far from overflow, whatever the options say
constexpr std::uint64_t kPiece = 1U << 20U;  // unpacked at a time, so that a lying size cannot make us allocate it

zip_t* as_zip(void* zip) {
  return static_cast<zip_t*>(zip);
}

std::string mebibytes(std::uint64_t bytes) {
  return bytes < (1U << 20U) ? std::to_string(bytes) + " bytes" : std::to_string(bytes >> 20U) + " MiB";
}

Error cannot_open(const zip_error_t& error) {
  if (zip_error_code_zip(&error) == ZIP_ER_NOZIP) {
    return {ErrorKind::bad_input, "the file was cut off: the table of contents at its end is missing"};
  }
  return {ErrorKind::bad_input, "the zip archive is damaged"};
}

Error cannot_read(int code) {
  switch (code) {
    case ZIP_ER_NOPASSWD:
    case ZIP_ER_WRONGPASSWD:
    case ZIP_ER_ENCRNOTSUPP:
      return {ErrorKind::unsupported, "it is protected by a password; save it without one"};
    case ZIP_ER_COMPNOTSUPP:
      return {ErrorKind::unsupported, "it is packed by a method that this build cannot unpack"};
    case ZIP_ER_MEMORY:
      return {ErrorKind::too_large, "there is not enough memory to unpack it"};
    default:
      return {ErrorKind::bad_input, "it is damaged and cannot be unpacked"};
  }
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
    if (low < 0 || (high == 0 && low == 0)) {
      decoded += text[i];
    } else {
      decoded += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  return decoded;
}

}  // namespace

void Archive::Close::operator()(void* zip) const {
  zip_discard(as_zip(zip));
}

Result<Archive> Archive::open(std::string_view bytes, const ReadOptions& options) {
  // Asked first, since to libzip no bytes are an archive without members.
  if (!bytes.starts_with("PK"sv)) {
    return Error{ErrorKind::bad_input, "the file is not the zip archive that it should be"};
  }
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), 0, &error);
  zip_t* zip = source != nullptr ? zip_open_from_source(source, ZIP_RDONLY, &error) : nullptr;
  if (zip == nullptr) {
    if (source != nullptr) zip_source_free(source);
    Error reason = cannot_open(error);
    zip_error_fini(&error);
    return reason;
  }
  zip_error_fini(&error);
  Archive archive(zip, std::min(options.max_unpacked_bytes, kMostBytes));
  if (zip_get_num_entries(zip, 0) > kMaxMembers) {
    return Error{ErrorKind::too_large,
                 "the archive has more than " + std::to_string(kMaxMembers) + " members, which no document needs"};
  }
  return archive;
}

std::int64_t Archive::locate(std::string_view name) const {
  const std::string wanted(name);
  const zip_int64_t exact = zip_name_locate(as_zip(zip_.get()), wanted.c_str(), 0);
  return exact >= 0 ? exact : zip_name_locate(as_zip(zip_.get()), wanted.c_str(), ZIP_FL_NOCASE);
}

bool Archive::has(std::string_view name) const {
  return locate(name) >= 0;
}

Result<std::string> Archive::read(std::string_view name) {
  const std::string quoted = "'" + std::string(name) + "'";
  const std::int64_t index = locate(name);
  if (index < 0) return Error{ErrorKind::not_found, "the archive has no " + quoted};
  zip_file_t* opened = zip_fopen_index(as_zip(zip_.get()), static_cast<zip_uint64_t>(index), 0);
  if (opened == nullptr) {
    return cannot_read(zip_error_code_zip(zip_get_error(as_zip(zip_.get())))).while_doing("unpacking " + quoted);
  }
  const std::unique_ptr<zip_file_t, decltype(&zip_fclose)> file(opened, &zip_fclose);
  std::string unpacked;
  for (;;) {
    // One byte more than may come, so that passing the bound is seen.
    const std::uint64_t room = std::min(kPiece, max_bytes_ - used_bytes_ - unpacked.size() + 1);
    const std::size_t before = unpacked.size();
    unpacked.resize(before + room);
    const zip_int64_t got = zip_fread(file.get(), unpacked.data() + before, room);
    if (got < 0) {
      return cannot_read(zip_error_code_zip(zip_file_get_error(file.get()))).while_doing("unpacking " + quoted);
    }
    unpacked.resize(before + static_cast<std::size_t>(got));
    if (unpacked.size() > max_bytes_ - used_bytes_) {
      return Error{ErrorKind::too_large, "unpacked, the file is larger than the limit of " + mebibytes(max_bytes_) +
                                             " (a small archive that unpacks to very much may be an attack)"};
    }
    if (got == 0) break;
  }
  used_bytes_ += unpacked.size();
  return unpacked;
}

Status check_not_old_office(std::string_view bytes, std::string_view save_as) {
  if (!bytes.starts_with("\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"sv)) return {};
  // Stream names stand in the container's directory as UTF-16.
  if (bytes.find("E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e\0"sv) != std::string_view::npos) {
    return Error{ErrorKind::unsupported, "the file is protected by a password; open it and save it as " +
                                             std::string(save_as) + " without one"};
  }
  return Error{ErrorKind::unsupported,
               "the file is in the old binary format of Microsoft Office 97–2003; save it as " + std::string(save_as)};
}

std::string resolve_member(std::string_view base, std::string_view href) {
  const std::string target = percent_decoded(href.substr(0, href.find('#')));
  std::string whole;
  if (!target.starts_with('/')) whole = std::string(base.substr(0, base.rfind('/') + 1));
  whole += target;
  std::vector<std::string_view> parts;
  for (std::string_view rest = whole; !rest.empty();) {
    const auto slash = rest.find('/');
    const std::string_view part = rest.substr(0, slash);
    rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string name;
  for (const std::string_view part : parts) {
    if (!name.empty()) name += '/';
    name += part;
  }
  return name;
}

}  // namespace attune::reader
