"""kill -9 in the middle of a run: whoever opens the next one closes it as killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from aprendiz.settings import Settings
from aprendiz.tracking.open_run import open_run
from aprendiz.tracking.past_runs import past_runs

pytest.importorskip("mlflow")
pytestmark = pytest.mark.crash

CHILD = """
import sys, time
from pathlib import Path
from mlflow import MlflowClient
from aprendiz.settings import get_settings
from aprendiz.tracking.open_run import open_run
run = open_run(get_settings(), name="doomed", track=True, say=lambda message: None,
               resume=Path(sys.argv[1]))
for step in range(1, 100):
    run.metrics({"loss": 1 / step}, step)
client = MlflowClient(get_settings().tracking_uri)
while len(client.get_metric_history(run.run_id, "loss")) < 99:
    time.sleep(0.1)
print(run.run_id, flush=True)
time.sleep(600)
"""


def kill_a_child(home: Path, journal: Path, number: signal.Signals) -> str:
    """Start a training, stop it when its run is open and its figures are out; its run's id."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(journal)],
        stdout=subprocess.PIPE, text=True, env={**os.environ, "APRENDIZ_HOME": str(home)},
    )  # fmt: skip
    assert child.stdout is not None
    try:
        return child.stdout.readline().strip()
    finally:
        child.send_signal(number)
        child.wait()
        child.stdout.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_killed_run_is_closed_by_the_next_and_can_be_taken_up_again(tmp_path, number):
    settings = Settings(home=tmp_path / "home", mlflow_tracking_uri="")
    journal = tmp_path / "run.json"
    killed = kill_a_child(settings.home, journal, number)

    from mlflow import MlflowClient

    client = MlflowClient(settings.tracking_uri)
    assert client.get_run(killed).info.status == "RUNNING"

    other = open_run(settings, name="another", track=True, say=print)
    found = client.get_run(killed)
    assert found.info.status == "KILLED"
    assert found.info.end_time is not None
    assert found.data.tags["aprendiz.closed_by"] == "a later run"
    assert len(client.get_metric_history(killed, "loss")) == 99
    assert client.get_run(other.run_id).info.status == "RUNNING"
    other.close("finished")

    again = open_run(settings, name="doomed", track=True, say=print, resume=journal)
    assert again.run_id == killed
    assert [entry["step"] for entry in again.history] == list(range(1, 100))
    again.close("finished")
    assert client.get_run(killed).info.status == "FINISHED"


def test_looking_at_the_runs_is_enough_to_close_it(tmp_path):
    settings = Settings(home=tmp_path / "home", mlflow_tracking_uri="")
    killed = kill_a_child(settings.home, tmp_path / "run.json", signal.SIGKILL)
    assert [(run.run_id, run.status) for run in past_runs(settings, 5)] == [(killed, "killed")]
