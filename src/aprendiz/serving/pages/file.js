// A file of texts: read here, asked in pieces that fit the server's limits, shown, saved.

import { breakable, element, find, tell, write } from "./dom.js";
import { csv, decode, MOST_ROWS, read, Unreadable } from "./rows.js";
import * as server from "./server.js";
import { number, percent, word } from "./words.js";

const PIECE = 32; // texts asked at once: small enough that other clients get their turn
const MOST_BYTES = 20 * 1024 * 1024;

const state = { rows: [], answers: [], file: "", took: 0, told: null, stop: null };

/** Texts that go out together: few, and within the server's bytes. Yields [first, texts]. */
function* pieces(rows, limits) {
  const bytes = text => JSON.stringify(text).replace(/[^\x00-\x7f]/g, "xxx").length + 1;
  const room = limits.max_body_bytes - 1000; // for the rest of the body
  let from = 0, held = [], size = 0;
  for (const { text } of rows) {
    const more = bytes(text);
    if (held.length && (held.length >= Math.min(PIECE, limits.max_inputs) || size + more > room)) {
      yield [from, held];
      from += held.length;
      held = [];
      size = 0;
    }
    held.push(text);
    size += more;
  }
  if (held.length) yield [from, held];
}

/** What a text is given; several labels are joined as `aprendiz train --label-separator` reads them. */
const given = (answer, mark) => answer.labels?.join(mark) ?? answer.label;

function shownRow({ line, text }, answer) {
  const { decision } = answer;
  return element("tr", { "data-decision": decision },
    element("td", { class: "number" }, String(line)),
    element("td", { class: "text", dir: "auto" }, text.length > 200 ? `${text.slice(0, 200)} …` : text),
    element("td", { class: "label", dir: "auto" }, ...breakable(given(answer, ", "))),
    element("td", { class: "number" }, percent(answer.score)),
    element("td", {}, word(`short_${decision}`)));
}

/** Draw it all, again where the language has changed. */
export function draw() {
  write(find("file-hint"), word("fileHint", { most: number(MOST_ROWS, 5) }));
  find("results").tBodies[0].replaceChildren(
    ...state.answers.map((answer, at) => shownRow(state.rows[at], answer)));
  find("results-frame").hidden = find("save").hidden = !state.answers.length;
  if (state.told) {
    const places = Object.entries(state.told.places).map(([name, value]) => [name, number(value, 6)]);
    write(find("file-state"), word(state.told.name, Object.fromEntries(places)));
  } else write(find("file-state"), "");
}

function say(name, places) {
  state.told = { name, places };
  draw();
}

async function take(file, limits) {
  if (file.size > MOST_BYTES) throw new Unreadable("tooBig", { most: "20 MB" });
  const rows = read(file.name, decode(await file.arrayBuffer()));
  if (!rows.length) throw new Unreadable("noRows");
  const kept = rows.slice(0, MOST_ROWS);
  const long = kept.find(({ text }) => Array.from(text).length > limits.max_characters);
  if (long) throw new Unreadable("tooLong", { line: long.line, most: limits.max_characters });
  return { kept, all: rows.length };
}

async function classify(file, model, limits) {
  const { kept, all } = await take(file, limits);
  Object.assign(state, { rows: kept, answers: [], file: file.name });
  const began = performance.now();
  find("file-progress").hidden = false;
  for (const [from, texts] of pieces(kept, limits)) {
    find("file-progress").value = from / kept.length;
    state.answers.push(...(await server.classifyMany(texts, model.name, state.stop.signal)));
    write(find("file-state"), word("under", { n: number(state.answers.length, 6), all: number(kept.length, 6) }));
  }
  const places = {
    n: kept.length, all, seconds: Number(((performance.now() - began) / 1000).toPrecision(2)),
    asked: state.answers.filter(answer => answer.decision !== "answer").length,
  };
  say(all > kept.length ? "doneSome" : "done", places);
}

async function run(event, model, limits, failed) {
  event.preventDefault();
  if (state.stop) return;
  state.stop = new AbortController();
  Object.assign(state, { rows: [], answers: [], told: null });
  tell(find("file-fault"), "");
  draw();
  find("file-now").disabled = true;
  find("file-stop").hidden = false;
  try {
    await classify(find("file").files[0], model, limits);
  } catch (error) {
    if (error.name === "AbortError") say("stopped", { n: state.answers.length });
    else {
      const said = error instanceof Unreadable ? word(error.message, error.place) : failed(error);
      state.told = null;
      draw();
      tell(find("file-fault"), said);
    }
  }
  state.stop = null;
  find("file-progress").hidden = find("file-stop").hidden = true;
  find("file-now").disabled = false;
}

function save() {
  const rows = state.answers.map((answer, at) => [
    state.rows[at].line, state.rows[at].text, given(answer, "|"), answer.score, answer.decision]);
  const content = csv([["line", "text", "label", "probability", "decision"], ...rows]);
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" }));
  link.download = `${state.file.replace(/\.[^.]*$/, "")}-answers.csv`;
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Forget the answers: they were another model's. */
export function clear() {
  state.stop?.abort();
  Object.assign(state, { rows: [], answers: [], told: null });
  tell(find("file-fault"), "");
  draw();
}

export function listen(chosen, failed) {
  find("file-form").addEventListener("submit", event => run(event, ...chosen(), failed));
  find("file-stop").addEventListener("click", () => state.stop?.abort());
  find("save").addEventListener("click", save);
}
