// The loss curve: two lines over the steps, drawn as SVG at the size it is shown, so that its
// letters stay readable on a phone. Values are the service's metrics events, unsmoothed.

import { element } from "./dom.js";
import { number, word } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { left: 46, right: 14, top: 10, bottom: 40 };
const MARKED = 60; // more points than this and the marks run into one another

function shape(parent, name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return parent.appendChild(made);
}

/** Round values from 0 to `most`, about `wanted` of them: steps of 1, 2 or 5 times a power of 10. */
export function ticks(most, wanted, whole = false) {
  const rough = most / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map(each => each * power).find(each => each >= rough * 0.999);
  if (whole) step = Math.max(1, Math.round(step));
  const places = [];
  for (let index = 0; index * step <= most * 1.0001; index += 1) places.push(index * step);
  return places;
}

/** `{training, validation}`, each a list of [step, loss] in order of steps, out of events. */
export function points(events) {
  const training = new Map();
  const validation = new Map();
  const chronological = [...events].sort((a, b) => a.created_at - b.created_at);
  for (const { data } of chronological) {
    const step = data?.step;
    if (!Number.isFinite(step)) continue;
    // A step that was repeated after a restart counts as it was the last time.
    if (Number.isFinite(data.train_loss)) training.set(step, data.train_loss);
    const measured = data.full_valid_loss ?? data.valid_loss;
    if (Number.isFinite(measured)) validation.set(step, measured);
  }
  const inOrder = series => [...series].sort((a, b) => a[0] - b[0]);
  return { training: inOrder(training), validation: inOrder(validation) };
}

/** One sentence about a line: its last value and its lowest. */
export function sentence(series, name) {
  const last = series.at(-1)[1];
  const least = series.reduce((best, each) => (each[1] < best[1] ? each : best));
  const places = { name: word(name), last: number(last), least: number(least[1]), step: least[0] };
  return word(least[1] < last ? "lowest" : "onlyLast", places);
}

/** Draw both lines into `place`; `steps` is how far the axis goes when that is known. */
export function draw(place, { training, validation }, steps) {
  const all = [...training, ...validation];
  const width = Math.max(240, place.clientWidth);
  const height = Math.round(Math.min(340, Math.max(200, width * 0.45)));
  const inner = { width: width - MARGIN.left - MARGIN.right, height: height - MARGIN.top - MARGIN.bottom };
  const most = Math.max(...all.map(each => each[1]), 1e-9);
  const furthest = Math.max(steps || 0, ...all.map(each => each[0]), 1);
  const across = step => MARGIN.left + (step / furthest) * inner.width;
  const down = loss => MARGIN.top + (1 - loss / (most * 1.05)) * inner.height;

  const told = [
    training.length && sentence(training, "trainingLoss"),
    validation.length && sentence(validation, "validationLoss"),
  ];
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", `${word("curve")}: ${told.filter(Boolean).join("; ")}`);
  drawAxes(picture, { width, height, most, furthest, across, down });
  for (const [name, series] of Object.entries({ training, validation })) {
    if (!series.length) continue;
    const path = series.map(([step, loss]) => `${across(step).toFixed(1)},${down(loss).toFixed(1)}`);
    shape(picture, "polyline", { class: `series ${name}`, points: path.join(" ") });
    if (series.length > MARKED) continue;
    for (const [step, loss] of series) {
      const dot = shape(picture, "circle", { class: name, cx: across(step), cy: down(loss), r: 2.5 });
      shape(dot, "title", {}, `${word("step")} ${step}: ${number(loss, 4)}`);
    }
  }
  place.replaceChildren(picture);
}

function drawAxes(picture, { width, height, most, furthest, across, down }) {
  const floor = down(0);
  for (const loss of ticks(most, 5)) {
    shape(picture, "line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: down(loss), y2: down(loss) });
    shape(picture, "text", { x: MARGIN.left - 6, y: down(loss) + 4, "text-anchor": "end" }, number(loss));
  }
  const marks = ticks(furthest, width < 480 ? 4 : 8, true);
  for (const step of marks) {
    shape(picture, "line", { class: "axis", x1: across(step), x2: across(step), y1: floor, y2: floor + 4 });
    shape(picture, "text", { x: across(step), y: floor + 17, "text-anchor": "middle" }, number(step, 6));
  }
  shape(picture, "line", { class: "axis", x1: MARGIN.left, x2: width - MARGIN.right, y1: floor, y2: floor });
  shape(picture, "line", { class: "axis", x1: MARGIN.left, x2: MARGIN.left, y1: MARGIN.top, y2: floor });
  shape(picture, "text", { x: width - MARGIN.right, y: height - 4, "text-anchor": "end" }, word("step"));
}

/** The line under the picture that says which line is which, and where each stands. */
export function legend(place, { training, validation }) {
  const entries = [];
  if (training.length)
    entries.push(element("span", {}, element("i", { class: "training", "aria-hidden": "true" }), sentence(training, "trainingLoss")));
  if (validation.length)
    entries.push(element("span", {}, element("i", { class: "validation", "aria-hidden": "true" }), sentence(validation, "validationLoss")));
  place.replaceChildren(...entries);
}
