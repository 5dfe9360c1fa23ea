"""A real tracking server that dies, hangs and comes back while a run goes on."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aprendiz.settings import Settings
from aprendiz.tracking.open_run import open_run
from aprendiz.tracking.past_runs import past_runs

pytest.importorskip("mlflow")
pytestmark = [pytest.mark.crash, pytest.mark.slow]
CANARY = "canary-51d0ee"


class Server:
    """``mlflow server`` in a process group of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1",
                "--port", str(self.port), "--workers", "1",
                "--backend-store-uri", f"sqlite:///{self.folder}/server.db",
                "--artifacts-destination", str(self.folder / "artifacts"),
            ],
            cwd=self.folder, process_group=0, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            env={**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"},
        )  # fmt: skip
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            with (
                suppress(OSError),
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=5),
            ):
                return
            assert self.process.poll() is None, "the server did not start"
            time.sleep(0.3)
        raise AssertionError("the server does not answer")

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)

    def kill(self) -> None:
        self.signal(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(tmp_path_factory.mktemp("server"))
    server.start()
    yield server
    server.kill()


@pytest.fixture
def settings(server: Server, tmp_path: Path) -> Settings:
    address = f"http://me:{CANARY}@127.0.0.1:{server.port}"
    return Settings(home=tmp_path / "home", mlflow_tracking_uri=address)


def run_at(settings: Settings, run_id: str):
    from mlflow import MlflowClient

    return MlflowClient(settings.tracking_uri).get_run(run_id)


def test_a_run_at_a_server_has_everything_and_no_password(server, settings, tmp_path, capfd):
    said: list[str] = []
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(b"0" * 1000)
    run = open_run(settings, name="remote", track=True, say=said.append)
    run.params({"method": "tfidf"})
    run.metrics({"loss": 1.0}, 1)
    run.model(tmp_path / "model")
    run.close("finished")

    found = run_at(settings, run.run_id)
    assert (found.info.status, found.data.params) == ("FINISHED", {"method": "tfidf"})
    assert found.data.metrics == {"loss": 1.0}
    assert list((server.folder / "artifacts").rglob("weights"))
    assert run.address.startswith(f"http://127.0.0.1:{server.port}/#/experiments/")
    assert capfd.readouterr().out == ""
    for path in [*server.folder.rglob("*"), *settings.home_folder.rglob("*")]:
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path
    assert said == []


def test_a_server_that_dies_and_comes_back_misses_nothing(server, settings, capfd):
    said: list[str] = []
    run = open_run(settings, name="survivor", track=True, say=said.append)
    run.metrics({"loss": 3.0}, 1)
    server.kill()
    run.metrics({"loss": 2.0}, 2)
    deadline = time.monotonic() + 60
    while not said and time.monotonic() < deadline:
        time.sleep(0.1)
    run.metrics({"loss": 1.0}, 3)
    server.start()
    run.close("finished")

    found = run_at(settings, run.run_id)
    assert (found.info.status, found.data.metrics) == ("FINISHED", {"loss": 1.0})
    assert len(said) == 2 and "warning" in said[0] and "answered again" in said[1]
    assert CANARY not in " ".join(said)
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")


def test_a_server_that_dies_for_good_costs_one_run_its_record_not_its_training(
    server, settings, tmp_path
):
    said: list[str] = []
    (tmp_path / "report.html").write_text("report")
    run = open_run(settings, name="orphan", track=True, say=said.append)
    server.kill()
    for step in range(1, 4):
        run.metrics({"loss": 1 / step}, step)
    run.artifact(tmp_path / "report.html")
    run.artifact(tmp_path / "report.html", "again")
    run.close("failed")
    assert [entry["step"] for entry in run.history] == [1, 2, 3]
    assert len(said) == 2, said
    assert "training goes on" in said[0]
    assert "report.html" in said[1] and "3 figures" in said[1]

    server.start()
    assert run_at(settings, run.run_id).info.status == "RUNNING"
    assert past_runs(settings, 10)  # opening the store closes what was left, as it ended
    assert run_at(settings, run.run_id).info.status == "FAILED"


def test_a_server_that_hangs_never_holds_up_the_training(server, settings, monkeypatch):
    from aprendiz.tracking import mlflow_run

    monkeypatch.setattr(mlflow_run, "_CLOSING_SECONDS", 1.0)
    said: list[str] = []
    run = open_run(settings, name="patient", track=True, say=said.append)
    server.signal(signal.SIGSTOP)
    try:
        for step in range(1, 1000):
            run.metrics({"loss": 1 / step}, step)
        assert said == []  # a call that had waited for the server would have seen it time out
        run.close("finished")
    finally:
        server.signal(signal.SIGCONT)
    assert len(run.history) == 999
    assert "figures" in said[-1]
