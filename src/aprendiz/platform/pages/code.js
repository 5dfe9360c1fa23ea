// Lines to copy: how the official clients are pointed at this service. The key is never in them.

import { BASE_URL, ORIGIN } from "./api.js";
import { find, write } from "./dom.js";
import { word } from "./words.js";

const KEY = "YOUR-KEY";

/** The five lines that start a first job. */
export const FIRST_LINES = `from openai import OpenAI
client = OpenAI(base_url="${BASE_URL}", api_key="${KEY}")
file = client.files.create(file=open("training.jsonl", "rb"), purpose="fine-tune")
job = client.fine_tuning.jobs.create(model="gpt-4o-mini", training_file=file.id)
print(job.id)`;

const DIALECTS = {
  python: model => `from openai import OpenAI

client = OpenAI(base_url="${BASE_URL}", api_key="${KEY}")
answer = client.chat.completions.create(
    model=${model},
    messages=[{"role": "user", "content": "where is my parcel?"}],
    logprobs=True, top_logprobs=5,
)
print(answer.choices[0].message.content)`,
  azure: model => `from openai import AzureOpenAI

client = AzureOpenAI(
    azure_endpoint="${ORIGIN}", api_key="${KEY}", api_version="2024-10-21"
)
answer = client.chat.completions.create(
    model=${model},
    messages=[{"role": "user", "content": "where is my parcel?"}],
)
print(answer.choices[0].message.content)`,
  node: model => `import OpenAI from "openai";

const client = new OpenAI({ baseURL: "${BASE_URL}", apiKey: "${KEY}" });
const answer = await client.chat.completions.create({
  model: ${model},
  messages: [{ role: "user", content: "where is my parcel?" }],
});
console.log(answer.choices[0].message.content);`,
  curl: model => `curl ${BASE_URL}/chat/completions \\
  -H "Authorization: Bearer ${KEY}" -H "Content-Type: application/json" \\
  --data-binary @- <<'END'
{"model": ${model}, "messages": [{"role": "user", "content": "where is my parcel?"}]}
END`,
};

/** Write the lines for the model that is chosen. A JSON string is also one of Python and Node. */
export function draw() {
  const model = JSON.stringify(find("trial-model").value || "ft:…");
  write(find("first-lines"), FIRST_LINES);
  write(find("code"), DIALECTS[find("dialect").value](model));
}

async function copy(button) {
  const lines = find(button.dataset.copies);
  try {
    await navigator.clipboard.writeText(lines.textContent);
    write(button, word("copied"));
    write(find("told"), word("copied"));
    setTimeout(() => write(button, word("copy")), 1500);
  } catch {
    getSelection().selectAllChildren(lines); // no clipboard without https: leave them selected
  }
}

/** Listen to the choice of client, to the choice of model and to the copy buttons. */
export function listen() {
  find("dialect").addEventListener("change", draw);
  find("trial-model").addEventListener("change", draw);
  for (const button of document.querySelectorAll("[data-copies]"))
    button.addEventListener("click", () => copy(button));
}
