// The page. What is asked stands in the address: ?q= and the filters for the results, #/doc/ID for a document.

import { documentView } from "./document.js";
import { element } from "./elements.js";
import { moveFocus, resultsView } from "./results.js";
import { collections, documentById, keepKey, Refused, search, status } from "./server.js";
import { applyWords, languageName, numberText, switchLanguage, uiLanguage, words } from "./words.js";

const EXAMPLES = {
  en: ["what is self-attention", "how do I configure a static IP address", "注意力机制是什么"],
  zh: ["注意力机制是什么", "如何配置静态 IP 地址", "what is self-attention"],
};
const FILTERS = [
  ["collection", "collections"],
  ["in-language", "languages"],
  ["format", "formats"],
  ["path", "paths"],
];

const byId = (id) => document.getElementById(id);
const view = byId("view");
let running = new AbortController();
let lastAnswer = null; // { query, answer }
let lastStatus = null;
const conversation = []; // { asked, said }: questions of this page with what they found first
const TURNS = 4; // of them that a follow-up question is read with

function say(text) {
  byId("said").textContent = text;
}

function show(...nodes) {
  view.replaceChildren(...nodes);
}

function keyForm() {
  const input = element("input", { type: "password", id: "key", autocomplete: "off", ariaLabel: words().keyLabel });
  const form = element("form", { class: "key" }, input, element("button", { type: "submit" }, words().keySend));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    keepKey(input.value.trim());
    begin();
  });
  return form;
}

function showFault(error) {
  if (error.name === "AbortError") return;
  say("");
  if (error instanceof Refused && error.status === 401) {
    show(element("p", { class: "fault", role: "alert" }, words().keyWanted), keyForm());
    return;
  }
  const text = error instanceof Refused ? error.message : words().lost;
  show(element("p", { class: "fault", role: "alert" }, text));
}

function startView() {
  document.title = "Attune";
  say("");
  if (lastStatus && lastStatus.documents === 0) {
    show(element("div", { class: "start" }, element("p", {}, words().noDocuments)));
    return;
  }
  const list = element("ul", { class: "examples" });
  for (const example of EXAMPLES[uiLanguage()]) {
    const button = element("button", { type: "button" }, example);
    button.addEventListener("click", () => {
      byId("query").value = example;
      submit();
    });
    list.append(element("li", {}, button));
  }
  show(element("div", { class: "start" }, element("p", {}, words().start), list));
}

function searchBody() {
  const body = { query: byId("query").value.trim(), top_k: 10, explain: byId("explain").checked };
  const filters = {};
  for (const [id, member] of FILTERS) {
    const value = byId(id).value.trim();
    if (value) filters[member] = [value];
  }
  if (Object.keys(filters).length > 0) body.filters = filters;
  if (byId("follow").checked) {
    body.history = conversation.filter(({ asked }) => asked !== body.query).slice(-TURNS)
      .flatMap(({ asked, said }) => (said ? [asked, said] : [asked]));
  }
  return body;
}

function addressOf(body) {
  const parameters = new URLSearchParams();
  if (body.query) parameters.set("q", body.query);
  for (const [id] of FILTERS) {
    const value = byId(id).value.trim();
    if (value) parameters.set(id, value);
  }
  if (body.explain) parameters.set("explain", "1");
  const text = parameters.toString();
  return text ? `/?${text}` : "/";
}

function showAnswer(answer) {
  const total = answer.timings_ms.total ?? 0;
  say(words().found(answer.hits.length, total < 10 ? total.toFixed(1) : Math.round(total)));
  byId("said").title = Object.entries(answer.timings_ms)
    .map(([step, ms]) => `${step} ${ms.toFixed(1)} ms`)
    .join("\n");
  show(resultsView(answer));
}

async function runSearch() {
  const body = searchBody();
  markChosen();
  if (!body.query) return startView();
  document.title = `${body.query} – Attune`;
  const kept = JSON.stringify(body);
  if (lastAnswer && lastAnswer.asked === kept) return showAnswer(lastAnswer.answer);
  running.abort();
  running = new AbortController();
  say(words().searching);
  try {
    const answer = await search(body, running.signal);
    lastAnswer = { asked: kept, answer };
    if (conversation.at(-1)?.asked !== body.query) {
      conversation.push({ asked: body.query, said: answer.hits[0]?.text.slice(0, 2000) ?? "" });
    }
    showAnswer(answer);
  } catch (error) {
    showFault(error);
  }
}

function submit() {
  lastAnswer = null;
  history.pushState({ searched: true }, "", addressOf(searchBody()));
  runSearch();
}

function goBack() {
  if (history.state === null && lastAnswer) history.back();
  else {
    history.pushState({ searched: true }, "", location.pathname + location.search);
    route();
  }
}

