"""A real MLflow store in an SQLite file: what is sent, what is not, and how runs end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from aprendiz.errors import JobStopped
from aprendiz.methods import catalogue
from aprendiz.settings import Settings
from aprendiz.tracking import library
from aprendiz.tracking.memory import MemoryRun
from aprendiz.tracking.open_run import open_run, recording
from aprendiz.tracking.past_runs import past_runs

pytest.importorskip("mlflow")
CANARY = "canary-7f3a9c"


def read_back(settings: Settings, run_id: str):
    """The run as MLflow's own client sees it."""
    from mlflow import MlflowClient

    return MlflowClient(settings.tracking_uri).get_run(run_id)


def curve(settings: Settings, run_id: str, name: str) -> list[tuple[int, float]]:
    from mlflow import MlflowClient

    points = MlflowClient(settings.tracking_uri).get_metric_history(run_id, name)
    return [(point.step, point.value) for point in points]


def begin(settings: Settings, said: list[str], **more):
    run = open_run(settings, name="a test", track=True, say=said.append, **more)
    assert not isinstance(run, MemoryRun), said
    return run


def test_metrics_come_back_step_by_step(settings, said):
    run = begin(settings, said)
    for step in range(1, 1501):
        run.metrics({"loss": 1 / step, "system/cpu_percent": 50.0}, step)
    run.metrics({"eval f1 (macro)": float("nan")}, 1500)
    run.close("finished")

    assert curve(settings, run.run_id, "loss") == [(n, 1 / n) for n in range(1, 1501)]
    assert len(curve(settings, run.run_id, "system/cpu_percent")) == 1500
    assert len(curve(settings, run.run_id, "eval f1 _macro_")) == 1
    assert len(run.history) == 1500  # NaN is for the curve, not for our JSON
    assert read_back(settings, run.run_id).info.status == "FINISHED"


def test_parameters_are_those_of_the_list_cut_to_what_servers_take(settings, said):
    run = begin(settings, said)
    run.params({"method": "probe", "labels": 77, "seed": 13, "hf_token": CANARY, "other": 1})
    run.params({"base_model": "x" * 10_000, "method": "not twice"})
    run.close("finished")

    params = read_back(settings, run.run_id).data.params
    assert params == {"method": "probe", "labels": "77", "seed": "13", "base_model": "x" * 500}


def test_the_list_covers_every_recipe_and_fits_one_request():
    from aprendiz.tracking.mlflow_run import RECORDED_PARAMS

    recipes = {
        key for name in catalogue.METHODS for key in catalogue.recipe_class(name).model_fields
    }
    assert recipes <= set(RECORDED_PARAMS)
    assert len(RECORDED_PARAMS) == len(set(RECORDED_PARAMS)) <= 100


def test_files_and_folders_arrive(settings, said, tmp_path):
    (tmp_path / "recipe.yaml").write_text("method: tfidf\n")
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "loss.png").write_bytes(b"png")
    run = begin(settings, said)
    run.artifact(tmp_path / "recipe.yaml")
    run.artifact(tmp_path / "plots")
    run.artifact(tmp_path / "recipe.yaml", "settings")
    run.close("finished")

    from mlflow import MlflowClient
    from mlflow.artifacts import download_artifacts

    client = MlflowClient(settings.tracking_uri)
    assert {f.path for f in client.list_artifacts(run.run_id)} == {
        "plots",
        "recipe.yaml",
        "settings",
    }
    got = download_artifacts(
        run_id=run.run_id, artifact_path="plots/loss.png", tracking_uri=settings.tracking_uri
    )
    assert Path(got).read_bytes() == b"png"
    assert len(list((settings.home_folder / "mlartifacts").rglob("loss.png"))) == 1


def test_a_file_that_is_not_there_is_a_warning_and_the_run_goes_on(settings, said, tmp_path):
    run = begin(settings, said)
    run.artifact(tmp_path / "never-drawn.png")
    run.metrics({"loss": 1.0}, 1)
    run.close("finished")
    assert any("never-drawn.png" in each for each in said)
    assert curve(settings, run.run_id, "loss") == [(1, 1.0)]


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (None, "FINISHED"),
        (ValueError("boom"), "FAILED"),
        (KeyboardInterrupt(), "KILLED"),
        (JobStopped("stopped"), "KILLED"),
        (SystemExit(3), "FAILED"),
    ],
)
def test_the_run_is_closed_with_the_status_it_deserves(settings, said, raised, status):
    run = None
    try:
        with recording(settings, name="ends", track=True, say=said.append) as run:
            run.metrics({"loss": 1.0}, 1)
            if raised is not None:
                raise raised
    except BaseException as error:
        assert error is raised
    found = read_back(settings, run.run_id)
    assert found.info.status == status
    assert found.data.metrics == {"loss": 1.0}
    assert not list((settings.home_folder / "running").iterdir())


def test_a_run_that_goes_on_is_not_closed_by_another(settings, said):
    first = begin(settings, said)
    second = begin(settings, said)
    second.close("finished")
    assert read_back(settings, first.run_id).info.status == "RUNNING"
    first.close("finished")


