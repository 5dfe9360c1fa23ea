// The status page: asks the service, keeps what it said, has the other files draw it.
//
// It asks once a second while a job is live and the page is in view; else only when somebody
// comes back to it, presses Refresh or does something. When the service is gone it knocks more
// and more rarely until it is back.

import * as api from "./api.js";
import * as code from "./code.js";
import { find, tell, write } from "./dom.js";
import * as jobs from "./jobs.js";
import * as start from "./start.js";
import * as trial from "./trial.js";
import { speak, word } from "./words.js";

const EVERY = 1000;
const PAGE = 20;
const LONGEST_SILENCE = 15_000;

const state = {
  jobs: [],
  chosen: decodeURIComponent(location.hash.slice(1)),
  wanted: PAGE, // how many jobs to list
  more: false, // whether there are older ones
  events: new Map(), // job id → events, newest first
  checkpoints: new Map(), // job id → checkpoints
  settled: new Map(), // job id → the status it had when its details were last read
  known: "", // which jobs had ended when the models were last listed
  failures: 0,
};

const path = (id, rest = "") => `fine_tuning/jobs/${encodeURIComponent(id)}${rest}`;
const eventsOf = job => state.events.get(job.id) ?? [];
const chosenJob = () => state.jobs.find(job => job.id === state.chosen);

/** What an error means to a reader. */
function failed(error) {
  if (error instanceof api.Gone) return word("gone");
  if (error instanceof api.Refused) return error.message;
  console.error(error);
  return String(error);
}

async function readJobs() {
  const page = await api.get(`fine_tuning/jobs?limit=${state.wanted}`);
  state.jobs = page.data;
  state.more = page.has_more;
  if (state.chosen && !chosenJob()) {
    try {
      state.jobs.push(await api.get(path(state.chosen))); // an older one, by its address
    } catch (error) {
      if (!(error instanceof api.Refused) || error.status !== 404) throw error;
      state.chosen = "";
    }
  }
  if (!state.chosen && state.jobs.length) state.chosen = state.jobs[0].id;
}

/** Events of the job in view and of all that run (their progress), unless nothing can be new. */
async function readDetails() {
  for (const job of state.jobs) {
    const inView = job.id === state.chosen;
    if (!inView && job.status !== "running") continue;
    if (!jobs.live(job) && state.settled.get(job.id) === job.status) continue;
    const before = eventsOf(job);
    const fresh = await api.since(path(job.id, "/events"), new Set(before.map(event => event.id)));
    state.events.set(job.id, [...fresh, ...before]);
    if (!inView) continue;
    if (fresh.length || !state.checkpoints.has(job.id)) {
      const told = await api.get(path(job.id, "/checkpoints"));
      state.checkpoints.set(job.id, told.data.sort((a, b) => b.step_number - a.step_number));
    }
    state.settled.set(job.id, job.status);
  }
}

/** Models change when a job ends or leaves a checkpoint. */
async function readModels() {
  const kept = state.checkpoints.get(state.chosen)?.map(each => each.id) ?? [];
  const known = JSON.stringify([state.jobs.map(job => job.fine_tuned_model), kept]);
  if (known === state.known) return;
  const { data } = await api.get("models");
  trial.offer(data);
  start.suggest(data);
  state.known = known;
}

function draw() {
  find("main").hidden = false;
  find("forget").hidden = !api.key.get();
  find("none").hidden = state.jobs.length > 0;
  find("work").hidden = state.jobs.length === 0;
  find("older").hidden = !state.more;
  jobs.drawList(state.jobs, state.chosen, eventsOf, choose);
  const job = chosenJob();
  find("job").hidden = !job;
  if (job) jobs.drawJob(job, eventsOf(job), state.checkpoints.get(job.id) ?? [], trial.choose);
  code.draw();
}

/** Ask for the key; `wrong` when the one we had is not known. */
function askForKey(wrong) {
  find("main").hidden = find("forget").hidden = true;
  find("gate").hidden = false;
  find("key-wrong").hidden = !wrong;
  find("key").value = "";
  find("key").focus();
}

let timer = 0;
let busy = false;
let again = false;

async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  clearTimeout(timer);
  try {
    await readJobs();
    await readDetails();
    await readModels();
    state.failures = 0;
    tell(find("trouble"), "");
    find("gate").hidden = true;
    draw();
    schedule(state.jobs.some(jobs.live) ? EVERY : 0);
  } catch (error) {
    stumble(error);
  }
  busy = false;
  if (again) {
    again = false;
    refresh();
  }
}

function stumble(error) {
  if (error instanceof api.Refused && error.status === 401) {
    const had = Boolean(api.key.get());
    api.key.forget();
    tell(find("trouble"), "");
    askForKey(had);
    return;
  }
  tell(find("trouble"), failed(error));
  state.failures += 1;
  schedule(Math.min(LONGEST_SILENCE, EVERY * 2 ** state.failures));
}

function schedule(milliseconds) {
  if (milliseconds && !document.hidden) timer = setTimeout(refresh, milliseconds);
}

function choose(id) {
  state.chosen = id;
  history.replaceState(null, "", `#${encodeURIComponent(id)}`);
  draw();
  refresh();
}

/** Do something to the chosen job, then look at what became of it. */
async function act(name) {
  const job = chosenJob();
  if (!job || (name === "cancel" && !confirm(word("sureCancel")))) return;
  find(name).disabled = true;
  try {
    await api.post(path(job.id, `/${name}`));
    tell(find("trouble"), "");
    state.settled.delete(job.id);
  } catch (error) {
    tell(find("trouble"), failed(error));
    find(name).disabled = false;
    return;
  }
  find(name).disabled = false;
  refresh();
}

async function saveResult() {
  const [id] = chosenJob().result_files;
  try {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await api.blob(`files/${encodeURIComponent(id)}/content`));
    link.download = `${chosenJob().id}-results.csv`;
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (error) {
    tell(find("trouble"), failed(error));
  }
}

function listen() {
  for (const name of ["pause", "resume", "cancel"]) find(name).addEventListener("click", () => act(name));
  find("result").addEventListener("click", saveResult);
  find("refresh").addEventListener("click", refresh);
  find("older").addEventListener("click", () => {
    state.wanted += PAGE;
    refresh();
  });
  find("gate").addEventListener("submit", event => {
    event.preventDefault();
    api.key.set(find("key").value.trim());
    refresh();
  });
  find("forget").addEventListener("click", () => {
    api.key.forget();
    location.reload();
  });
  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  addEventListener("resize", () => find("main").hidden || draw());
  trial.listen(failed);
  code.listen();
  start.listen(failed, job => choose(job.id));
}

speak(() => {
  // Sentences with dates, numbers and statuses in them are written anew.
  if (!find("main").hidden) draw();
  if (!find("trouble").hidden && state.failures) write(find("trouble"), word("gone"));
});
listen();
refresh();
