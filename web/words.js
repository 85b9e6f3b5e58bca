// What the page says, in English and Chinese. Chosen by the browser's languages, changed by the switch, kept in this
// browser.

const english = {
  skip: "Skip to the results",
  ask: "Ask your documents",
  search: "Search",
  filters: "Filters",
  collection: "Collection",
  language: "Language",
  format: "Format",
  path: "Path, e.g. notes/**",
  anyCollection: "All collections",
  anyLanguage: "All languages",
  anyFormat: "All formats",
  explain: "Explain scores",
  follow: "Follow-up",
  followTip: "Read the question as part of what was asked on this page before",
  alsoAsked: "Also asked as",
  kinds: { spelling: "spelling", neural: "in full", topics: "with topics", answer: "after the answer",
    abbreviation: "abbreviation", part: "one side" },
  saidBy: (from, turn) => ({ question: "from the question", collection: "from the collection", history: `from turn ${turn + 1}` })[from],
  foundBy: (found, alone) => `also asked so; found ${found} of these passages, ${alone} of them alone`,
  keys: "/ to search · ↑ ↓ to move · Enter to open · Esc to go back",
  searching: "Searching …",
  found: (count, ms) => (count === 1 ? "1 passage" : `${count} passages`) + ` in ${ms} ms`,
  nothing: "Nothing was found. Try fewer or other words, or take a filter away.",
  start: "Ask in your own words, in any language. For example:",
  noDocuments: "Nothing is indexed yet. Run “attune index FOLDER” and it appears here.",
  whole: "Show whole passage",
  less: "Show less",
  open: "Open document",
  score: (value) => `score ${value}`,
  relevance: (percent) => `relevance ${percent} %`,
  page: (n) => `page ${n}`,
  line: (n) => `line ${n}`,
  bytes: (a, b) => `bytes ${a}–${b}`,
  bm25: "words",
  dense: "meaning",
  rerank: "read together",
  rank: (n) => `no. ${n}`,
  back: "Back to the results",
  earlier: "Show what comes before",
  later: "Show what comes after",
  facts: (d) => `${d.collection} · ${d.path} · ${d.format}${d.language ? " · " + d.language : ""} · SHA-256 ${d.sha256.slice(0, 12)}…`,
  state: (found, all) => `${found} of ${all} passages can be found by meaning; by words, all.`,
  stateAll: (all, documents) => `${all} passages of ${documents} documents can be found by words and by meaning.`,
  stateWords: (all, documents) => `${all} passages of ${documents} documents can be found by words. No embedding model is loaded.`,
  left: (text) => ` About ${text} left.`,
  reading: " A folder is being read.",
  rebuilding: " The vector index is being rebuilt.",
  seconds: (n) => `${n} s`,
  minutes: (n) => `${n} min`,
  lost: "The server does not answer. Is it still running?",
  keyWanted: "This server wants an API key.",
  keyLabel: "API key",
  keySend: "Use it",
};

