"""A fine-tuning that was interrupted ends as if it had not been, wherever the interruption came."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aprendiz import workflow
from aprendiz.errors import JobStopped, ModelFolderError
from aprendiz.methods import catalogue

TEXTS = ["hello my friend", "I want a refund please", "two coffees"]


@pytest.fixture
def train(examples_file: Path, tmp_path: Path, tiny_encoder: Path):
    def run(name: str, resume: bool = False, **changes: object) -> Path:
        recipe = {
            "method": "finetune", "base_model": str(tiny_encoder), "max_length": 32,
            "epochs": 8, "batch_size": 8, **changes,
        }  # fmt: skip
        return workflow.train(
            examples_file, out=tmp_path / name, recipe=recipe, resume=resume
        ).folder

    return run


def interrupt(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Ctrl-C when the training reaches a step."""
    from aprendiz.neural.callbacks import ObserverCallback

    told = ObserverCallback.on_step_end

    def on_step_end(self, args, state, control, **more):
        if state.global_step == step:
            raise KeyboardInterrupt
        return told(self, args, state, control, **more)

    monkeypatch.setattr(ObserverCallback, "on_step_end", on_step_end)


@pytest.mark.parametrize(
    "changes", [{}, {"plain": True}, {"early_stopping": 0}, {"precision": "fp32"}]
)
@pytest.mark.parametrize("step", [4, 8])
def test_the_same_predictions_after_ctrl_c(step, changes, train, monkeypatch):
    straight = workflow.load(train("straight", **changes)).probabilities(TEXTS)
    with monkeypatch.context() as interrupted, pytest.raises(JobStopped) as stopped:
        interrupt(interrupted, step)
        train("resumed", **changes)
    assert "--resume" in stopped.value.hint
    resumed = train("resumed", resume=True, **changes)
    np.testing.assert_array_equal(workflow.load(resumed).probabilities(TEXTS), straight)


@pytest.mark.parametrize("changes", [{"early_stopping": 1}, {"early_stopping": 0}])
def test_the_same_predictions_when_stopped_after_the_last_step(changes, train, monkeypatch):
    """Everything was learnt, and the process died before the folder was sealed."""
    straight = workflow.load(train("straight", **changes)).probabilities(TEXTS)

    def dies(_: str):
        raise KeyboardInterrupt

    with monkeypatch.context() as interrupted, pytest.raises(KeyboardInterrupt):
        interrupted.setattr(catalogue, "loader", dies)
        train("resumed", **changes)
    resumed = train("resumed", resume=True, **changes)
    np.testing.assert_array_equal(workflow.load(resumed).probabilities(TEXTS), straight)


def test_another_recipe_is_not_resumed(train, monkeypatch):
    with monkeypatch.context() as interrupted, pytest.raises(JobStopped):
        interrupt(interrupted, 4)
        train("m")
    with pytest.raises(ModelFolderError, match="another recipe"):
        train("m", resume=True, learning_rate=1e-3)


def test_the_curve_of_a_resumed_training_is_whole(train, monkeypatch):
    import json

    straight = json.loads((train("straight") / "history.json").read_text())
    with monkeypatch.context() as interrupted, pytest.raises(JobStopped):
        interrupt(interrupted, 8)
        train("m")
    resumed = json.loads((train("m", resume=True) / "history.json").read_text())

    def losses(history):
        return [(entry["step"], entry["loss"]) for entry in history if "loss" in entry]

    assert losses(resumed) == losses(straight)
