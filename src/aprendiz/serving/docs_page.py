"""The pages at ``/docs``: what ``/openapi.json`` says, with a form to try it.

Swagger UI is usually fetched from somebody else's server, and then shows nothing
on a machine without one. Each of these is one string, asks only its own server, and
its Content-Security-Policy makes the browser hold it to that.
"""

from __future__ import annotations

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; "
        "connect-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>aprendiz API</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; }
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
  h1 { margin-bottom: 0; }
  section { border-top: 1px solid #8886; margin-top: 2rem; }
  pre, textarea { font: 14px/1.45 ui-monospace, monospace; }
  pre { background: #8881; padding: .75rem; overflow-x: auto; border-radius: .3rem; }
  textarea { width: 100%; box-sizing: border-box; padding: .5rem; }
  button { font: inherit; padding: .3rem 1.2rem; margin-top: .4rem; }
  table { border-collapse: collapse; width: 100%; }
  th, td { text-align: left; padding: .2rem .8rem .2rem 0; vertical-align: top; }
  code { font-family: ui-monospace, monospace; }
</style>
</head>
<body>
<h1 id="title">aprendiz</h1>
<p id="summary"></p>
<p>Machine-readable: <a href="openapi.json">openapi.json</a></p>
<section>
  <h2>Try it</h2>
  <form id="try">
    <!--fields-->
  </form>
  <pre id="answer" role="status" aria-live="polite" hidden></pre>
</section>
<main id="routes"></main>
<script>
"use strict";
// Everything is added as text, never as markup: a label may hold anything.
function add(parent, name, text) {
  const element = parent.appendChild(document.createElement(name));
  if (text !== undefined) element.textContent = text;
  return element;
}
function resolve(schema, all) {
  return schema && schema.$ref ? all[schema.$ref.split("/").pop()] : schema;
}
function kind(schema) {
  if (!schema) return "";
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.anyOf) return schema.anyOf.map(kind).join(" or ");
  if (schema.enum) return schema.enum.map(value => JSON.stringify(value)).join(" | ");
  if (schema.type === "array") return "list of " + kind(schema.items);
  if (schema.type === "object" && schema.additionalProperties)
    return "object of " + kind(schema.additionalProperties);
  const bounds = [];
  if ("minLength" in schema) bounds.push("from " + schema.minLength);
  if ("maxLength" in schema) bounds.push("to " + schema.maxLength + " characters");
  return [schema.type, ...bounds].join(" ");
}
function describe(parent, schema, all) {
  const shape = resolve(schema, all);
  if (!shape || !shape.properties) return;
  const table = add(parent, "table");
  for (const [name, field] of Object.entries(shape.properties)) {
    const row = add(table, "tr");
    add(add(row, "td"), "code", name);
    add(row, "td", kind(field));
    add(row, "td", field.description || "");
  }
  if (shape.example) add(parent, "pre", JSON.stringify(shape.example, null, 2));
}
function route(parent, path, method, operation, all) {
  const section = add(parent, "section");
  add(section, "h2", method.toUpperCase() + " " + path);
  add(section, "p", operation.description || operation.summary || "");
  if (operation.requestBody) {
    add(section, "h3", "Request");
    describe(section, operation.requestBody.content["application/json"].schema, all);
  }
  for (const [status, response] of Object.entries(operation.responses)) {
    add(section, "h3", status + " " + response.description);
    const content = (response.content || {})["application/json"];
    if (content && status < 300) describe(section, content.schema, all);
    else if (content) add(section, "p", "Body: " + kind(content.schema));
  }
}
async function show() {
  const api = await (await fetch("openapi.json")).json();
  const all = api.components.schemas;
  document.getElementById("title").textContent = api.info.title + " " + api.info.version;
  document.getElementById("summary").textContent = api.info.summary || "";
  const routes = document.getElementById("routes");
  for (const [path, methods] of Object.entries(api.paths))
    for (const [method, operation] of Object.entries(methods))
      route(routes, path, method, operation, all);
  const section = add(routes, "section");
  add(section, "h2", "Errors");
  describe(section, {$ref: "#/components/schemas/ErrorBody"}, all);
  describe(section, {$ref: "#/components/schemas/ErrorDetail"}, all);
}
/*try*/
show();
</script>
</body>
</html>
"""

_CLASSIFY_FIELDS = """<label for="text">Text to classify</label>
    <textarea id="text" rows="3" required></textarea>
    <button>Classify</button>"""

_CLASSIFY_SCRIPT = """document.getElementById("try").addEventListener("submit", async event => {
  event.preventDefault();
  const shown = document.getElementById("answer");
  shown.hidden = false;
  shown.textContent = "…";
  try {
    const response = await fetch("classify", {
      method: "POST",
      headers: {"Content-Type": "application/json"},
      body: JSON.stringify({text: document.getElementById("text").value}),
    });
    shown.textContent = response.status + "\\n" + JSON.stringify(await response.json(), null, 2);
  } catch (error) {
    shown.textContent = "The server did not answer.";
  }
});"""

_CHAT_FIELDS = """<label for="text">What you say</label>
    <textarea id="text" rows="3" required></textarea>
    <button>Ask</button>
    <button id="stop" type="button" disabled>Stop</button>"""

_CHAT_SCRIPT = """let asking = null;
document.getElementById("stop").addEventListener("click", () => asking && asking.abort());
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = "";;) {
    const {value, done} = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\\n\\n");
    rest = parts.pop();
    for (const part of parts) if (part !== "data: [DONE]") yield JSON.parse(part.slice(6));
  }
}
async function ask(shown) {
  const models = await (await fetch("v1/models", {signal: asking.signal})).json();
  if (models.error) { shown.textContent = models.error.message; return; }
  const response = await fetch("v1/chat/completions", {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    signal: asking.signal,
    body: JSON.stringify({
      model: models.data[0].id,
      messages: [{role: "user", content: document.getElementById("text").value}],
      stream: true,
    }),
  });
  if (!response.ok) { shown.textContent = (await response.json()).error.message; return; }
  shown.textContent = "";
  for await (const event of events(response)) {
    if (event.error) shown.textContent += "\\n[" + event.error.message + "]";
    else for (const choice of event.choices) shown.textContent += choice.delta.content || "";
  }
}
document.getElementById("try").addEventListener("submit", async event => {
  event.preventDefault();
  if (asking) return;
  const shown = document.getElementById("answer"), stop = document.getElementById("stop");
  shown.hidden = stop.disabled = false;
  shown.textContent = "…";
  asking = new AbortController();
  try {
    await ask(shown);
  } catch (error) {
    shown.textContent += asking.signal.aborted ? " [stopped]" : "\\nThe server did not answer.";
  }
  asking = null;
  stop.disabled = true;
});"""


def _with(fields: str, script: str) -> str:
    return _PAGE.replace("<!--fields-->", fields).replace("/*try*/", script)


CLASSIFY = _with(_CLASSIFY_FIELDS, _CLASSIFY_SCRIPT)
CHAT = _with(_CHAT_FIELDS, _CHAT_SCRIPT)
