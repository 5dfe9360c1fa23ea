"""A fine-tuning on lists of labels that was stopped ends as if it had not been."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from aprendiz import workflow
from aprendiz.errors import JobStopped
from tests.unit.neural.test_resume import interrupt
from tests.unit.workflow.test_multi_label import TEXTS, rows, tuning


@pytest.mark.parametrize("changes", [{}, {"early_stopping": 0}, {"label_smoothing": 0.1}])
@pytest.mark.parametrize("step", [6, 8])  # in the middle and at the end of the second epoch
def test_the_same_predictions_after_ctrl_c(
    step: int,
    changes: dict[str, object],
    tmp_path: Path,
    tiny_encoder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = tmp_path / "rows.jsonl"
    data.write_text("\n".join(json.dumps(row) for row in rows(80)), encoding="utf-8")
    recipe = tuning(tiny_encoder, epochs=3, batch_size=16, **changes)

    def train(name: str, resume: bool = False) -> np.ndarray:
        out = tmp_path / name
        workflow.train(data, out=out, recipe=recipe, track=False, resume=resume)
        return workflow.load(out).probabilities(TEXTS)

    straight = train("straight")
    with monkeypatch.context() as stopping, pytest.raises(JobStopped):
        interrupt(stopping, step)
        train("stopped")
    np.testing.assert_array_equal(train("stopped", resume=True), straight)
