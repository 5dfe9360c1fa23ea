"""Which rows teach and which measure: settled once, the same for every method and seed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aprendiz.data.check import refuse
from aprendiz.data.frozen import NAME, Frozen, Rule
from aprendiz.data.prepare import HOLDOUT, Prepared, prepare
from aprendiz.data.read import read_examples
from aprendiz.data.split import divide
from aprendiz.errors import DataError, RecipeError

SEED = 13
"""Of the split, whatever the seeds of the trainings."""


@dataclass(frozen=True)
class Rows:
    """The rows of a comparison.

    Attributes:
        prepared: the same rows as every training will have.
        source: what ``workflow.train`` is told so that it has them.
    """

    prepared: Prepared
    source: dict[str, Any]

    @property
    def texts(self) -> list[str]:
        """The texts measured, none of which any method chooses by."""
        return [row.text for row in self.prepared.dataset.test]

    @property
    def truth(self) -> list[int]:
        """The label number of each of them."""
        return self.prepared.dataset.numbers(self.prepared.dataset.test)


def settle(
    data: str,
    folder: Path,
    *,
    validation: str | None = None,
    test: str | None = None,
    split: str | None = None,
    holdout: float | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
    oos_label: str = "",
) -> Rows:
    """Read, check and divide; without test rows a share of ``data`` is held out, and frozen.

    Args:
        data: examples to learn from.
        folder: where a split that is made here is kept, as ``split.json``.
        validation: rows that may choose a checkpoint.
        test: rows to measure on.
        split: a frozen split of ``data`` with rows to measure on.
        holdout: share of ``data`` to measure on; 0.2 unless a test file or a split is given.
        text_column: name of the text column, when it cannot be found.
        label_column: name of the label column, when it cannot be found.
        oos_label: rows with this label are about none of the others and are measured by no
            method here; empty where they are a label like any other.

    Raises:
        DataError: the examples cannot be used; carries every finding.
        RecipeError: what was given contradicts itself, or leaves no rows to measure on.
    """
    if holdout is not None and (test or split):
        raise RecipeError(
            "the rows to measure on are given already", "leave out the holdout, or what gives them"
        )
    if validation and not test and not split:
        raise RecipeError(
            "a validation file, but no rows that no method has chosen by",
            "give a test file as well, or leave the validation file out: then a fifth is held out",
        )
    if not test and not split:
        share = HOLDOUT if holdout is None else holdout
        if share <= 0:
            raise RecipeError("holdout: 0 leaves nothing to measure on", "give a test file")
        split = str(_freeze(data, folder / NAME, share, text_column, label_column))
    prepared = prepare(
        data,
        validation=validation,
        test=test,
        split_file=split,
        text_column=text_column,
        label_column=label_column,
        seed=SEED,
        oos_label=oos_label or None,
    )
    if not prepared.dataset.test:
        raise DataError(
            f"{split or test}: has no test rows, and a comparison measures on nothing else",
            "aprendiz data split FILE --out FOLDER makes a split with test rows",
        )
    source = {
        "data": data,
        "validation": validation,
        "test": test,
        "split": split,
        "text_column": text_column,
        "label_column": label_column,
        "oos_label": oos_label,
    }
    return Rows(prepared, source)


def _freeze(data: str, place: Path, share: float, text: str | None, label: str | None) -> Path:
    """Divide ``data`` by the rule, keeping the rows of an earlier split by the same rule."""
    reading = read_examples(data, text=text, label=label)
    refuse(reading.findings)
    rule = Rule(SEED, {"test": share})
    before = Frozen.read(place) if place.is_file() else None
    known = before if before is not None and before.rule == rule else None
    division = divide(reading.examples, rule, frozen=known)
    place.parent.mkdir(parents=True, exist_ok=True)
    division.frozen.write(place)
    return place
