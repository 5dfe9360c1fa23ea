// One text: what the server says of it, the labels as bars, the tokens, the time.

import { breakable, element, find, tell, write } from "./dom.js";
import * as server from "./server.js";
import { number, percent, word } from "./words.js";

const FEW = 8; // bars at first

let shown = null; // {said, parts, took, model, explained, all}

export const current = () => shown;

/** The labels that a text is given: of a model of several any number, of another one. */
export const given = said => said.labels ?? [said.intent];

function drawVerdict({ said, model }) {
  const { decision } = said;
  find("verdict").dataset.decision = decision;
  write(find("says"), word(decision));
  write(find("label"), decision === "answer" ? given(said).join(", ") : "");
  const places = { label: said.intent, share: percent(said.confidence), threshold: percent(model.threshold ?? 0) };
  write(find("why"), word(`why_${decision}${said.labels ? "_several" : ""}`, places));
  const more = [];
  if (said.candidates.length > 1) more.push(word("candidates", { labels: said.candidates.join(", ") }));
  if (said.scope !== null)
    more.push(word("scope", { share: percent(said.scope), least: percent(model.scope_threshold ?? 0) }));
  tell(find("more"), more.join(" "));
}

function bar(label, share, threshold) {
  const fill = element("div", { class: "fill" });
  fill.style.width = `${100 * share}%`;
  const line = element("div", { class: "threshold" });
  line.style.left = `${100 * Math.min(1, threshold)}%`; // over 1: the label is never given
  const track = element("div", { class: "track", "aria-hidden": "true" }, fill, line);
  return element("tr", {},
    element("th", { scope: "row", dir: "auto" }, ...breakable(label)),
    element("td", { class: "bar" }, track),
    element("td", { class: "number" }, percent(share)));
}

function drawBars({ said, model, all }) {
  const ranked = Object.entries(said.probabilities).sort((a, b) => b[1] - a[1]);
  const few = all ? ranked : ranked.slice(0, FEW);
  const threshold = label => model.thresholds?.[label] ?? model.threshold;
  find("bars").tBodies[0].replaceChildren(...few.map(([label, share]) => bar(label, share, threshold(label))));
  const rest = ranked.length - few.length;
  const others = ranked.slice(few.length).reduce((sum, [, share]) => sum + share, 0);
  const caption = model.thresholds ? word("thresholdEach") : word("threshold", { threshold: percent(model.threshold) });
  write(find("bars-caption"), caption);
  const button = find("all-labels");
  button.hidden = ranked.length <= FEW;
  button.setAttribute("aria-expanded", String(Boolean(all)));
  const more = model.thresholds ? "othersEach" : "others"; // their sum would mean nothing
  write(button, all ? word("fewer") : word(more, { n: number(rest, 5), share: percent(others) }));
}

function drawTokens({ explained, model }) {
  const list = find("tokens");
  list.hidden = !explained?.tokens;
  find("unread").hidden = true;
  if (!explained?.tokens) {
    write(find("tokens-told"), explained ? word("noTokens", { method: model.method || "?" }) : word("notTold"));
    return;
  }
  const characters = Array.from(explained.text); // the server counts code points, not UTF-16
  const piece = ({ piece, start, end }) =>
    start === end
      ? element("li", { class: "added", title: word("added") }, piece)
      : element("li", { title: piece }, characters.slice(start, end).join(""));
  list.replaceChildren(...explained.tokens.map(piece));
  const rest = characters.slice(explained.read).join("").trim();
  const places = { n: number(explained.tokens.length, 5), most: number(explained.max_tokens ?? 0, 5) };
  write(find("tokens-told"), word(rest ? "tokensCut" : explained.max_tokens ? "tokensOf" : "tokensRead", places));
  tell(find("unread"), rest && word("unread", { text: rest.length > 300 ? `${rest.slice(0, 300)} …` : rest }));
}

function drawTimes({ parts, took }) {
  const ms = value => word("ms", { ms: number(value) });
  const known = parts.filter(([name]) => ["tokenize", "queue", "infer"].includes(name));
  const rows = [["roundTrip", took], ...known];
  find("times").replaceChildren(...rows.map(([name, value]) =>
    element("div", {}, element("dt", {}, word(name)), element("dd", {}, ms(value)))));
}

/** Draw the last answer, again where the language has changed. */
export function draw() {
  find("answer").hidden = !shown;
  if (!shown) return;
  drawVerdict(shown);
  drawBars(shown);
  drawTokens(shown);
  drawTimes(shown);
}

/** Forget the last answer: it was another model's. */
export function clear() {
  shown = null;
  draw();
}

/** Ask both routes for a text; without its tokens an answer is still an answer. */
export async function ask(text, model) {
  const [answered, explained] = await Promise.all([
    server.classify(text, model.name),
    server.explain(text, model.name).catch(() => null),
  ]);
  shown = { ...answered, explained, model, text, all: false };
  draw();
}

export function listen() {
  find("all-labels").addEventListener("click", () => {
    shown.all = !shown.all;
    drawBars(shown);
  });
}
