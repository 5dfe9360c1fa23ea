// "Yes", or the label that would have been right: kept by the server where it was told to keep any.

import { current, given } from "./answer.js";
import { element, find, tell, write } from "./dom.js";
import * as server from "./server.js";
import { word } from "./words.js";

let told = ""; // the name of what was last said, for another language
let fresh = false; // whether nothing has been chosen for this answer yet

const say = name => {
  told = name;
  write(find("kept"), name && word(name));
};

/** What it means to agree: the labels given, or that the text is about none of them. */
const agreed = ({ said, model }) =>
  said.decision === "out_of_scope" && model.oos_label ? [model.oos_label] : given(said);

const shown = (label, { said }) => (label in said.probabilities ? label : word("noneOfThem"));

function drawChoice(answer) {
  const { said, model } = answer;
  const choice = find("right-label");
  const labels = Object.keys(said.probabilities);
  const before = fresh ? (said.labels ?? []) : [...choice.selectedOptions].map(each => each.value);
  choice.multiple = Boolean(said.labels);
  choice.size = said.labels ? Math.min(6, labels.length) : 1;
  choice.required = !said.labels; // to give none may be right
  const others = [...labels, ...(model.oos_label && !said.labels ? [model.oos_label] : [])]
    .filter(label => said.labels || !agreed(answer).includes(label));
  choice.replaceChildren(
    ...(said.labels ? [] : [element("option", { value: "" }, word("choose"))]),
    ...others.map(label => element("option", { value: label }, shown(label, answer))));
  for (const option of choice.options) option.selected = before.includes(option.value);
  if (!said.labels && !choice.value) choice.value = "";
  fresh = false;
}

/** Offer the labels of the answer's model; or say how corrections are switched on. */
export function draw(on) {
  const answer = current();
  find("correct").hidden = !on || !answer;
  tell(find("no-feedback"), !on && answer ? word("noFeedback") : "");
  say(told);
  if (!answer) return;
  const label = agreed(answer).map(each => shown(each, answer)).join(", ") || word("noneOfThem");
  write(find("agree"), word("agree", { label }));
  drawChoice(answer);
}

/** A new answer: nothing has been said of it yet. */
export function begin(on) {
  fresh = true;
  for (const id of ["agree", "correct-now"]) find(id).disabled = false;
  told = "";
  draw(on);
}

async function send(labels, thanks, failed) {
  const { text, said, model } = current();
  const right = said.labels ? { labels } : { label: labels[0] };
  for (const id of ["agree", "correct-now"]) find(id).disabled = true;
  try {
    await server.feedback({ text, ...right, predicted: given(said).join(", "), model: model.name });
    say(thanks);
  } catch (error) {
    for (const id of ["agree", "correct-now"]) find(id).disabled = false;
    told = "";
    write(find("kept"), failed(error));
  }
}

export function listen(failed) {
  find("agree").addEventListener("click", () => send(agreed(current()), "agreed", failed));
  find("correct").addEventListener("submit", event => {
    event.preventDefault();
    send([...find("right-label").selectedOptions].map(each => each.value), "corrected", failed);
  });
}
