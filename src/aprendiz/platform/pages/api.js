// The service as this page sees it: the public protocol, the key, and the three ways to fail.
// The key lives in sessionStorage (this tab only) and travels in a header, never in an address.

const ROOT = new URL("v1/", document.baseURI);
const STORED = "aprendiz.key";

/** The address clients use, without the slash at the end. */
export const BASE_URL = ROOT.href.replace(/\/$/, "");
export const ORIGIN = new URL(".", document.baseURI).href.replace(/\/$/, "");

/** The service said no: its status and its own sentence. */
export class Refused extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** Nobody answered. */
export class Gone extends Error {}

export const key = {
  get: () => sessionStorage.getItem(STORED) || "",
  set: value => sessionStorage.setItem(STORED, value),
  forget: () => sessionStorage.removeItem(STORED),
};

// How far the service's clock is ahead of this one, in seconds.
let ahead = 0;

/** Now by the service's clock, in Unix seconds: its jobs' times are by that clock. */
export const now = () => Date.now() / 1000 + ahead;

async function ask(path, options = {}) {
  const headers = { ...options.headers };
  const secret = key.get();
  if (/[^!-~]/.test(secret)) throw new Refused(401, "not a key"); // no header can carry it
  if (secret) headers.Authorization = `Bearer ${secret}`;
  let response;
  try {
    response = await fetch(new URL(path, ROOT), { cache: "no-store", ...options, headers });
  } catch {
    throw new Gone();
  }
  const date = Date.parse(response.headers.get("date"));
  if (date) ahead = date / 1000 - Date.now() / 1000;
  if (response.ok) return response;
  const said = await response.json().catch(() => ({}));
  throw new Refused(response.status, said.error?.message || `${response.status} ${response.statusText}`);
}

export const get = async path => (await ask(path)).json();
export const post = async path => (await ask(path, { method: "POST" })).json();
export const blob = async path => (await ask(path)).blob();

export async function send(path, body) {
  const headers = { "Content-Type": "application/json" };
  return (await ask(path, { method: "POST", headers, body: JSON.stringify(body) })).json();
}

/** Upload a file to train or validate with; resolves once the service has checked it. */
export async function upload(file) {
  const form = new FormData();
  form.append("purpose", "fine-tune");
  form.append("file", file);
  let told = await (await ask("files", { method: "POST", body: form })).json();
  while (!["processed", "error"].includes(told.status)) {
    await new Promise(resolve => setTimeout(resolve, 500));
    told = await get(`files/${encodeURIComponent(told.id)}`);
  }
  if (told.status === "error") throw new Refused(400, told.status_details || told.filename);
  return told.id;
}

/** Entries of a newest-first list until one is known (or the list ends), newest first. */
export async function since(path, known, limit = 100) {
  const fresh = [];
  for (let after = ""; ; ) {
    const page = await get(`${path}?limit=${limit}${after && `&after=${encodeURIComponent(after)}`}`);
    for (const entry of page.data) {
      if (known.has(entry.id)) return fresh;
      fresh.push(entry);
    }
    if (!page.has_more || !page.data.length) return fresh;
    after = page.data.at(-1).id;
  }
}
