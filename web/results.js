// The list of results: one card for each cited passage.

import { Bytes, element } from "./elements.js";
import { languageName, noteText, words } from "./words.js";

export const documentLink = (hit) =>
  `#/doc/${hit.document.id}?start=${hit.citation.start}&end=${hit.citation.end}`;

function place(hit) {
  const { page, line, start, end } = hit.citation;
  const parts = [hit.document.collection, hit.document.path];
  if (page) parts.push(words().page(page));
  if (line) parts.push(words().line(line));
  parts.push(words().bytes(start, end));
  return element("p", { class: "where" }, ...parts.filter(Boolean).map((part) => element("span", {}, part)));
}

function snippet(hit) {
  const pieces = hit.snippet?.pieces ?? [{ text: hit.text, match: false }];
  const node = element("p", { class: "passage", lang: hit.document.language || undefined });
  const whole = hit.snippet ? new TextEncoder().encode(hit.text).length : 0;
  if (hit.snippet && hit.snippet.start > 0) node.append("… ");
  for (const piece of pieces) node.append(piece.match ? element("mark", {}, piece.text) : piece.text.replace(/\n\s*\n/g, "\n"));
  if (hit.snippet && hit.snippet.end < whole) node.append(" …");
  return { node, cut: hit.snippet && (hit.snippet.start > 0 || hit.snippet.end < whole) };
}

// The marked words again, in the whole passage.
function wholePassage(hit) {
  const node = element("p", { class: "passage whole", lang: hit.document.language || undefined });
  const bytes = new TextEncoder().encode(hit.text);
  const text = (start, end) => new TextDecoder().decode(bytes.subarray(start, end));
  node.append(text(0, hit.snippet.start));
  for (const piece of hit.snippet.pieces) node.append(piece.match ? element("mark", {}, piece.text) : piece.text);
  node.append(text(hit.snippet.end, bytes.length));
  return node;
}

function parts(hit, most) {
  const list = element("dl", { class: "parts" });
  for (const part of hit.explain.parts ?? []) {
    const fill = element("div", { class: `fill ${part.leg === "bm25" ? "bm25" : ""}` });
    fill.style.width = `${Math.max(0, Math.min(1, most > 0 ? part.contribution / most : 0)) * 100}%`;
    list.append(
      element("dt", {}, words()[part.leg] ?? part.leg),
      element("dd", { class: "track", ariaHidden: "true" }, fill),
      element("dd", { class: "amount" }, `${part.contribution.toFixed(3)} (${part.leg} ${part.score.toFixed(3)}, ${words().rank(part.rank)})`),
    );
  }
  return list;
}

function card(hit, most) {
  const link = element("a", { href: documentLink(hit) }, hit.document.title || hit.document.path);
  const heading = hit.citation.heading ? element("p", { class: "heading" }, hit.citation.heading) : null;
  const short = snippet(hit);
  const below = element("div", { class: "below" });
  const node = element("li", { class: "hit" }, element("h2", { lang: hit.document.language || undefined }, link), place(hit), heading,
    short.node, below);
  if (short.cut) {
    const toggle = element("button", { type: "button", class: "quiet", ariaExpanded: "false" }, words().whole);
    let shown = short.node;
    toggle.addEventListener("click", () => {
      const open = toggle.ariaExpanded !== "true";
      const next = open ? wholePassage(hit) : short.node;
      shown.replaceWith(next);
      shown = next;
      toggle.ariaExpanded = String(open);
      toggle.textContent = open ? words().less : words().whole;
    });
    below.append(toggle);
  }
  const tags = [hit.document.format, hit.document.language ? languageName(hit.document.language) : ""].filter(Boolean);
  below.append(element("span", {}, tags.join(" · ")),
    element("span", { class: "score" }, hit.relevance === undefined ? words().score(hit.score.toFixed(3))
      : words().relevance(Math.round(100 * hit.relevance))));
  if (hit.explain) node.append(parts(hit, most));
  return node;
}

// How else the question was asked. What is not its own words is marked; the tip says who said it.
function rewritesView(rewrites) {
  const list = element("ul", { class: "rewrites" }, element("li", { class: "caption" }, words().alsoAsked));
  for (const rewrite of rewrites) {
    const bytes = new Bytes(rewrite.text);
    const text = element("span", { class: "rewritten" });
    let at = 0;
    for (const { output, from, turn } of rewrite.origins) {
      if (output.start < at) continue;
      text.append(bytes.slice(at, output.start),
        element("mark", { title: words().saidBy(from, turn) }, bytes.slice(output.start, output.end)));
      at = output.end;
    }
    text.append(bytes.slice(at, bytes.bytes.length));
    list.append(element("li", { title: words().foundBy(rewrite.found, rewrite.alone) },
      element("span", { class: "kind" }, words().kinds[rewrite.kind] ?? rewrite.kind), text));
  }
  return list;
}

export function resultsView(answer) {
  const fragment = document.createDocumentFragment();
  // How far the vectors are stands in the line above, where it goes on counting.
  const notes = answer.notes.filter((note) => !/^\d+ of \d+ passages can be found by meaning/.test(note));
  if (notes.length > 0) {
    fragment.append(element("ul", { class: "notes" }, ...notes.map((note) => element("li", {}, noteText(note)))));
  }
  if (answer.rewrites?.length > 0) fragment.append(rewritesView(answer.rewrites));
  if (answer.hits.length === 0) {
    fragment.append(element("p", { class: "start" }, words().nothing));
    return fragment;
  }
  const contributions = answer.hits.flatMap((hit) => (hit.explain?.parts ?? []).map((part) => part.contribution));
  const most = Math.max(0, ...contributions);
  fragment.append(element("ol", { class: "hits" }, ...answer.hits.map((hit) => card(hit, most))));
  return fragment;
}

// Moves the focus from one result to the next (1) or the one before (-1).
export function moveFocus(step) {
  const links = [...document.querySelectorAll(".hit h2 a")];
  if (links.length === 0) return false;
  const at = links.indexOf(document.activeElement);
  const next = at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step;
  if (next < 0) document.getElementById("query").focus();
  else links[Math.min(next, links.length - 1)].focus();
  return true;
}
