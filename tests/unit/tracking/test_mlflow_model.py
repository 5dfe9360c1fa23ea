"""The model in the run: loads through MLflow's own door and gives our own answers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from aprendiz import workflow
from aprendiz.settings import Settings
from aprendiz.tracking.open_run import recording
from tests.conftest import EXAMPLES

pytest.importorskip("mlflow")
pytest.importorskip("sklearn")
TEXTS = ["hello there friend", "I want my money back", "two coffees please", "", "¿qué?"]


@pytest.fixture(scope="module")
def recorded(home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, str, Path]:
    """A model trained on thirty rows, recorded; its settings, run id and folder."""
    place = tmp_path_factory.mktemp("trained")
    (place / "examples.json").write_text(json.dumps(EXAMPLES))
    folder = place / "a model"
    workflow.train(place / "examples.json", out=folder, method="tfidf", holdout=0.0, track=False)
    settings = Settings(home=home, mlflow_tracking_uri="")
    with recording(settings, name="served", track=True, say=print) as run:
        run.model(folder)
    return settings, run.run_id, folder


def test_the_recorded_model_answers_as_the_folder_does(recorded, monkeypatch):
    settings, run_id, folder = recorded
    import mlflow
    import pandas as pd

    monkeypatch.setenv("MLFLOW_TRACKING_URI", settings.tracking_uri)
    model = mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
    answers = model.predict(pd.DataFrame({"text": TEXTS}))
    for answer, expected in zip(answers, workflow.load(folder).predict(TEXTS), strict=True):
        assert answer["label"] == expected.label
        assert answer["confidence"] == pytest.approx(expected.confidence)
        assert answer["probabilities"] == pytest.approx(dict(expected.scores))
        assert answer["abstained"] == expected.abstained
        assert answer["decision"] == expected.decision
    promised = model.metadata.get_output_schema().input_names()
    assert [set(answer) for answer in answers] == [set(promised)] * len(TEXTS)


def test_a_table_without_texts_is_refused_by_its_signature(recorded, monkeypatch):
    settings, run_id, _ = recorded
    import mlflow
    import pandas as pd

    monkeypatch.setenv("MLFLOW_TRACKING_URI", settings.tracking_uri)
    model = mlflow.pyfunc.load_model(f"runs:/{run_id}/model")
    with pytest.raises(mlflow.MlflowException, match="text"):
        model.predict(pd.DataFrame({"sentence": TEXTS}))


def test_the_recorded_model_holds_the_whole_folder_once_and_no_pickle(recorded):
    settings, run_id, folder = recorded
    stored = next((settings.home_folder / "mlartifacts").glob(f"*/{run_id}")) / "artifacts/model"
    names = {path.name for path in stored.rglob("*") if path.is_file()}
    assert {path.name for path in folder.rglob("*") if path.is_file()} <= names
    assert not [name for name in names if name.endswith((".pkl", ".pickle", ".joblib"))]
    assert len(list(stored.rglob("manifest.json"))) == 1
    wanted = (stored / "requirements.txt").read_text().splitlines()
    assert any(line.startswith("aprendiz[train]==") for line in wanted)
    assert (stored / "MLmodel").read_text().count("model_code_path") == 1


@pytest.mark.slow
def test_mlflow_models_serve_answers(recorded, tmp_path):
    settings, run_id, folder = recorded
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        [
            sys.executable, "-m", "mlflow", "models", "serve", "-m", f"runs:/{run_id}/model",
            "--env-manager", "local", "--host", "127.0.0.1", "--port", str(port),
        ],
        cwd=tmp_path, process_group=0, stdout=log, stderr=log,
        env={
            **os.environ,
            "MLFLOW_TRACKING_URI": settings.tracking_uri,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        },
    )  # fmt: skip
    try:
        answer = _ask(
            port, process, {"dataframe_split": {"columns": ["text"], "data": [[t] for t in TEXTS]}}
        )
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()
        log.close()
    expected = workflow.load(folder).predict(TEXTS)
    assert [each["label"] for each in answer["predictions"]] == [each.label for each in expected]
    first = answer["predictions"][0]
    assert first["probabilities"] == pytest.approx(dict(expected[0].scores))


def _ask(port: int, process: subprocess.Popen[bytes], body: object) -> dict:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    deadline = time.monotonic() + 150
    while time.monotonic() < deadline:
        assert process.poll() is None, "the model server ended"
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return json.load(reply)
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.3)
    raise AssertionError("the model server does not answer")
