#include "text/stop_words.hpp"

#include <map>
#include <string>
#include <unordered_set>

namespace attune::text {
namespace {

// The first lines are Lucene's English set; what follows are the words that questions are asked with.
constexpr std::string_view kEnglish =
    "a an and are as at be but by for if in into is it no not of on or such that the their then there these they this "
    "to was will with "
    "i me my we us our you your he him his she her its them am were been being do does did doing done has have had "
    "can could may might must shall should would "
    "how what what's whats which who whom whose when where why "
    "from about than so any some please tell "
    "don't doesn't didn't isn't aren't can't i'm i've i'd it's let's e.g eg i.e ie";

constexpr std::string_view kGerman =
    "der die das den dem des ein eine einer eines einem einen und oder aber nicht ist sind war waren wird werden wie "
    "was wer wen wem wo wann warum weshalb wieso welche welcher welches welchen ich du er sie es wir ihr man mein mit "
    "von vom zu zum zur im in am an auf aus bei für als auch kann können soll sollen muss habe hat haben gibt";

constexpr std::string_view kFrench =
    "le la les un une des du de au aux et ou mais ne pas est sont était être ce cet cette ces que qui quoi dont où "
    "quand comment pourquoi quel quelle quels quelles je tu il elle on nous vous ils elles mon ma mes se son sa ses en "
    "dans par pour sur avec sans puis peut peux faire fait a ont ai";

constexpr std::string_view kSpanish =
    "el la los las un una unos unas de del al y o pero no es son era fue ser está están que qué quién quiénes cómo "
    "como cuándo cuando dónde donde por para con sin en cuál cuáles yo tú mi me se su sus lo le hay puedo puede hacer";

constexpr std::string_view kItalian =
    "il lo la i gli le un uno una di del della dei delle da dal a al alla e o ma non è sono era che chi cosa come "
    "quando dove perché quale quali io mi si in nel nella con per su posso può fare c'è";

constexpr std::string_view kPortuguese =
    "o a os as um uma de do da dos das e ou mas não é são era que quem qual quais como quando onde por para com sem "
    "em no na nos nas eu me se meu minha seu sua posso pode fazer";

constexpr std::string_view kDutch =
    "de het een en of maar niet is zijn was wordt worden wat wie waar wanneer waarom hoe welke ik je jij hij zij wij "
    "we mijn van voor met op in aan bij uit te om als dat die dit kan kunnen moet heeft hebben er";

constexpr std::string_view kRussian =
    "и в во не что он на я с со как а то все она так его но да ты к у же вы за бы по ее мне есть о из ему когда где "
    "почему кто какой какая какие каком каких чем ли это для от мы мой можно";

constexpr std::string_view kChinese =
    "的 了 着 过 地 得 是 在 和 与 及 或 吗 呢 吧 啊 呀 嘛 么 我 你 您 他 她 它 我们 你们 他们 她们 它们 这 那 这个 "
    "那个 这些 那些 有 被 把 将 对 于 从 到 以 为 也 都 就 而 其 之 所 者 上 中 下 里 请 请问 "
    "如何 怎么 怎样 怎么样 怎么办 什么 什么样 为什么 为何 哪 哪些 哪个 哪里 哪儿 哪一 哪种 谁 何 何时 几 多少 "
    "是否 能否 可否 会 能 可以 应该 想 要 一个 一下 一种 有没有 是不是 分别 关于";

constexpr std::string_view kJapanese =
    "の に は を た が で て と し れ さ も な い か ら する です ます ください どう どの どこ どれ だれ 誰 何 なに "
    "なぜ "
    "いつ から まで こと もの これ それ あれ この その ある いる";

constexpr std::string_view kKorean = "무엇 어떻게 왜 언제 어디 누가 누구 어떤 그 이 저 것 수 및";

using WordSet = std::unordered_set<std::string_view>;

WordSet words_of(std::string_view list) {
  WordSet words;
  for (std::size_t start = 0; start < list.size();) {
    const std::size_t end = std::min(list.find(' ', start), list.size());
    if (end > start) words.insert(list.substr(start, end - start));
    start = end + 1;
  }
  return words;
}

const WordSet* stop_words(std::string_view language) {
  static const std::map<std::string_view, WordSet> sets{
      {"de", words_of(kGerman)},     {"en", words_of(kEnglish)},  {"es", words_of(kSpanish)}, {"fr", words_of(kFrench)},
      {"it", words_of(kItalian)},    {"ja", words_of(kJapanese)}, {"ko", words_of(kKorean)},  {"nl", words_of(kDutch)},
      {"pt", words_of(kPortuguese)}, {"ru", words_of(kRussian)},  {"zh", words_of(kChinese)},
  };
  const auto found = sets.find(language);
  return found == sets.end() ? nullptr : &found->second;
}

}  // namespace

bool is_stop_word(std::string_view folded, std::string_view language) {
  const WordSet* const words = stop_words(language);
  return words != nullptr && words->contains(folded);
}

}  // namespace attune::text
