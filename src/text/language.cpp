#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <unicode/uscript.h>

#include "attune/text.hpp"

#include "text/characters.hpp"

namespace attune::text {
namespace {

// More than this tells nothing new.
constexpr std::size_t kSampleBytes = 128 << 10;

struct Profile {
  std::string_view language;
  std::string_view words;  // frequent words that few other languages have
};

constexpr std::array<Profile, 20> kProfiles{{
    {"en",
     "the of and to in is that for it was with as are on be this by from at which have or an not but were has "
     "their its can will been would they you we how what more when there if other than these do does use your"},
    {"de",
     "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er "
     "hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber wir"},
    {"fr",
     "de la le et les des en un du une que est pour qui dans a par plus pas au sur ne se ce il sont avec son aux "
     "cette ou mais comme nous été être fait ses leur on elle vous ces tout deux même sans peut je d l c qu n"},
    {"es",
     "de la que el en y a los del se las por un para con no una su al lo como más pero sus le ya o este sí "
     "porque esta entre cuando muy sin sobre también me hasta hay donde quien desde es son está fue ser han"},
    {"it",
     "di e il la che in a per un del è non una i le con si da come dei nel alla della più sono anche gli ma al "
     "delle o lo questo ha su se dalla ci degli nella essere stato loro ai suo dal tra quando era perché"},
    {"pt",
     "de a o que e do da em um para é com não uma os no se na por mais as dos como mas foi ao ele das tem à seu "
     "sua ou ser quando muito há nos já está eu também só pelo pela até isso são pode ter você"},
    {"nl",
     "de en van ik te dat die in een hij het niet zijn is was op aan met als voor had er maar om hem dan zou of "
     "wat mijn men dit zo door over ze zich bij ook tot je uit der daar haar naar heb hoe heeft worden wordt"},
    {"sv",
     "och det att i en jag hon som han på den med var sig för så till är men ett om hade de av icke mig du henne "
     "då sin nu har inte hans honom skulle hennes där min man ej vid kunde något från ut när efter upp vi kan"},
    {"da",
     "og i jeg det at en den til er som på de med han af for ikke der var mig sig men et har om vi min havde ham "
     "hun nu over da fra du ud sin dem os op man hans hvor eller hvad skal selv her alle vil blev kunne efter"},
    {"no",
     "og i jeg det at en et den til er som på de med han av ikke ikkje der så var meg seg men ett har om vi min "
     "mitt ha hadde hun nå over da ved fra du ut sin dem oss opp man kan hans hvor eller hva skal selv her bli"},
    {"fi",
     "ja on ei että se oli hän mutta joka kun niin myös ovat tai sen kuin ole voi sekä jos mukaan jo vain hänen "
     "ollut joita mitä nyt ennen olla tämä nämä kuitenkin vielä siitä siinä mitään mikä miten jotka sitä"},
    {"ro",
     "și în de la cu pe o un nu este din că se mai care pentru sunt ce au fost prin sau dar fi a al ale lui ei "
     "este această acest după când foarte poate fără între"},
    {"hu",
     "a az és hogy nem is egy ez de meg volt csak már még el ki mint vagy kell lehet amely ha van után minden "
     "azt ezt sem mert szerint majd között illetve"},
    {"tr",
     "ve bir bu da de için ile olarak çok daha gibi olan en kadar sonra ne var o ya mi her değil ise ancak olduğu "
     "tarafından veya oldu şey ama"},
    {"pl",
     "i w na z do się nie jest to że o jak po za od przez dla ale są co tym oraz lub był jego który może być tak "
     "także ich już tylko jako które"},
    {"cs",
     "a v se na je že s z do o k i jako za by ale pro nebo od po jsou který bylo také aby jeho při byl jen není "
     "tak které až jsem"},
    {"ca",
     "de la i a el que en les els per un una del amb no és es al com més són dels pel va seva aquesta també o "
     "però aquest entre fins ha ser han seu"},
    {"id",
     "yang dan di dari untuk dengan pada ini itu dalam adalah tidak ke akan juga oleh sebagai karena atau telah "
     "dapat mereka tersebut ada saya kami bisa lebih"},
    {"vi",
     "và của là có được cho không trong một với các để những người này đã khi từ đó về cũng như ra nhiều tại "
     "đến trên vào hay nếu thì"},
    {"eu", "eta da ez du bat ere zen dira baina izan dute den zuen egin dago beste baino hau hori ditu edo bere"},
}};

using Votes = std::unordered_map<std::string_view, std::uint32_t>;  // word → bit for each profile

const Votes& profile_votes() {
  static const Votes votes = [] {
    Votes made;
    for (std::size_t i = 0; i < kProfiles.size(); ++i) {
      const std::string_view words = kProfiles[i].words;
      for (std::size_t start = 0; start < words.size();) {
        const std::size_t end = std::min(words.find(' ', start), words.size());
        made[words.substr(start, end - start)] |= 1U << i;
        start = end + 1;
      }
    }
    return made;
  }();
  return votes;
}

// The Latin language with the most function words, "" where none stands out.
std::string latin_language(std::string_view sample) {
  std::array<double, kProfiles.size()> score{};
  std::size_t words = 0;
  for (std::size_t at = 0; at < sample.size();) {
    std::size_t end = at;
    std::size_t behind = at;
    while (behind < sample.size()) {
      const CharacterClass kind = character_class(next_character(sample, behind));
      if (kind != CharacterClass::letter && kind != CharacterClass::extender) break;
      end = behind;
    }
    if (end == at) {
      at = behind;
      continue;
    }
    ++words;
    const auto found = profile_votes().find(fold(sample.substr(at, end - at)));
    at = end;
    if (found == profile_votes().end()) continue;
    // A word that many languages share says less.
    const double weight = 1.0 / __builtin_popcount(found->second);
    for (std::size_t i = 0; i < kProfiles.size(); ++i) {
      if ((found->second >> i & 1U) != 0) score[i] += weight;
    }
  }
  std::size_t best = 0;
  for (std::size_t i = 1; i < score.size(); ++i) {
    if (score[i] > score[best]) best = i;
  }
  double second = 0;
  for (std::size_t i = 0; i < score.size(); ++i) {
    if (i != best) second = std::max(second, score[i]);
  }
  const bool enough = score[best] >= 1.0 && score[best] >= 0.04 * static_cast<double>(words);
  return enough && score[best] >= 1.3 * second ? std::string(kProfiles[best].language) : "";
}

struct ScriptCounts {
  double latin = 0, cyrillic = 0, greek = 0, arabic = 0, hebrew = 0, thai = 0, devanagari = 0, armenian = 0, tamil = 0;
  double han = 0, kana = 0, hangul = 0;
  bool ukrainian = false;
  bool persian = false;
};

ScriptCounts count_scripts(std::string_view sample) {
  ScriptCounts counts;
  for (std::size_t at = 0; at < sample.size();) {
    const char32_t character = next_character(sample, at);
    const CharacterClass kind = character_class(character);
    if (kind == CharacterClass::separator || kind == CharacterClass::digit || kind == CharacterClass::extender)
      continue;
    UErrorCode status = U_ZERO_ERROR;
    switch (uscript_getScript(static_cast<UChar32>(character), &status)) {
      case USCRIPT_LATIN:
        ++counts.latin;
        break;
      case USCRIPT_CYRILLIC:
        ++counts.cyrillic;
        counts.ukrainian = counts.ukrainian || character == U'і' || character == U'ї' || character == U'є';
        break;
      case USCRIPT_GREEK:
        ++counts.greek;
        break;
      case USCRIPT_ARABIC:
        ++counts.arabic;
        counts.persian =
            counts.persian || character == U'پ' || character == U'چ' || character == U'گ' || character == U'ی';
        break;
      case USCRIPT_HEBREW:
        ++counts.hebrew;
        break;
      case USCRIPT_THAI:
        ++counts.thai;
        break;
      case USCRIPT_DEVANAGARI:
        ++counts.devanagari;
        break;
      case USCRIPT_ARMENIAN:
        ++counts.armenian;
        break;
      case USCRIPT_TAMIL:
        ++counts.tamil;
        break;
      case USCRIPT_HAN:
        ++counts.han;
        break;
      case USCRIPT_HIRAGANA:
      case USCRIPT_KATAKANA:
        ++counts.kana;
        break;
      case USCRIPT_HANGUL:
        ++counts.hangul;
        break;
      default:
        break;
    }
  }
  return counts;
}

}  // namespace

std::string detect_language(std::string_view utf8) {
  const std::string_view sample = utf8.substr(0, kSampleBytes);
  const ScriptCounts counts = count_scripts(sample);
  // One Chinese character says about as much as three Latin letters, a Korean syllable as two.
  const double chinese = 3 * (counts.han + counts.kana);
  const bool japanese = counts.kana > 0.1 * (counts.han + counts.kana);
  const std::array<std::pair<std::string_view, double>, 9> scripts{{
      {japanese ? "ja" : "zh", chinese},
      {"ko", 2 * counts.hangul},
      {counts.ukrainian ? "uk" : "ru", counts.cyrillic},
      {"el", counts.greek},
      {counts.persian ? "fa" : "ar", counts.arabic},
      {"he", counts.hebrew},
      {"th", counts.thai},
      {"hi", counts.devanagari},
      {counts.armenian > counts.tamil ? "hy" : "ta", std::max(counts.armenian, counts.tamil)},
  }};
  const auto& best = *std::max_element(scripts.begin(), scripts.end(),
                                       [](const auto& a, const auto& b) { return a.second < b.second; });
  if (counts.latin > best.second) {
    std::string language = latin_language(sample);
    // Names, commands and code in Latin letters are no language: the words between them are.
    if (!language.empty() || best.second < 0.2 * counts.latin) return language;
  }
  return best.second < 2 ? "" : std::string(best.first);
}

}  // namespace attune::text
