"""Following a training from a program: figures as they come, snapshots that answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from aprendiz import workflow

TEXTS = ["hello my friend", "I want a refund please", "two coffees"]


class Ear:
    def __init__(self) -> None:
        self.told: list[tuple[int, dict[str, float]]] = []
        self.snapshots: dict[int, tuple[Path, dict[str, float]]] = {}

    def figures(self, step: int, values: Mapping[str, float]) -> None:
        self.told.append((step, dict(values)))

    def snapshot(self, step: int, folder: Path, values: Mapping[str, float]) -> None:
        assert (folder / "manifest.json").is_file(), "told before it was sealed"
        self.snapshots[step] = (folder, dict(values))


@pytest.fixture
def followed(examples_file: Path, tiny_encoder: Path, tmp_path: Path):
    ear = Ear()
    result = workflow.train(
        examples_file,
        out=tmp_path / "model",
        recipe={
            "method": "finetune", "base_model": str(tiny_encoder), "epochs": 5,
            "batch_size": 8, "early_stopping": 0,
        },
        listener=ear,
        snapshots=tmp_path / "snapshots",
    )  # fmt: skip
    return ear, result


def test_a_listener_hears_what_the_history_holds(followed):
    ear, _ = followed
    names = {name for _, values in ear.told for name in values}
    assert {"loss", "eval_loss", "eval_accuracy", "final_validation_accuracy"} <= names
    steps = [step for step, values in ear.told if "loss" in values]
    assert steps == sorted(steps)
    assert steps[-1] == 15


def test_the_last_three_snapshots_are_models_that_answer(followed, tmp_path):
    ear, _ = followed
    assert sorted(ear.snapshots) == [3, 6, 9, 12, 15]
    kept = sorted(path.name for path in (tmp_path / "snapshots").iterdir())
    assert kept == ["step-12", "step-15", "step-9"]
    answers = [
        workflow.load(tmp_path / "snapshots" / name).probabilities(TEXTS)
        for name in ("step-9", "step-12", "step-15")
    ]
    assert all(rows.shape == (3, 3) for rows in answers)
    assert not np.allclose(answers[0], answers[2]), "snapshots of different epochs are the same"
    assert all("eval_accuracy" in values for _, values in ear.snapshots.values())


def test_the_final_model_is_the_snapshot_of_the_best_epoch(followed):
    ear, result = followed
    rows = workflow.load(result.folder).probabilities(TEXTS)
    best = max(values["eval_accuracy"] for _, values in ear.snapshots.values())
    candidates = [
        folder for folder, values in ear.snapshots.values()
        if values["eval_accuracy"] == best and folder.is_dir()
    ]  # fmt: skip
    if not candidates:
        pytest.skip("the best epoch is older than the last three")
    # The weights are the same; the temperature is fitted again, in the arithmetic of answering.
    assert any(
        np.allclose(rows, workflow.load(folder).probabilities(TEXTS), rtol=0, atol=1e-3)
        for folder in candidates
    )
