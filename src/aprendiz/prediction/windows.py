"""Windows of rows: cut by size, answered in the order of their length, put back into their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aprendiz.artifact.model import Model
from aprendiz.interfaces import Prediction
from aprendiz.prediction.output import Answered
from aprendiz.prediction.rows import Row

MOST_ROWS = 8192
MOST_CHARACTERS = 8 * 1024 * 1024
"""What ends a window; with it the memory of a whole run is bounded, however long its file."""

_AT_ONCE = 1024  # rows whose whole distributions are held; engines batch them by tokens


def windows(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Rows in groups; where one ends depends on the rows alone, so that a resumed run agrees."""
    window: list[Row] = []
    size = 0
    for row in rows:
        window.append(row)
        size += len(row.text) + sum(map(_size, row.carried))
        if len(window) == MOST_ROWS or size >= MOST_CHARACTERS:
            yield window
            window, size = [], 0
    if window:
        yield window


def _size(carried: object) -> int:
    """About how many characters; a number is none."""
    if isinstance(carried, str | bytes):
        return len(carried)
    return len(str(carried)) if isinstance(carried, dict | list) else 0


def answer(model: Model, window: Sequence[Row], threshold: float | None) -> list[Answered]:
    """The answer of every row, in the order of the window."""
    answers = [Answered(row) for row in window]
    good = [place for place, row in enumerate(window) if not row.problem]
    texts = [window[place].text for place in good]
    for places, predictions in _by_length(model, texts, threshold):
        for place, told in zip(places, predictions, strict=True):
            answers[good[place]] = Answered.of(window[good[place]], told)
    return answers


def _by_length(
    model: Model, texts: Sequence[str], threshold: float | None
) -> Iterator[tuple[list[int], list[Prediction]]]:
    """Positions and their answers, texts of like length together: little of a batch is padding."""
    tokens = model.encode(texts) if model.encodes and texts else None
    lengths = [len(row) for row in tokens] if tokens else [len(text) for text in texts]
    order = sorted(range(len(texts)), key=lengths.__getitem__, reverse=True)
    for start in range(0, len(order), _AT_ONCE):
        places = order[start : start + _AT_ONCE]
        some = [texts[place] for place in places]
        if tokens:
            rows = [tokens[place] for place in places]
            yield places, model.predict_encoded(some, rows, threshold)
        else:
            yield places, model.predict(some, threshold)
