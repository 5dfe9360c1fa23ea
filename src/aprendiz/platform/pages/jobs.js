// The list of jobs and the job in view. Only draws: what it is given comes from page.js.

import { now } from "./api.js";
import * as curve from "./curve.js";
import { element, find, mark, tell, write } from "./dom.js";
import { clock, moment, number, span, word } from "./words.js";

const ENDED = new Set(["succeeded", "failed", "cancelled"]);
const NOT_LIVE = new Set([...ENDED, "paused"]);

export const ended = job => ENDED.has(job.status);
/** Whether a job may change by itself (a status that nobody knows counts as "still going"). */
export const live = job => !NOT_LIVE.has(job.status);
export const nameOf = job => job.user_provided_suffix || job.id;

/** `{done, all}` steps, from the newest event that has figures; null before the first. */
export function progressOf(events) {
  const newest = events.find(event => event.type === "metrics" && event.data?.total_steps)?.data;
  return newest ? { done: newest.step, all: newest.total_steps } : null;
}

function timing(job) {
  if (job.finished_at) return word("lasted", { time: span(job.finished_at - job.created_at) });
  if (job.status !== "running" || !job.estimated_finish) return "";
  const left = job.estimated_finish - now();
  return left > 1 ? word("left", { time: span(left) }) : word("soon");
}

const rows = new Map();

function newRow(job, choose) {
  const row = {
    status: element("span", { class: "status" }),
    name: element("span", { class: "name", dir: "auto" }),
    about: element("span", { class: "about" }),
    when: element("span", { class: "when" }),
    progress: element("progress", { max: 1, hidden: "" }),
  };
  row.button = element("button", { class: "entry", type: "button" }, row.name, row.status, row.about, row.when, row.progress);
  row.button.addEventListener("click", () => choose(job.id));
  row.item = element("li", {}, row.button);
  return row;
}

/** The list, newest first. Rows stay the same nodes, so that the focus stays where it is. */
export function drawList(jobs, chosen, eventsOf, choose) {
  for (const job of jobs) {
    if (!rows.has(job.id)) rows.set(job.id, newRow(job, choose));
    const row = rows.get(job.id);
    write(row.name, nameOf(job));
    mark(row.name, "title", nameOf(job));
    write(row.status, word(job.status));
    mark(row.status, "data-status", job.status);
    write(row.about, `${job.model} · ${moment(job.created_at)}`);
    write(row.when, timing(job));
    mark(row.button, "aria-current", String(job.id === chosen));
    drawProgress(row.progress, job, eventsOf(job));
  }
  const items = jobs.map(job => rows.get(job.id).item);
  const shown = find("jobs").children;
  if (items.length !== shown.length || items.some((item, place) => item !== shown[place]))
    find("jobs").replaceChildren(...items);
}

function drawProgress(bar, job, events) {
  const steps = progressOf(events);
  bar.hidden = ended(job) || !steps;
  if (!steps) return;
  bar.value = steps.done / steps.all;
  mark(bar, "aria-label", word("steps", steps));
}

/** Everything about one job. */
export function drawJob(job, events, checkpoints, tryModel) {
  find("job").hidden = false;
  write(find("job-title"), nameOf(job));
  const steps = ended(job) ? null : progressOf(events);
  write(find("job-state"), [word(job.status), steps && word("steps", steps), timing(job)].filter(Boolean).join(" · "));
  drawProgress(find("job-progress"), job, events);
  tell(find("job-fault"), job.error?.code && `${job.error.message} (${job.error.code})`);
  find("pause").hidden = job.status !== "running";
  find("resume").hidden = job.status !== "paused";
  find("cancel").hidden = ended(job);
  find("result").hidden = !job.result_files?.length;
  drawCurve(job, events);
  drawSettings(job);
  drawCheckpoints(checkpoints, tryModel);
  drawEvents(job, events);
}

let drawn = "";

function drawCurve(job, events) {
  const series = curve.points(events);
  // A method without steps tells its figures once: a point is no curve.
  const several = Math.max(series.training.length, series.validation.length) > 1;
  const atOnce = job.status === "succeeded" && !several;
  const place = find("curve");
  const wanted = [job.id, job.status, events.length, document.documentElement.lang, place.clientWidth].join();
  if (wanted === drawn) return;
  drawn = wanted;
  curve.legend(find("legend"), series);
  // A job may end before its last step; then the axis ends where it did.
  if (several) curve.draw(place, series, ended(job) ? 0 : progressOf(events)?.all);
  else place.replaceChildren(element("p", { class: "quiet" }, word(atOnce ? "noCurve" : "noCurveYet")));
}

function drawSettings(job) {
  const numbers = job.method?.supervised?.hyperparameters ?? job.hyperparameters ?? {};
  const shown = value => (value === "auto" ? word("automatic") : typeof value === "number" ? number(value, 12) : value);
  const facts = [
    ["result_model", job.fine_tuned_model], ["base_model", job.model],
    ["epochs", numbers.n_epochs], ["batch", numbers.batch_size], ["rate", numbers.learning_rate_multiplier],
    ["seed", job.seed === null ? null : String(job.seed)], ["tokens", job.trained_tokens],
    ["training", job.training_file], ["validation", job.validation_file],
    ["created", moment(job.created_at)], ["id", job.id],
  ];
  const entries = facts
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => element("div", {}, element("dt", {}, word(name)), element("dd", {}, String(shown(value)))));
  replaceChanged(find("settings"), entries);
}

function drawCheckpoints(checkpoints, tryModel) {
  find("no-checkpoints").hidden = checkpoints.length > 0;
  find("checkpoints-table").hidden = checkpoints.length === 0;
  const figure = value => (Number.isFinite(value) ? number(value) : "");
  const lines = checkpoints.map(({ step_number: step, metrics, fine_tuned_model_checkpoint: model }) => {
    const button = element("button", { type: "button", class: "plain", "aria-label": `${word("try")}: ${model}` }, word("try"));
    button.addEventListener("click", () => tryModel(model));
    return element("tr", {},
      element("td", { class: "number" }, String(step)),
      element("td", { class: "number" }, figure(metrics.full_valid_loss ?? metrics.valid_loss)),
      element("td", { class: "number" }, figure(metrics.full_valid_mean_token_accuracy ?? metrics.valid_mean_token_accuracy)),
      element("td", {}, button),
      element("td", { class: "model" }, model));
  });
  replaceChanged(find("checkpoints"), lines);
}

/** Put new nodes in place of the old only where they say something else: buttons keep the focus. */
function replaceChanged(place, nodes) {
  const before = [...place.children].map(node => node.outerHTML).join("");
  if (before !== nodes.map(node => node.outerHTML).join("")) place.replaceChildren(...nodes);
}

let listed = { job: "", ids: new Set() };

function drawEvents(job, events) {
  if (listed.job !== job.id) {
    listed = { job: job.id, ids: new Set() };
    find("events").replaceChildren();
  }
  const fresh = events.filter(event => !listed.ids.has(event.id));
  fresh.forEach(event => listed.ids.add(event.id));
  find("events").prepend(...fresh.map(event =>
    element("li", { class: event.level },
      element("time", { datetime: new Date(event.created_at * 1000).toISOString() }, clock(event.created_at)),
      element("span", { lang: "en", dir: "auto" }, event.message))));
}
