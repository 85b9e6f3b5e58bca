// Talking to the server. Errors arrive as one sentence for a person.

export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

export const keepKey = (key) => sessionStorage.setItem("attune.key", key);

async function ask(path, options = {}) {
  const key = sessionStorage.getItem("attune.key");
  const headers = { Accept: "application/json", ...options.headers };
  if (key) headers.Authorization = `Bearer ${key}`;
  const response = await fetch(path, { ...options, headers });
  let body = {};
  try {
    body = await response.json();
  } catch {
    body = {};
  }
  if (!response.ok) throw new Refused(response.status, body.error?.message ?? response.statusText);
  return body;
}

export const search = (body, signal) =>
  ask("/v1/search", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
export const status = () => ask("/v1/status");
export const collections = () => ask("/v1/collections");
export const documentById = (id, signal) => ask(`/v1/documents/${encodeURIComponent(id)}`, { signal });
