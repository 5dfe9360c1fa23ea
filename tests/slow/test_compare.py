"""Comparisons as a user makes them: each training a process of its own, recorded with MLflow."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

import aprendiz
from aprendiz.interfaces import Silence
from aprendiz.settings import get_settings

TINY = ["epochs=3", "batch_size=8", "max_length=32", "early_stopping=0"]


class Ear(Silence):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.all: list[str] = []

    def say(self, message: str) -> None:
        self.all.append(message)


@pytest.fixture
def said():
    return Ear()


@pytest.fixture
def asked(examples_file, tiny_encoder):
    return {
        "data": examples_file,
        "methods": ["tfidf", "finetune"],
        "overrides": [
            f"finetune.base_model={tiny_encoder}", *(f"finetune.{each}" for each in TINY),
        ],
    }  # fmt: skip


def test_one_seed_gives_one_table_and_memory_is_each_trainings_own(asked, tmp_path):
    # The dear method first: the memory it leaves behind must not be counted as the other's.
    told = [aprendiz.compare(**asked, out=tmp_path / name).as_dict() for name in ("a", "b")]
    first, second = (
        {each["name"]: each["scores"] for each in values["methods"]} for values in told
    )
    assert first == second
    assert told[0]["pairs"] == told[1]["pairs"]
    assert told[0]["chosen"] == told[1]["chosen"]
    words, network = (each["costs"] for each in told[0]["methods"])
    assert 50e6 < words["peak_memory_bytes"] < network["peak_memory_bytes"]


def test_another_recipe_or_seed_is_another_training(asked, tmp_path, said):
    asked |= {"out": tmp_path / "out", "observer": said}
    aprendiz.compare(**asked)
    asked["overrides"] = [*asked["overrides"], "tfidf.max_features=300"]
    told = aprendiz.compare(**asked, seeds=2)
    assert "1 of 4 trainings were done before and kept" in said.all
    assert [each.seeds for each in told.methods] == [(13, 14), (13, 14)]
    score = told.methods[1].accuracy
    assert score.least <= score.mean <= score.most
    # Only the first seed's model is kept.
    kept = sorted(path.name for path in (tmp_path / "out" / "models").iterdir())
    assert kept == ["finetune-13", "tfidf-13"]


def test_a_method_that_cannot_be_trained_leaves_the_others(asked, tmp_path):
    asked["overrides"] = ["finetune.base_model=no/such-encoder"]
    told = aprendiz.compare(**asked, out=tmp_path / "out")
    assert [each.name for each in told.methods] == ["tfidf"]
    [failed] = told.failed
    assert failed.name == "finetune" and "no/such-encoder" in failed.message and failed.hint


def test_mlflow_has_a_run_with_a_run_inside_for_each_training(asked, tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow")
    out = tmp_path / "store"
    told = aprendiz.compare(**asked, seeds=2, out=out, track=True)

    settings = get_settings()
    client = mlflow.MlflowClient(settings.tracking_uri)
    experiment = client.get_experiment_by_name(settings.mlflow_experiment_name)
    runs = client.search_runs([experiment.experiment_id])
    [parent] = [run for run in runs if "mlflow.parentRunId" not in run.data.tags]
    children = [
        run for run in runs if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id
    ]
    assert parent.info.run_name == "compare store"
    assert sorted(run.info.run_name for run in children) == [
        "finetune finetune-13", "finetune finetune-14", "tfidf tfidf-13", "tfidf tfidf-14",
    ]  # fmt: skip
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert all(run.data.metrics["final_test_accuracy"] >= 0 for run in children)
    for each in told.methods:
        assert parent.data.metrics[f"{each.name}/accuracy"] == pytest.approx(each.accuracy.mean)
    kept = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert kept == {"comparison.html", "comparison.json", "comparison.md", "plots"}

    # The same again trains nothing, and is recorded in the same run.
    aprendiz.compare(**asked, seeds=2, out=out, track=True)
    assert len(client.search_runs([experiment.experiment_id])) == len(runs)


def test_a_budget_stops_where_the_next_method_gains_nothing(asked, tiny_encoder, tmp_path):
    """A random encoder says less than the words do."""
    asked["methods"] = ["tfidf", "probe", "finetune"]
    asked["overrides"] += [f"probe.base_model={tiny_encoder}", "probe.regularization=1"]
    told = aprendiz.compare(**asked, out=tmp_path / "a", budget="10m", holdout=0.4)
    assert [each.name for each in told.methods] == ["tfidf", "probe"]
    assert "probe over tfidf" in told.stopped
    assert told.not_run == ("finetune",)


def test_a_training_that_outlasts_the_budget_is_stopped_and_does_not_count(asked, tmp_path):
    asked["overrides"].append("finetune.epochs=100000")
    told = aprendiz.compare(**asked, out=tmp_path / "a", budget="40s")
    assert [each.name for each in told.methods] == ["tfidf"]
    assert "the budget of 40 s was spent while finetune-13 learnt" in told.stopped
    assert told.not_run == ("finetune",)
    assert not (tmp_path / "a" / "models" / "finetune-13").exists()


def test_a_process_that_is_killed_does_not_take_the_comparison_with_it(asked, tmp_path):
    """As when memory runs out: a stand-in for Python that kills the dear training."""
    stand_in = tmp_path / "python"
    stand_in.write_text(
        f"#!{sys.executable}\n"
        "import io, os, signal, sys\n"
        "order = sys.stdin.readline()\n"
        "if 'finetune' in order:\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "sys.stdin = io.StringIO(order)\n"
        "from aprendiz.comparison.child import main\n"
        "raise SystemExit(main())\n"
    )
    stand_in.chmod(0o755)
    code = (
        "import sys, json, aprendiz; sys.executable = sys.argv[1]; "
        "told = aprendiz.compare(**json.loads(sys.argv[2]), track=False); "
        "print(json.dumps(told.as_dict()))"
    )
    asked |= {"data": str(asked["data"]), "out": str(tmp_path / "a")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(stand_in), json.dumps(asked)],
        capture_output=True, text=True, check=True, env=os.environ,
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert [each["name"] for each in told["methods"]] == ["tfidf"]
    [failed] = told["failed"]
    assert "SIGKILL" in failed["message"] and "memory" in failed["message"]


def test_the_command_answers_with_tables_and_a_sentence_or_one_document(asked, tmp_path):
    def run(*more: str) -> str:
        options = ["--data", str(asked["data"]), "--out", str(tmp_path / "a"), "--no-track"]
        for each in asked["overrides"]:
            options += ["--set", each]
        return subprocess.run(
            [sys.executable, "-m", "aprendiz", "compare", "--methods", "tfidf,finetune",
             *options, *more],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip

    said = run()
    told = json.loads(run("--json"))
    assert said.splitlines()[-1] == told["sentence"]
    for word in ("What each is worth", "What each costs", "finetune − tfidf", "report:"):
        assert word in said
    assert "\x1b" not in said
