"""Plain values that a report is made of: what was measured, what went wrong, what was drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from aprendiz.artifact.decision import Decisions
from aprendiz.data.records import Example

if TYPE_CHECKING:
    from aprendiz.evaluation.metrics import Evaluation

Seen = Literal["unseen", "chose", "trained"]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture on disk and the words that belong to it.

    Attributes:
        name: stable short name, the file's name without ``.png``.
        path: the PNG file.
        title: what it shows, a few words.
        caption: how to read it, with the number of rows and what the intervals are.
        alt: what it says, for who cannot see it.
    """

    name: str
    path: Path
    title: str
    caption: str
    alt: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A picture that was not drawn, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """A row that was answered wrongly.

    Attributes:
        text: the row's text.
        true: the label it has.
        predicted: the label it was answered with.
        confidence: the probability of ``predicted``, 0 to 1.
        file: where the row comes from, as the user gave it.
        line: 1-based line of the row.
    """

    text: str
    true: str
    predicted: str
    confidence: float
    file: str
    line: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``Mistake(**values)`` reads them back."""
        return asdict(self)


@dataclass(frozen=True)
class ReportFacts:
    """Everything a report page says that is not a picture.

    Attributes:
        title: heading of the page.
        part: name of the part measured (``test``, ``validation`` …).
        seen: how the model stands to those rows: ``unseen``; they ``chose`` its checkpoint
            or temperature; or it ``trained`` on them.
        source: where the rows came from and how they were divided, in a sentence.
        evaluation: the figures.
        facts: name and value of what else is known (method, base model, device …).
        notes: sentences the reader should know before believing the figures.
        mistakes: wrong answers; the page shows the surest of them and examples of pairs.
        recipe_yaml: the filled recipe.
        folder_name: the model folder as it should stand in the commands shown.
        decisions: the rules that the model answers by.
    """

    title: str
    part: str
    seen: Seen
    source: str
    evaluation: Evaluation
    facts: Sequence[tuple[str, str]]
    notes: Sequence[str]
    mistakes: Sequence[Mistake]
    recipe_yaml: str
    folder_name: str
    decisions: Decisions


def find_mistakes(
    rows: Sequence[Example], probabilities: np.ndarray, labels: Sequence[str]
) -> list[Mistake]:
    """The rows whose most probable label is not theirs, the surest answer first.

    Args:
        rows: the examples measured.
        probabilities: shape ``(len(rows), len(labels))``.
        labels: label names in the order of the columns.
    """
    answers = np.asarray(probabilities).argmax(axis=1)
    wrong = [
        Mistake(
            text=row.text,
            true=row.label,
            predicted=labels[answer],
            confidence=float(told[answer]),
            file=row.file,
            line=row.line,
        )
        for row, answer, told in zip(rows, answers, probabilities, strict=True)
        if labels[answer] != row.label
    ]
    return sorted(wrong, key=lambda mistake: -mistake.confidence)


History = Sequence[Mapping[str, float]]