const chinese = {
  skip: "跳到结果",
  ask: "向你的文档提问",
  search: "搜索",
  filters: "筛选",
  collection: "文档集",
  language: "语言",
  format: "格式",
  path: "路径，如 notes/**",
  anyCollection: "全部文档集",
  anyLanguage: "全部语言",
  anyFormat: "全部格式",
  explain: "解释得分",
  follow: "追问",
  followTip: "把问题当作本页先前提问的延续来理解",
  alsoAsked: "同时这样查找",
  kinds: { spelling: "拼写", neural: "补全", topics: "加话题", answer: "接上文", abbreviation: "缩写", part: "其中一方" },
  saidBy: (from, turn) => ({ question: "来自问题", collection: "来自文档", history: `来自第 ${turn + 1} 轮` })[from],
  foundBy: (found, alone) => `也这样问过；找到其中 ${found} 个段落，${alone} 个只由它找到`,
  keys: "/ 搜索 · ↑ ↓ 移动 · Enter 打开 · Esc 返回",
  searching: "正在搜索……",
  found: (count, ms) => `${count} 个段落，用时 ${ms} 毫秒`,
  nothing: "没有找到。请换用更少或别的词，或去掉筛选条件。",
  start: "用自己的话提问，任何语言都可以。例如：",
  noDocuments: "还没有索引任何文档。运行 “attune index 文件夹” 后，这里就能搜到。",
  whole: "显示完整段落",
  less: "收起",
  open: "打开文档",
  score: (value) => `得分 ${value}`,
  relevance: (percent) => `相关度 ${percent}%`,
  page: (n) => `第 ${n} 页`,
  line: (n) => `第 ${n} 行`,
  bytes: (a, b) => `字节 ${a}–${b}`,
  bm25: "词语",
  dense: "语义",
  rerank: "同读",
  rank: (n) => `第 ${n} 名`,
  back: "返回结果",
  earlier: "显示前面的内容",
  later: "显示后面的内容",
  facts: english.facts,
  state: (found, all) => `${all} 个段落中，${found} 个可按语义查找；按词语则全部可查。`,
  stateAll: (all, documents) => `${documents} 篇文档的 ${all} 个段落均可按词语和语义查找。`,
  stateWords: (all, documents) => `${documents} 篇文档的 ${all} 个段落可按词语查找。没有载入向量模型。`,
  left: (text) => `大约还需 ${text}。`,
  reading: "正在读取文件夹。",
  rebuilding: "正在重建向量索引。",
  seconds: (n) => `${n} 秒`,
  minutes: (n) => `${n} 分钟`,
  lost: "服务器没有回应。它还在运行吗？",
  keyWanted: "这个服务器需要 API 密钥。",
  keyLabel: "API 密钥",
  keySend: "使用",
};

// Notes of the server in Chinese; what is not listed stays as it came.
const chineseNotes = [
  [/^no cross-encoder is loaded: hits stand in the order of retrieval$/, () => "没有载入交叉编码器：结果按检索顺序排列"],
  [/^(\d+) near-duplicates? of .* left out$/, (count) => `略去 ${count} 个与更好结果近乎相同的段落`],
  [/^no passage passes the filters$/, () => "没有段落符合筛选条件"],
  [/^(\d+) of (\d+) passages were reranked; there was no time for the others$/, (read, all) => `时间只够重排 ${all} 个段落中的 ${read} 个`],
  [/^(\d+) passages were left out: less relevant than asked for$/, (count) => `略去 ${count} 个相关度不足的段落`],
  [/^(\d+) passages were left out: they were not read, so their relevance is not known$/, (count) => `略去 ${count} 个未读、相关度未知的段落`],
  [/^nothing is indexed yet$/, () => "还没有索引任何文档"],
];

const all = { en: english, zh: chinese };
const preferred = () => {
  const kept = localStorage.getItem("attune.language");
  if (kept in all) return kept;
  return (navigator.language ?? "en").toLowerCase().startsWith("zh") ? "zh" : "en";
};

let current = preferred();

export const uiLanguage = () => current;
export const words = () => all[current];
export const numberText = (n) => new Intl.NumberFormat(current).format(n);

export function noteText(note) {
  for (const [pattern, say] of current === "zh" ? chineseNotes : []) {
    const found = note.match(pattern);
    if (found) return say(...found.slice(1));
  }
  return note;
}

export function languageName(tag) {
  try {
    return new Intl.DisplayNames([current], { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

export function switchLanguage() {
  current = current === "en" ? "zh" : "en";
  localStorage.setItem("attune.language", current);
}

// Fills in everything that stands in index.html.
export function applyWords(root = document) {
  document.documentElement.lang = current;
  for (const node of root.querySelectorAll("[data-words]")) node.textContent = words()[node.dataset.words];
  for (const node of root.querySelectorAll("[data-placeholder]")) node.placeholder = words()[node.dataset.placeholder];
  for (const node of root.querySelectorAll("[data-tip]")) node.title = words()[node.dataset.tip];
  for (const node of root.querySelectorAll("[data-label]")) node.ariaLabel = words()[node.dataset.label];
}
