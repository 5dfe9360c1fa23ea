// The page as a whole: which models there are, which one is tried, and what to do without them.

import * as answer from "./answer.js";
import { element, find, tell, write } from "./dom.js";
import * as feedback from "./feedback.js";
import * as file from "./file.js";
import * as server from "./server.js";
import { number, percent, speak, word } from "./words.js";

const AGAIN = 2000; // milliseconds until a loading or silent server is asked again

const state = { info: null, trouble: "" };

const model = () => state.info.models.find(each => each.name === find("model").value);

/** What an error means to the reader. */
function failed(error) {
  if (error instanceof server.Gone) return word("gone");
  if (!(error instanceof server.Refused)) return String(error);
  if (error.status === 401 && error.code !== "no_key_yet") openGate(true);
  return error.status === 429 ? word("full", { seconds: error.after || 1 }) : error.message;
}

function openGate(wrong) {
  find("main").hidden = true;
  find("gate").hidden = false;
  find("key-wrong").hidden = !wrong;
  find("key").focus();
}

function trouble(name) {
  state.trouble = name;
  tell(find("trouble"), name && word(name));
}

function drawModel() {
  const { labels, threshold, thresholds, method, runtime, version, max_tokens } = model();
  const engine = runtime && runtime !== method ? `${method}, ${runtime}` : method;
  const asks = thresholds ? word("asksEach") : word("asksUnder", { threshold: percent(threshold) });
  const places = { n: number(labels.length, 5), asks, version, engine, most: max_tokens };
  write(find("about"), word(max_tokens ? "aboutTokens" : "about", places));
}

function offer() {
  const names = state.info.models.map(each => each.name);
  const chosen = find("model").value;
  find("model").replaceChildren(...names.map(name => element("option", { value: name }, name)));
  if (names.includes(chosen)) find("model").value = chosen;
  find("gate").hidden = true;
  find("main").hidden = false;
  draw();
}

function draw() {
  if (state.trouble) tell(find("trouble"), word(state.trouble));
  if (!state.info?.models.length) return;
  drawModel();
  answer.draw();
  feedback.draw(state.info.feedback);
  file.draw();
}

/** Learn what the server has; a server that is loading is asked again. */
async function begin(hadKey = false) {
  try {
    state.info = await server.info();
  } catch (error) {
    if (error instanceof server.Refused && error.status === 401) {
      if (error.code !== "no_key_yet") return openGate(hadKey);
      return tell(find("trouble"), error.message);
    }
    trouble("gone");
    setTimeout(begin, AGAIN);
    return;
  }
  trouble(state.info.models.length ? "" : "loading");
  if (state.info.models.length) offer();
  else setTimeout(begin, AGAIN, hadKey);
}

async function ask(event) {
  event.preventDefault();
  find("ask-now").disabled = true;
  tell(find("ask-fault"), "");
  try {
    await answer.ask(find("text").value, model());
    feedback.begin(state.info.feedback);
  } catch (error) {
    answer.clear();
    tell(find("ask-fault"), failed(error));
  }
  find("ask-now").disabled = false;
}

function listen() {
  find("ask").addEventListener("submit", ask);
  find("text").addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find("ask").requestSubmit();
  });
  find("model").addEventListener("change", () => {
    answer.clear();
    file.clear();
    draw();
  });
  find("gate").addEventListener("submit", event => {
    event.preventDefault();
    server.useKey(find("key").value.trim());
    find("key").value = "";
    begin(true);
  });
  answer.listen();
  feedback.listen(failed);
  file.listen(() => [model(), state.info.limits], failed);
}

speak(draw);
listen();
begin();
