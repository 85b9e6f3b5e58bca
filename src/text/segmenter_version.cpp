#include <string>

#include <unicode/uchar.h>
#include <unicode/uversion.h>

#include "attune/text.hpp"

#include "text/chinese.hpp"

namespace attune::text {
namespace {

// Raised whenever this room's own rules give other terms than before.
constexpr int kRules = 1;

}  // namespace

std::string segmenter_version() {
  UVersionInfo icu{};
  u_getVersion(icu);
  char icu_version[U_MAX_VERSION_STRING_LENGTH] = {};
  u_versionToString(icu, icu_version);
  // Snowball's library does not tell its version; the build reads it from the file name.
  return "rules " + std::to_string(kRules) + "; icu " + icu_version +
         "; unicode " U_UNICODE_VERSION "; snowball " ATTUNE_SNOWBALL_VERSION "; opencc " +
         (has_chinese_dictionaries() ? "t2s+tw2sp " ATTUNE_OPENCC_VERSION : "absent");
}

}  // namespace attune::text
