"""A job's figures under the names that our curves and reports use.

They come twice: as events while the job runs, and in a results file at its end. A
:class:`Diary` tells a run each of them once.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import math
from collections.abc import Iterable, Mapping
from contextlib import suppress

from aprendiz.interfaces import Run

# Losses and accuracies of a provider are means over tokens. Where an answer is one token
# (our own platform) that is the mean over rows. `valid_*` is one batch at a step,
# `full_valid_*` the whole validation file at an epoch's end: only the latter is `eval_*`.
_OURS = {
    "train_loss": "loss",
    "train_mean_token_accuracy": "train_accuracy",
    "train_accuracy": "train_accuracy",
    "valid_loss": "eval_batch_loss",
    "valid_mean_token_accuracy": "eval_batch_accuracy",
    "validation_mean_token_accuracy": "eval_batch_accuracy",
    "full_valid_loss": "eval_loss",
    "full_valid_mean_token_accuracy": "eval_accuracy",
}
_FOR_WANT_OF_BETTER = {"eval_batch_loss": "eval_loss", "eval_batch_accuracy": "eval_accuracy"}

Row = tuple[int, dict[str, float]]


class Diary:
    """Tells a run what a job's figures are, each (step, name) once."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._told: dict[tuple[int, str], float] = {}

    def add(self, step: int, figures: Mapping[str, float]) -> None:
        """Figures at a step, by the provider's names; what was told already is left out."""
        new = {
            _OURS[name]: float(value)
            for name, value in figures.items()
            if name in _OURS and (step, _OURS[name]) not in self._told and math.isfinite(value)
        }
        if step > 0 and new:
            self._tell(step, new)

    def complete(self, rows: Iterable[Row]) -> None:
        """The results file: what the events left out, and a validation curve in any case.

        A provider that measures only batches of the validation rows gets its curve from them.
        """
        for step, figures in rows:
            self.add(step, figures)
        for batch, whole in _FOR_WANT_OF_BETTER.items():
            if any(name == whole for _, name in self._told):
                continue
            measured = [(step, v) for (step, name), v in self._told.items() if name == batch]
            for step, value in sorted(measured):
                self._tell(step, {whole: value})

    def _tell(self, step: int, values: Mapping[str, float]) -> None:
        self._told |= {(step, name): value for name, value in values.items()}
        self._run.metrics(values, step)


def read_results(raw: bytes) -> list[Row]:
    """A results file as (step, figures) rows, by the provider's names.

    Azure writes plain CSV, OpenAI the same in base64. Cells may be empty. A file that is
    neither gives no rows: the model is what counts, not its curve.
    """
    text = _as_text(raw)
    if text is None:
        return []
    rows: list[Row] = []
    for line in csv.DictReader(io.StringIO(text)):
        figures = {}
        for name, cell in line.items():
            try:
                value = float(cell)
            except (TypeError, ValueError):
                continue  # empty, or more cells than names
            if math.isfinite(value):
                figures[name.strip()] = value
        step = int(figures.pop("step", 0))
        if step > 0 and figures:
            rows.append((step, figures))
    return rows


def _as_text(raw: bytes) -> str | None:
    """The CSV text, which begins with the column ``step`` in either form."""
    candidates = [raw]
    with suppress(binascii.Error, ValueError):
        candidates.append(base64.b64decode(raw))
    for each in candidates:
        text = each.decode("utf-8-sig", errors="replace")
        if text.lstrip().startswith("step"):
            return text.lstrip()
    return None
