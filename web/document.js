// One document: its text by blocks, the cited span marked. A long one is shown around the citation first.

import { Bytes, element } from "./elements.js";
import { words } from "./words.js";

const SHOWN = 300; // blocks at a time

// `text` with [from, to) marked; all three count bytes of the document.
function marked(bytes, block, cited) {
  const from = Math.max(block.start, cited.start);
  const to = Math.min(block.end, cited.end);
  if (from >= to) return [bytes.slice(block.start, block.end)];
  return [
    bytes.slice(block.start, from),
    element("mark", { class: "cited" }, bytes.slice(from, to)),
    bytes.slice(to, block.end),
  ];
}

function blockElement(bytes, block, cited) {
  const children = marked(bytes, block, cited);
  switch (block.kind) {
    case "heading":
      return element(`h${Math.min(4, (block.level ?? 1) + 1)}`, {}, ...children);
    case "code":
      return element("pre", { tabIndex: 0 }, ...children);
    case "quote":
      return element("blockquote", {}, ...children);
    case "list_item":
      return element("div", { class: "item" }, ...children);
    case "table_row":
      return element("div", { class: "row" }, ...children);
    default:
      return element("p", {}, ...children);
  }
}

export function documentView(found, cited, goBack) {
  const bytes = new Bytes(found.text);
  const blocks = found.blocks.length > 0 ? found.blocks : [{ kind: "paragraph", start: 0, end: bytes.bytes.length }];
  const at = Math.max(0, blocks.findIndex((block) => block.end > cited.start));
  let first = Math.max(0, at - SHOWN / 2);
  let end = Math.min(blocks.length, first + SHOWN);

  const text = element("div", { class: "text", lang: found.language || undefined });
  text.append(...blocks.slice(first, end).map((block) => blockElement(bytes, block, cited)));
  const earlier = element("button", { type: "button", class: "quiet more", hidden: first === 0 }, words().earlier);
  earlier.addEventListener("click", () => {
    const from = Math.max(0, first - SHOWN);
    text.prepend(...blocks.slice(from, first).map((block) => blockElement(bytes, block, cited)));
    first = from;
    earlier.hidden = first === 0;
  });
  const later = element("button", { type: "button", class: "quiet more", hidden: end === blocks.length }, words().later);
  later.addEventListener("click", () => {
    const to = Math.min(blocks.length, end + SHOWN);
    text.append(...blocks.slice(end, to).map((block) => blockElement(bytes, block, cited)));
    end = to;
    later.hidden = end === blocks.length;
  });
  const back = element("button", { type: "button", class: "quiet", id: "back" }, `← ${words().back}`);
  back.addEventListener("click", goBack);
  const notes = found.notes?.length
    ? element("ul", { class: "notes" }, ...found.notes.map((note) => element("li", {}, note)))
    : null;
  return element("article", { class: "document" }, back, element("h1", { lang: found.language || undefined }, found.title || found.path),
    element("p", { class: "facts" }, words().facts(found)), notes, earlier, text, later);
}
