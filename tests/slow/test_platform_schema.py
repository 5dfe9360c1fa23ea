"""The platform's OpenAPI document held against a running platform by Schemathesis.

It makes requests out of the document, good and bad, and chains of requests that use each
other's answers. Every answer must be one the document promises: no 5xx, no undocumented status
or content type, no body of another shape, no request taken that the document forbids.

The platform it meets is not empty: a finished job with its files, checkpoints, model and a
deployment are there, so that what it reads in lists can be asked for by name.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES
from tests.platforms import Running, platform

pytest.importorskip("schemathesis")
pytest.importorskip("openai")
pytest.importorskip("sqlalchemy")
PATIENCE = 60  # seconds for an answer: a training beside it may hold both cores of a small machine
EXAMPLES_EACH = 6  # of each operation, on top of the systematic ones of the coverage phase

# Where a request may be well-formed and still be refused with 400, for no document can say
# which ids exist, what state a job is in, that a model is deployed, or that the vendors' other
# methods are not offered.
SETTINGS = """
hooks = "hooks.py"

[[operations]]
include-path-regex = "/(files|jobs|events|checkpoints)$"
include-method = "GET"
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path-regex = "/fine_tuning/jobs(/[^/]+/(cancel|pause|resume))?$"
include-method = "POST"
checks.positive_data_acceptance.enabled = false

[[operations]]
include-path-regex = "/models/{model}$"
include-method = "DELETE"
checks.positive_data_acceptance.enabled = false

# Azure's older interface lets a deployment's name hold slashes: GET and DELETE find this path
# to be the deployment "NAME/chat/completions".
[[operations]]
include-path = "/openai/deployments/{deployment}/chat/completions"
checks.allow_header_conformance.enabled = false
"""

# Names out of thin air only ever meet 404, and a chat without a word from the user only 400. So
# what is well-formed is made to mean something; what is not stays as it is.
HOOKS = """
import schemathesis

def named(values):
    name = values.get("model", values.get("name"))
    return isinstance(name, str) and 0 < len(name) <= 512 and "\\0" not in name

def speakers(messages):
    return messages and isinstance(messages, list) and all(isinstance(m, dict) for m in messages)

@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if not isinstance(body, dict):
        return
    if speakers(body.get("messages")):
        body["messages"] = [*body["messages"], {"role": "user", "content": "hello"}]
        if named(body):
            body["model"] = MODEL
        if "{deployment}" in case.path and isinstance(case.path_parameters, dict):
            case.path_parameters["deployment"] = MODEL
    elif case.method == "PUT":
        wanted = body.get("properties")
        model = wanted.get("model") if isinstance(wanted, dict) else None
        if isinstance(model, dict) and named(model):
            model["name"] = MODEL
"""


@pytest.fixture
def lived_in(tmp_path: Path) -> Iterator[tuple[Running, str]]:
    """A platform with a finished job, a cancelled one, and a deployment of the model named."""
    from openai import DefaultHttpxClient, OpenAI

    training = tmp_path / "training.jsonl"
    rows = [(text, label) for label, texts in EXAMPLES.items() for text in texts]
    turns = [[{"role": "user", "content": a}, {"role": "assistant", "content": b}] for a, b in rows]
    training.write_text("".join(json.dumps({"messages": each}) + "\n" for each in turns))
    with platform(tmp_path / "home") as running:
        client = OpenAI(
            base_url=f"{running.url}/v1",
            api_key=running.key,
            http_client=DefaultHttpxClient(trust_env=False),
        )
        file = client.files.create(file=training, purpose="fine-tune")
        client.files.wait_for_processing(file.id, poll_interval=0.2)
        jobs = [
            client.fine_tuning.jobs.create(model="tfidf", training_file=file.id) for _ in range(2)
        ]
        client.fine_tuning.jobs.cancel(jobs[1].id)
        deadline = time.monotonic() + 180
        while (job := client.fine_tuning.jobs.retrieve(jobs[0].id)).status != "succeeded":
            assert time.monotonic() < deadline and job.status != "failed", job
            time.sleep(0.3)
        deployment = {"id": "support", "model": job.fine_tuned_model}
        old = client.with_options(base_url=f"{running.url}/openai")
        old.post("/deployments", body=deployment, cast_to=object)
        yield running, str(job.fine_tuned_model)


@pytest.mark.timeout(700)
def test_every_answer_is_one_that_the_document_promises(
    lived_in: tuple[Running, str], tmp_path: Path
) -> None:
    running, model = lived_in
    report = tmp_path / "report.json"
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    (tmp_path / "hooks.py").write_text(f"MODEL = {model!r}\n{HOOKS}")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{running.url}/openapi.json"),
            *("--header", f"Authorization: Bearer {running.key}"),
            *("--max-examples", str(EXAMPLES_EACH), "--seed", "7", "--generation-database", "none"),
            # One worker: Python 3.11's ast.parse, which Hypothesis calls, is not safe in two threads
            # ("AST constructor recursion depth mismatch").
            *("--continue-on-failure", "--no-shrink", "--no-color", "--workers", "1"),
            *("--request-timeout", str(PATIENCE)),
            *("--report", "json", "--report-json-path", str(report)),
        ],
        cwd=tmp_path,
        env={**os.environ, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(report.read_text())
    assert told["operations"]["tested"] == told["operations"]["total"] > 40
    phases = {name: phase["status"] for name, phase in told["phases"].items()}
    assert {phases[name] for name in ("coverage", "fuzzing", "stateful")} == {"success"}
    assert told["test_cases"]["generated"] > 1_000
    for path in ("/v1/chat/completions", "/openai/deployments/{deployment}/chat/completions"):
        taken = told["valid_rates"][f"POST {path}"]["coverage"]["accepted"]
        assert taken > 10, f"hardly a chat reached the model at {path}"
