// The core of fine-tuning with the official Node client, every answer looked at closely.
// Run beside a node_modules that holds `openai`:  node core.mjs TRAINING.jsonl MODEL
// OPENAI_BASE_URL and OPENAI_API_KEY say where. The last line of output is JSON for the caller.

import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import OpenAI from "openai";

const [trainingPath, model] = process.argv.slice(2);
const client = new OpenAI();
const now = Math.floor(Date.now() / 1000);
const isTime = value => Number.isInteger(value) && Math.abs(value - now) < 3600;

// A file goes up and comes back byte for byte.
const sent = await client.files.create({ file: createReadStream(trainingPath), purpose: "fine-tune" });
assert.match(sent.id, /^file-/);
const file = await client.files.waitForProcessing(sent.id, { pollInterval: 200, maxWait: 60_000 });
assert.equal(file.object, "file");
assert.equal(file.status, "processed");
assert.equal(file.purpose, "fine-tune");
assert.ok(isTime(file.created_at));
const content = Buffer.from(await (await client.files.content(file.id)).arrayBuffer());
assert.equal(content.length, file.bytes);

// A job, followed to its end.
const created = await client.fineTuning.jobs.create({
  model,
  training_file: file.id,
  suffix: "node",
  seed: 11,
  metadata: { from: "node" },
  method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 3, batch_size: 4 } } },
});
assert.match(created.id, /^ftjob-/);
assert.equal(created.object, "fine_tuning.job");
assert.equal(created.fine_tuned_model, null);
assert.equal(created.seed, 11);
assert.deepEqual(created.metadata, { from: "node" });

let job = created;
while (!["succeeded", "failed", "cancelled"].includes(job.status)) {
  assert.ok(["validating_files", "queued", "running"].includes(job.status), job.status);
  await new Promise(resolve => setTimeout(resolve, 300));
  job = await client.fineTuning.jobs.retrieve(created.id);
}
assert.equal(job.status, "succeeded", JSON.stringify(job.error));
assert.match(job.fine_tuned_model, /^ft:.+:node:/);
assert.ok(isTime(job.finished_at) && job.finished_at >= job.created_at);
assert.ok(Number.isInteger(job.trained_tokens) && job.trained_tokens > 0);
const settings = job.method.supervised.hyperparameters;
assert.equal(settings.n_epochs, 3);
assert.equal(settings.batch_size, 4);
assert.equal(typeof settings.learning_rate_multiplier, "number");

// Events by auto-pagination, five at a time: none twice, and the figures of real steps.
const events = [];
for await (const event of client.fineTuning.jobs.listEvents(job.id, { limit: 5 })) events.push(event);
assert.equal(new Set(events.map(event => event.id)).size, events.length);
assert.ok(events.length > 5);
const losses = events.filter(event => event.type === "metrics").map(event => event.data.train_loss);
assert.ok(losses.filter(Number.isFinite).length >= 3, JSON.stringify(losses));
assert.ok(events.some(event => event.message.includes(job.fine_tuned_model)));

const checkpoints = (await client.fineTuning.jobs.checkpoints.list(job.id)).data;
assert.equal(checkpoints.length, 3);
for (const checkpoint of checkpoints) assert.equal(checkpoint.fine_tuning_job_id, job.id);
assert.equal(job.result_files.length, 1);
const results = await (await client.files.content(job.result_files[0])).text();
assert.match(results, /^\uFEFF?step,train_loss,/);

// Chat: plain with log-probabilities, then the same answer as a stream.
const labels = ["greet", "order", "refund"];
const messages = [{ role: "user", content: "please refund my payment" }];
const asked = { model: job.fine_tuned_model, messages, logprobs: true, top_logprobs: 3 };
const answer = await client.chat.completions.create(asked);
assert.equal(answer.object, "chat.completion");
assert.equal(answer.model, job.fine_tuned_model);
const [choice] = answer.choices;
assert.equal(choice.finish_reason, "stop");
assert.ok(labels.includes(choice.message.content), choice.message.content);
const top = choice.logprobs.content[0].top_logprobs;
const share = top.reduce((sum, each) => sum + Math.exp(each.logprob), 0);
assert.deepEqual(top.map(each => each.token).sort(), labels);
assert.ok(Math.abs(share - 1) < 1e-3, `the probabilities of all labels sum to ${share}`);
assert.equal(top[0].token, choice.message.content);
assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);

let streamed = "";
let usage = null;
let finish = null;
const ids = new Set();
const stream = await client.chat.completions.create({ ...asked, stream: true, stream_options: { include_usage: true } });
for await (const chunk of stream) {
  ids.add(chunk.id);
  assert.equal(chunk.object, "chat.completion.chunk");
  streamed += chunk.choices[0]?.delta.content ?? "";
  finish = chunk.choices[0]?.finish_reason ?? finish;
  usage = chunk.usage ?? usage;
}
assert.equal(streamed, choice.message.content);
assert.equal(finish, "stop");
assert.equal(ids.size, 1);
assert.deepEqual(usage, answer.usage);

// Errors arrive as the client's own classes, with the vendor's code.
await assert.rejects(client.fineTuning.jobs.retrieve("ftjob-nobody"), OpenAI.NotFoundError);
await assert.rejects(client.chat.completions.create({ model: "ft:none", messages }), OpenAI.NotFoundError);
await assert.rejects(new OpenAI({ apiKey: "wrong", maxRetries: 0 }).models.list(), error => {
  assert.ok(error instanceof OpenAI.AuthenticationError);
  assert.equal(error.code, "invalid_api_key");
  assert.ok(error.requestID);
  return true;
});

const names = [];
for await (const each of client.models.list()) names.push(each.id);
assert.ok(names.includes(job.fine_tuned_model));
const gone = await client.files.delete(file.id);
assert.deepEqual([gone.id, gone.deleted], [file.id, true]);

console.log(JSON.stringify({ job: job.id, model: job.fine_tuned_model, answer: streamed, events: events.length }));