async function openDocument(id, parameters) {
  running.abort();
  running = new AbortController();
  say("");
  const cited = { start: Number(parameters.get("start") ?? 0), end: Number(parameters.get("end") ?? 0) };
  try {
    const found = await documentById(id, running.signal);
    document.title = `${found.title || found.path} – Attune`;
    show(documentView(found, cited, goBack));
    const mark = document.querySelector("mark.cited");
    if (mark) mark.scrollIntoView({ block: "center", behavior: "instant" });
    else window.scrollTo(0, 0);
    byId("back").focus({ preventScroll: true });
  } catch (error) {
    showFault(error);
  }
}

function route() {
  const [, id, query] = location.hash.match(/^#\/doc\/(\d+)(?:\?(.*))?$/) ?? [];
  if (id) return openDocument(id, new URLSearchParams(query ?? ""));
  return runSearch();
}

function readAddress() {
  const parameters = new URLSearchParams(location.search);
  byId("query").value = parameters.get("q") ?? "";
  byId("explain").checked = parameters.get("explain") === "1";
  for (const [id] of FILTERS) {
    const value = parameters.get(id) ?? "";
    const control = byId(id);
    if (value && control.tagName === "SELECT" && ![...control.options].some((option) => option.value === value)) {
      control.append(element("option", { value }, value));
    }
    control.value = value;
  }
}

function markChosen() {
  for (const [id] of FILTERS) byId(id).classList.toggle("chosen", byId(id).value !== "");
}

function fillSelect(id, any, values, name = (value) => value) {
  const select = byId(id);
  const chosen = select.value;
  const options = values.map((value) => element("option", { value }, name(value)));
  if (chosen && !values.includes(chosen)) options.push(element("option", { value: chosen }, chosen));
  select.replaceChildren(element("option", { value: "" }, any), ...options);
  select.value = chosen;
}

async function fillFilters() {
  const known = await collections().catch(() => ({ collections: [] }));
  fillSelect("collection", words().anyCollection, known.collections.map((collection) => collection.name));
  fillSelect("in-language", words().anyLanguage, (lastStatus?.languages ?? []).filter(Boolean), languageName);
  fillSelect("format", words().anyFormat, lastStatus?.formats ?? []);
}

function stateText(found) {
  const count = numberText;
  if (found.documents === 0) return "";
  if (found.embedder === null) return words().stateWords(count(found.chunks), count(found.documents));
  let text = found.pending === 0
    ? words().stateAll(count(found.chunks), count(found.documents))
    : words().state(count(found.vectors), count(found.chunks));
  if (found.background.state === "words") text += words().reading;
  if (found.background.state === "index") text += words().rebuilding;
  const left = found.background.seconds_left;
  if (found.pending > 0 && found.background.state === "vectors" && left > 0) {
    text += words().left(left < 90 ? words().seconds(Math.ceil(left)) : words().minutes(Math.ceil(left / 60)));
  }
  return text;
}

async function watchStatus() {
  let pause = 20000;
  try {
    if (!document.hidden) {
      const before = lastStatus;
      lastStatus = await status();
      byId("state").textContent = stateText(lastStatus);
      if (before?.documents !== lastStatus.documents) await fillFilters();
      if (before?.documents === 0 && lastStatus.documents > 0) route();
    }
    if (lastStatus && (lastStatus.pending > 0 || lastStatus.background.state !== "idle")) pause = 2000;
  } catch {
    byId("state").textContent = "";
  }
  setTimeout(watchStatus, pause);
}

function onKey(event) {
  const typing = ["INPUT", "SELECT", "TEXTAREA"].includes(document.activeElement?.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    byId("query").select();
  } else if (event.key === "Escape" && byId("back")) {
    goBack();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !["SELECT"].includes(document.activeElement?.tagName)) {
    if (event.isComposing || byId("back")) return;
    if (moveFocus(event.key === "ArrowDown" ? 1 : -1)) event.preventDefault();
  }
}

function nameOtherLanguage() {
  const button = byId("language");
  button.textContent = uiLanguage() === "en" ? "中文" : "English";
  button.lang = uiLanguage() === "en" ? "zh" : "en";
}

async function begin() {
  applyWords();
  nameOtherLanguage();
  try {
    lastStatus = await status();
    byId("state").textContent = stateText(lastStatus);
    await fillFilters();
  } catch (error) {
    return showFault(error);
  }
  readAddress();
  return route();
}

byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
byId("home").addEventListener("click", (event) => {
  event.preventDefault();
  history.pushState({}, "", "/");
  readAddress();
  route();
  byId("query").focus();
});
for (const id of ["collection", "in-language", "format", "follow", "explain", "path"]) {
  byId(id).addEventListener("change", () => submit());
}
byId("language").addEventListener("click", async () => {
  switchLanguage();
  applyWords();
  nameOtherLanguage();
  await fillFilters();
  if (lastStatus) byId("state").textContent = stateText(lastStatus);
  route();
});
document.addEventListener("keydown", onKey);
window.addEventListener("popstate", () => {
  readAddress();
  route();
});

await begin();
setTimeout(watchStatus, 2000);
if (!location.search && !location.hash) byId("query").focus();
