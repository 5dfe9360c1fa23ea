"""``aprendiz runs``, as somebody types it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from aprendiz.cli.runs import runs
from aprendiz.errors import MissingExtra, ProviderError
from aprendiz.settings import Settings
from aprendiz.tracking import library
from aprendiz.tracking.open_run import recording

pytest.importorskip("mlflow")
app = typer.Typer()
app.command()(runs)
CANARY = "canary-9b22f0"


def type_in(*arguments: str):
    return CliRunner().invoke(app, arguments)


@pytest.fixture
def two_runs(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("APRENDIZ_HOME", str(settings.home))
    model = tmp_path / "a rather long name for a folder in which there is a model"
    model.mkdir()
    with recording(settings, name="probe x", track=True, say=print) as run:
        run.params({"method": "probe", "test_rows": 3080})
        run.metrics({"final_test_accuracy": 0.8714}, 0)
        run.model(model)
    with (
        pytest.raises(ZeroDivisionError),
        recording(settings, name="tfidf x", track=True, say=print) as run,
    ):
        run.params({"method": "tfidf"})
        raise ZeroDivisionError
    return model


def test_the_table_shows_how_runs_ended_and_shortens_nothing(two_runs):
    told = type_in("--limit", "2")
    assert told.exit_code == 0
    head, newest, older = told.stdout.splitlines()
    assert head.split() == ["STARTED", "STATUS", "METHOD", "ACCURACY", "MODEL", "RUN"]
    assert "failed" in newest and "tfidf" in newest
    assert "finished" in older and "0.871 on 3,080 test rows" in older and str(two_runs) in older


def test_json_is_one_document_on_stdout(two_runs):
    told = json.loads(type_in("--json", "--limit", "2").stdout)
    assert [run["status"] for run in told] == ["failed", "finished"]
    assert told[1]["accuracy"] == 0.8714 and told[1]["n"] == 3080
    assert told[1]["model"] == str(two_runs)


def test_no_runs_yet_is_said_and_not_an_error():
    told = type_in()
    assert (told.exit_code, told.stdout) == (0, "")
    assert json.loads(type_in("--json").stdout) == []


def test_without_mlflow_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(library, "mlflow_installed", lambda: False)
    for arguments in ((), ("--ui",)):
        error = type_in(*arguments).exception
        assert isinstance(error, MissingExtra) and error.extra == "track"


def test_a_server_that_is_away_is_said_to_be_without_its_password(monkeypatch):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://me:{CANARY}@127.0.0.1:{port}")
    for arguments in ((), ("--ui",)):
        error = type_in(*arguments).exception
        assert isinstance(error, ProviderError)
        assert f"http://127.0.0.1:{port}" in error.message and CANARY not in error.message


@pytest.mark.slow
def test_ui_serves_the_runs_until_it_is_stopped(two_runs, settings):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "aprendiz", "runs", "--ui", "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env={**os.environ, "APRENDIZ_HOME": str(settings.home)},
    )  # fmt: skip
    try:
        found = _experiments(port, process)
    finally:
        process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 0
    assert process.stdout is not None
    page = process.stdout.read().decode()
    assert page.startswith(f"http://127.0.0.1:{port}/#/experiments/") and page.count("\n") == 1
    assert "aprendiz" in found
    with socket.socket() as probe:  # nothing of ours is left listening
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def _experiments(port: int, process: subprocess.Popen[bytes]) -> list[str]:
    url = f"http://127.0.0.1:{port}/api/2.0/mlflow/experiments/search?max_results=10"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        assert process.poll() is None, "mlflow ui ended"
        with suppress(OSError), urllib.request.urlopen(url, timeout=10) as reply:
            return [each["name"] for each in json.load(reply)["experiments"]]
        time.sleep(0.3)
    raise AssertionError("mlflow ui does not answer")
