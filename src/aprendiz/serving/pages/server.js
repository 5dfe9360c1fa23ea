// The server as this page sees it: its public routes, the key, and the ways to fail.
// The key lives in this module's memory alone and travels in a header, never in an address.

const ROOT = new URL(".", document.baseURI);
const LONGEST_WAIT = 30; // seconds, whatever Retry-After says

let key = "";

export const useKey = given => { key = given; };

/** The server said no: its status, its own sentence, and after how many seconds to come again. */
export class Refused extends Error {
  constructor(status, message, code = "", after = 0) {
    super(message);
    Object.assign(this, { status, code, after });
  }
}

/** Nobody answered. */
export class Gone extends Error {}

async function ask(path, options = {}) {
  if (/[^!-~]/.test(key)) throw new Refused(401, "not a key"); // no header can carry it
  const headers = { ...options.headers, ...(key && { Authorization: `Bearer ${key}` }) };
  let response;
  try {
    response = await fetch(new URL(path, ROOT), { cache: "no-store", ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Gone();
  }
  const said = await response.json().catch(() => ({}));
  if (response.ok) return { said, timing: response.headers.get("server-timing") || "" };
  const after = Number(response.headers.get("retry-after")) || 0;
  const message = said.error?.message || `${response.status} ${response.statusText}`;
  throw new Refused(response.status, message, said.error?.code, after);
}

const post = (path, body, signal) =>
  ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal });

export const info = async () => (await ask("info")).said;
export const feedback = async body => (await post("feedback", body)).said;
export const explain = async (text, model) => (await post("explain", { text, model })).said;

/** [name, milliseconds] of each part of a Server-Timing header. */
const parts = timing =>
  [...timing.matchAll(/([\w-]+);dur=([\d.]+)/g)].map(([, name, ms]) => [name, Number(ms)]);

/** The answer to one text, what took how long in the server, and how long it took from here. */
export async function classify(text, model) {
  const began = performance.now();
  const { said, timing } = await post("classify", { text, model });
  return { said, parts: parts(timing), took: performance.now() - began };
}

const sleep = (seconds, signal) => new Promise((resolve, reject) => {
  const timer = setTimeout(resolve, 1000 * seconds);
  signal.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
});

/** The best label of each text; a server that is full is asked again when it said so. */
export async function classifyMany(inputs, model, signal) {
  for (let tries = 1; ; tries++) {
    try {
      return (await post("v1/classify", { inputs, model, top_k: 1 }, signal)).said.data;
    } catch (error) {
      if (!(error instanceof Refused) || ![429, 503].includes(error.status) || tries > 5) throw error;
      await sleep(Math.min(LONGEST_WAIT, error.after || tries), signal);
    }
  }
}
