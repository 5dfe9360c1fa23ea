"""What a repair brings: the same method before and after, on the same held-out rows."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aprendiz import workflow
from aprendiz.artifact.model import Model
from aprendiz.data.check import refuse
from aprendiz.data.frozen import Rule
from aprendiz.data.prepare import HOLDOUT
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example
from aprendiz.data.repair import read_patch, repair
from aprendiz.data.split import divide
from aprendiz.data.verbatim import write_rows
from aprendiz.errors import DataError
from aprendiz.interfaces import Observer, Silence

if TYPE_CHECKING:
    import numpy as np

    from aprendiz.evaluation.paired import PairedChange


@dataclass(frozen=True)
class Retrained:
    """Two trainings compared.

    Attributes:
        method: what learnt twice.
        measured_on: which rows were measured, in words.
        train_before: rows learnt from before the repair.
        train_after: rows learnt from after it.
        change: the paired comparison.
    """

    method: str
    measured_on: str
    train_before: int
    train_after: int
    change: PairedChange

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "method": self.method,
            "measured_on": self.measured_on,
            "train_before": self.train_before,
            "train_after": self.train_after,
            **self.change.as_dict(),
        }

    def in_words(self) -> str:
        """The comparison for a person."""
        return f"{self.change.in_words()}\nmeasured on {self.measured_on} with {self.method}"


def retrain(
    data: str,
    patch: str | Path,
    *,
    test: str | None = None,
    method: str | None = None,
    overrides: Sequence[str] = (),
    text_column: str | None = None,
    label_column: str | None = None,
    observer: Observer | None = None,
) -> Retrained:
    """Train before and after a patch, and compare both on the same rows.

    Without a test file a fifth of the file is held out, divided once before the repair, so
    that both trainings keep the same texts apart. Those rows are measured by their repaired
    labels, for both; rows that the patch drops are measured for neither.

    Args:
        data: the examples as they were.
        patch: the decisions.
        test: labelled rows to measure on instead.
        method: what learns; ``probe`` by default.
        overrides: settings of its recipe as ``key=value``.
        text_column: name of the column with the text, when it cannot be found.
        label_column: name of the column with the label, when it cannot be found.
        observer: whom to tell what is happening.

    Raises:
        DataError: a file cannot be used, or the patch does not fit.
        RecipeError: a setting does not exist.
    """
    tell = observer or Silence()
    reading = read_examples(data, text=text_column, label=label_column)
    refuse(reading.findings)
    before, held_out = tuple(reading.examples), tuple[Example, ...]()
    if test is None:
        parts = divide(before, Rule(13, {"test": HOLDOUT})).parts
        before, held_out = parts["train"], parts["test"]
    repaired = repair(reading.examples, read_patch(Path(patch)), str(patch))
    held = {id(row) for row in held_out}
    apart = {at for at, row in enumerate(reading.examples) if id(row) in held}
    pairs = list(zip(repaired.rows, repaired.origins, strict=True))
    after = tuple(row for row, origin in pairs if origin not in apart)
    kept_apart = tuple(row for row, origin in pairs if origin in apart)
    measured, words = _measured(kept_apart, test, text_column, label_column)

    from aprendiz.evaluation.paired import paired_change

    right = []
    with tempfile.TemporaryDirectory() as folder:
        for name, rows in (("before", before), ("after", after)):
            tell.say(f"{name} the repair: {len(rows):,} rows to train")
            path = Path(folder) / f"{name}.jsonl"
            write_rows(path, rows, None)
            workflow.train(
                path,
                out=Path(folder) / name,
                method=method,
                overrides=overrides,
                holdout=0.0,
                track=False,
                observer=_Progress(tell),
            )
            model = workflow.load(Path(folder) / name)
            right.append(_right(model, measured))
    change = paired_change(right[0], right[1])
    return Retrained(model.manifest.method, words, len(before), len(after), change)


def _measured(
    held_out: tuple[Example, ...],
    test: str | None,
    text_column: str | None,
    label_column: str | None,
) -> tuple[tuple[Example, ...], str]:
    if test is None:
        words = f"{len(held_out):,} held-out rows, by their repaired labels"
    else:
        reading = read_examples(test, text=text_column, label=label_column)
        refuse(reading.findings)
        held_out, words = reading.examples, f"the {len(reading.examples):,} rows of {test}"
    if not held_out:
        raise DataError("there are no rows to measure on", "give more examples, or --test FILE")
    return held_out, words


def _right(model: Model, rows: Sequence[Example]) -> np.ndarray:
    """Whether the model answers each row with its label."""
    import numpy as np

    answers = model.predict([row.text for row in rows])
    return np.array([told.label == row.label for told, row in zip(answers, rows, strict=True)])


class _Progress:
    """An observer that passes on how far things are, and not what each training says."""

    def __init__(self, tell: Observer) -> None:
        self._tell = tell

    def say(self, message: str) -> None:
        """Ignore."""

    def progress(self, task: str, done: int, total: int) -> None:
        """Pass on."""
        self._tell.progress(task, done, total)
