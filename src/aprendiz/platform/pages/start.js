// Start a job: upload one or two files, wait until they are checked, create the job once.

import { send, upload } from "./api.js";
import { element, find, tell, write } from "./dom.js";
import { word } from "./words.js";

/** Suggest the base models in the form; any other name may be typed. */
export function suggest(models) {
  const names = models.filter(model => !model.capabilities?.chat_completion).map(model => model.id);
  const offered = [...find("bases").children].map(option => option.value);
  if (names.join("\n") !== offered.join("\n"))
    find("bases").replaceChildren(...names.map(name => element("option", { value: name })));
}

async function start(event, failed, started) {
  event.preventDefault();
  find("start-now").disabled = true;
  tell(find("start-fault"), "");
  write(find("start-state"), word("uploading"));
  try {
    const [training, validation] = [find("training").files[0], find("validation").files[0]];
    const request = { model: find("base").value.trim(), training_file: await upload(training) };
    if (validation) request.validation_file = await upload(validation);
    if (find("suffix").value.trim()) request.suffix = find("suffix").value.trim();
    const job = await send("fine_tuning/jobs", request);
    find("start").reset();
    write(find("start-state"), word("started", { id: job.id }));
    started(job);
  } catch (error) {
    write(find("start-state"), "");
    tell(find("start-fault"), failed(error));
  }
  find("start-now").disabled = false;
}

/** Listen to the form; `failed` says what an error means, `started` is told of the new job. */
export function listen(failed, started) {
  find("start").addEventListener("submit", event => start(event, failed, started));
}