def test_an_interrupted_run_is_taken_up_again(settings, said, tmp_path):
    journal = tmp_path / "run.json"
    first = begin(settings, said, resume=journal)
    first.params({"method": "finetune"})
    first.metrics({"loss": 2.0}, 1)
    first.close("killed")

    second = begin(settings, said, resume=journal)
    second.params({"method": "finetune", "labels": 3})
    second.metrics({"loss": 1.0}, 2)
    assert read_back(settings, second.run_id).info.status == "RUNNING"
    second.close("finished")

    assert second.run_id == first.run_id
    assert [entry["loss"] for entry in second.history] == [2.0, 1.0]
    assert curve(settings, first.run_id, "loss") == [(1, 2.0), (2, 1.0)]
    assert read_back(settings, first.run_id).info.status == "FINISHED"
    assert read_back(settings, first.run_id).data.params == {"method": "finetune", "labels": "3"}


def test_no_secret_is_anywhere_in_the_store(settings, said, tmp_path, monkeypatch):
    for name in ("MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN", "HF_TOKEN", "MY_API_KEY"):
        monkeypatch.setenv(name, CANARY)
    monkeypatch.setattr(sys, "argv", ["aprendiz", "train", "--token", CANARY])
    told = Settings(home=settings.home, mlflow_tracking_uri="")
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_bytes(b"0")
    with recording(told, name=f"run of {CANARY}", track=True, say=said.append) as run:
        run.params({"base_model": f"https://me:{CANARY}@hub.example/model", "api_key": CANARY})
        run.params({"scheduler": f"a scheduler called {CANARY}"})
        run.model(tmp_path / "model")
    assert read_back(told, run.run_id).data.params["base_model"] == "https://hub.example/model"
    for path in settings.home_folder.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path
    assert CANARY not in " ".join(said)


def test_an_unreachable_server_is_one_warning_and_a_run_in_memory(settings, said):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    away = Settings(home=settings.home, mlflow_tracking_uri=f"http://me:{CANARY}@127.0.0.1:{port}")
    with recording(away, name="alone", track=True, say=said.append) as run:
        run.metrics({"loss": 1.0}, 1)
    assert run.history == [{"step": 1, "loss": 1.0}]
    assert len(said) == 1
    assert "refused" in said[0] and f"http://127.0.0.1:{port}" in said[0]
    assert CANARY not in said[0]


def test_without_mlflow_the_way_to_get_it_is_said(settings, said, monkeypatch):
    monkeypatch.setattr(library, "mlflow_installed", lambda: False)
    run = open_run(settings, name="plain", track=True, say=said.append)
    assert isinstance(run, MemoryRun)
    assert len(said) == 1 and "pip install 'aprendiz[track]'" in said[0]


def test_tracking_that_is_off_says_nothing_and_loads_nothing(settings, said):
    assert isinstance(open_run(settings, name="off", track=False, say=said.append), MemoryRun)
    assert said == []


def test_past_runs_are_told_newest_first_with_their_rows(settings, said, tmp_path):
    with recording(settings, name="probe mine", track=True, say=said.append) as run:
        run.params({"method": "probe", "test_rows": 3080})
        run.metrics({"final_test_accuracy": 0.87}, 0)
        (tmp_path / "mine").mkdir()
        run.model(tmp_path / "mine")
    newest = past_runs(settings, limit=1)
    assert len(newest) == 1
    told = newest[0]
    assert (told.run_id, told.name, told.status) == (run.run_id, "probe mine", "finished")
    assert (told.method, told.accuracy, told.n, told.part) == ("probe", 0.87, 3080, "test")
    assert told.model == str(tmp_path / "mine")


def test_no_store_means_no_runs_and_makes_none(tmp_path):
    empty = Settings(home=tmp_path / "nothing here", mlflow_tracking_uri="")
    assert past_runs(empty, limit=5) == []
    assert not (tmp_path / "nothing here").exists()


def test_a_deleted_experiment_is_taken_back(settings, said):
    from mlflow import MlflowClient

    own = Settings(home=settings.home, mlflow_tracking_uri="", mlflow_experiment_name="binned")
    begin(own, said).close("finished")
    client = MlflowClient(own.tracking_uri)
    client.delete_experiment(client.get_experiment_by_name("binned").experiment_id)
    run = begin(own, said)
    run.close("finished")
    assert read_back(own, run.run_id).info.status == "FINISHED"


PROGRAM = """
from pathlib import Path
import sys
from aprendiz.settings import get_settings
from aprendiz.tracking.open_run import recording
with recording(get_settings(), name="quiet", track=True, say=lambda message: None) as run:
    run.params({"method": "tfidf"})
    run.metrics({"loss": 1.0}, 1)
    run.artifact(Path(sys.argv[1]))
    run.model(Path(sys.argv[1]))
"""


def test_mlflow_prints_nothing_not_even_on_first_use(tmp_path):
    """A fresh process and a fresh store: migrations, git, telemetry, progress bars."""
    folder = tmp_path / "model folder"
    folder.mkdir()
    (folder / "weights").write_bytes(b"0")
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)],
        cwd=tmp_path, capture_output=True, text=True, check=True,
        env={**os.environ, "APRENDIZ_HOME": str(tmp_path / "home")},
    )  # fmt: skip
    assert (ended.stdout, ended.stderr) == ("", "")
    assert {path.name for path in tmp_path.iterdir()} == {"model folder", "home"}
