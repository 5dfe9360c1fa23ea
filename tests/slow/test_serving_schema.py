"""The classifier server's OpenAPI document held against a running server by Schemathesis.

It makes requests out of the document, good and bad, in all its phases. Every answer must be one
that the document promises: no 5xx, no undocumented status or content type, no body of another
shape, no request taken that the document forbids or refused that it allows.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.serving import Running, serving

pytest.importorskip("schemathesis")
pytest.importorskip("sklearn")
PATIENCE = 60  # seconds for an answer: other work may hold both cores of a small machine
EXAMPLES_EACH = 25  # of each operation, on top of the systematic ones of the coverage phase

# Well-formed requests that may still be refused, for no document can say which models there
# are, which labels they have, that a tensor has as many texts as its shape says, or which
# column of a table holds texts.
SETTINGS = """
hooks = "hooks.py"

[checks]
negative_data_rejection.expected-statuses = [400, 401, 404, 413, 415, 422]

[[operations]]
include-path-regex = "^/(v2/models/.*|feedback|invocations)$"
checks.positive_data_acceptance.enabled = false
"""

# Names out of thin air only ever meet 404; so what is well-formed is made to mean something.
HOOKS = """
import schemathesis

@schemathesis.hook
def filter_case(context, case):
    # An id of any kind is taken, and one that is not harmless is replaced.
    return len((case.headers or {}).get("X-Request-Id", "")) < 8192

@schemathesis.hook
def before_call(context, case, kwargs):
    body = case.body
    if isinstance(case.path_parameters, dict) and "model" in case.path_parameters:
        if case.path_parameters["model"]:
            case.path_parameters["model"] = "model"
    if not isinstance(body, dict):
        return
    if isinstance(body.get("model"), str) and len(body["model"]) <= 512:
        body["model"] = "model"
    if isinstance(body.get("label"), str) and len(body["label"]) <= 512:
        body["label"] = "greet"
    for place in (body, body.get("parameters")):
        if isinstance(place, dict) and place.get("function_to_apply") == "sigmoid":
            place["function_to_apply"] = "softmax"  # a model has one of the two
    tensors = body.get("inputs")
    if case.path.endswith("/infer") and isinstance(tensors, list):
        for tensor in tensors:
            data = tensor.get("data") if isinstance(tensor, dict) else None
            shape = tensor.get("shape") if isinstance(tensor, dict) else None
            if isinstance(data, list) and isinstance(shape, list) and len(shape) == 1:
                tensor["shape"] = [len(data)]
"""


@pytest.fixture
def running(
    examples_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Running]:
    from aprendiz import workflow

    workflow.train(examples_file, out=tmp_path / "model", method="tfidf", track=False)
    monkeypatch.setenv("APRENDIZ_SERVE_FEEDBACK", str(tmp_path / "feedback.jsonl"))
    monkeypatch.setenv("APRENDIZ_SERVE_KEY", "a-key")
    with serving("aprendiz", "serve", str(tmp_path / "model"), "--port", "0") as server:
        yield server


@pytest.mark.timeout(700)
def test_every_answer_is_one_that_the_document_promises(running: Running, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    (tmp_path / "hooks.py").write_text(HOOKS)
    address = f"http://127.0.0.1:{running.port}"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{address}/openapi.json"),
            *("--header", "Authorization: Bearer a-key"),
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
    assert told["operations"]["tested"] == told["operations"]["total"] == 15
    phases = {name: phase["status"] for name, phase in told["phases"].items()}
    assert {phases[name] for name in ("coverage", "fuzzing")} == {"success"}
    assert told["test_cases"]["generated"] > 250
    for path in ("/classify", "/v1/classify", "/predict", "/invocations"):
        rates = told["valid_rates"][f"POST {path}"]
        taken = sum(phase["accepted"] for phase in rates.values())
        assert taken > 1, f"hardly a request reached the model at {path}"
    assert "Traceback" not in "".join(running.said)
