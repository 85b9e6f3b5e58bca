// Building elements. Text goes in as text nodes only: what documents contain is never read as markup.

export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name === "class") node.className = value;
    else if (name in node && name !== "list") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== undefined && child !== null && child !== ""));
  return node;
}

// Spans of the server are bytes of UTF-8; JavaScript counts otherwise.
export class Bytes {
  constructor(text) {
    this.bytes = new TextEncoder().encode(text);
    this.decoder = new TextDecoder();
  }
  slice(start, end) {
    return this.decoder.decode(this.bytes.subarray(start, end));
  }
}
