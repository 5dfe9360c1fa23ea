// Try a model: a text goes out as any client would send it, the answer comes back with the
// probability of each label, which this service tells as the answer's log-probabilities.

import { send } from "./api.js";
import { element, find, tell, write } from "./dom.js";
import { number, percent, word } from "./words.js";

const MOST_BARS = 20; // as many as the protocol tells

/** Offer every model that can chat, newest first; the one chosen stays chosen. */
export function offer(models) {
  const choice = find("trial-model");
  const names = models
    .filter(model => model.capabilities?.chat_completion ?? model.id.startsWith("ft:"))
    .sort((a, b) => b.created - a.created)
    .map(model => model.id);
  find("trial").hidden = !names.length;
  find("no-models").hidden = names.length > 0;
  const offered = [...choice.options].map(option => option.value);
  if (names.join("\n") === offered.join("\n")) return;
  const chosen = choice.value;
  choice.replaceChildren(...names.map(name => element("option", { value: name }, name)));
  if (names.includes(chosen)) choice.value = chosen;
}

/** Choose a model and go where the text is typed. */
export function choose(model) {
  find("trial-model").value = model;
  find("trial-model").dispatchEvent(new Event("change"));
  find("trial-text").focus();
}

/** [label, probability] of an answer, most probable first; a label may take several tokens. */
export function probabilities(answer) {
  const tokens = answer.logprobs?.content ?? [];
  return (tokens.length === 1 ? tokens[0].top_logprobs : [])
    .map(({ token, logprob }) => [token, Math.exp(logprob)])
    .sort((a, b) => b[1] - a[1]);
}

function drawAnswer(answer, ms) {
  write(find("answer-text"), answer.message.content ?? "");
  write(find("answer-time"), word("took", { ms: number(ms) }));
  const bars = probabilities(answer).map(([label, share]) => {
    const bar = element("div", { "aria-hidden": "true" });
    bar.style.width = `${100 * share}%`;
    return element("tr", {},
      element("th", { scope: "row", dir: "auto" }, label),
      element("td", { class: "bar" }, bar),
      element("td", { class: "number" }, percent(share)));
  });
  find("bars").tBodies[0].replaceChildren(...bars);
}

async function ask(event, failed) {
  event.preventDefault();
  find("trial-ask").disabled = true;
  tell(find("answer-fault"), "");
  const began = performance.now();
  try {
    const answer = await send("chat/completions", {
      model: find("trial-model").value,
      messages: [{ role: "user", content: find("trial-text").value }],
      logprobs: true,
      top_logprobs: MOST_BARS,
    });
    drawAnswer(answer.choices[0], performance.now() - began);
  } catch (error) {
    write(find("answer-text"), "");
    write(find("answer-time"), "");
    find("bars").tBodies[0].replaceChildren();
    tell(find("answer-fault"), failed(error));
  }
  find("answer").hidden = false;
  find("trial-ask").disabled = false;
}

/** Listen to the form; `failed` says what an error means. Ctrl+Enter in the text asks too. */
export function listen(failed) {
  find("trial").addEventListener("submit", event => ask(event, failed));
  find("trial-text").addEventListener("keydown", event => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) find("trial").requestSubmit();
  });
}
