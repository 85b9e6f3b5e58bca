// Archive: a zip file in memory, opened for reading single members within bounds. The office readers and the EPUB
// reader stand on it. Not thread-safe; one belongs to one call of a reader. libzip stays in archive.cpp.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "attune/core/result.hpp"
#include "attune/reader.hpp"

namespace attune::reader {

class Archive {
 public:
  // `bytes` must outlive the archive. Fails with bad_input when the file is no zip or is cut off, with unsupported for
  // the containers of old or password-protected Office files, with too_large past the bound on members.
  static Result<Archive> open(std::string_view bytes, const ReadOptions& options);

  // True if there is a member of that name; the spelling's case is ignored where no exact match exists.
  [[nodiscard]] bool has(std::string_view name) const;

  // The member, unpacked and checked against its checksum. Fails with not_found, with unsupported (a password, a
  // compression that libzip does not know), with bad_input (damaged), and with too_large once this member and those
  // read before pass ReadOptions::max_unpacked_bytes together.
  Result<std::string> read(std::string_view name);

 private:
  struct Close {
    void operator()(void* zip) const;
  };
  Archive(void* zip, std::uint64_t max_unpacked_bytes) : zip_(zip), max_bytes_(max_unpacked_bytes) {}
  [[nodiscard]] std::int64_t locate(std::string_view name) const;

  std::unique_ptr<void, Close> zip_;
  std::uint64_t max_bytes_;
  std::uint64_t used_bytes_ = 0;
};

// What `bytes` hold when they are the container that Office 97–2003 and password-protected files share: an Error of
// kind unsupported that says what to do; success for anything else. `save_as` names the way out: ".docx".
Status check_not_old_office(std::string_view bytes, std::string_view save_as);

// `href` as it is written in a part at `base` ("ppt/slides/slide1.xml"), as a member's name: percent signs decoded,
// "." and ".." resolved, a leading '/' meaning the archive's root, no fragment.
std::string resolve_member(std::string_view base, std::string_view href);

}  // namespace attune::reader
