"""The plain values that describing labelled texts gives. No arithmetic but a ratio."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from aprendiz.data.stats.lengths import Box, Histogram, Lengths
from aprendiz.data.stats.telling import Telling
from aprendiz.data.stats.weights import NearLabels


@dataclass(frozen=True, slots=True)
class FileRows:
    """A file and its rows: ``usable`` ones are described, ``rows`` are all that were met."""

    file: str
    format: str
    rows: int
    usable: int


@dataclass(frozen=True, slots=True)
class Label:
    """A label.

    Attributes:
        name: as written in the file.
        rows: how many it has.
        share: of all rows, 0 to 1.
        telling: what its rows say and others do not, strongest first.
        words: how long its rows are.
    """

    name: str
    rows: int
    share: float
    telling: tuple[Telling, ...]
    words: Box


@dataclass(frozen=True, slots=True)
class Balance:
    """How evenly the rows fall on the labels.

    Attributes:
        least: rows of the rarest label.
        most: rows of the commonest.
        like: how many labels of equal size are as hard to guess (two to the power of the
            entropy in bits); the number of labels where all have the same rows.
    """

    least: int
    most: int
    like: float


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of all rows.

    Attributes:
        words: how many, repeats counted.
        different: how many different ones.
        once: of those, how many stand there a single time.
        full: there are more different ones than were kept apart, so the two are too low.
    """

    words: int
    different: int
    once: int
    full: bool

    @property
    def type_token_ratio(self) -> float:
        """Different words for each word, 0 to 1. Falls with the amount of text."""
        return self.different / self.words if self.words else 0.0


@dataclass(frozen=True, slots=True)
class Copies:
    """Rows that say what an earlier row says.

    Attributes:
        exact: rows whose text an earlier row has letter by letter.
        near: further rows that are nearly the same as another (``data/near.py``).
        largest: rows of the largest group of such texts; 1 where there are none.
        example: a text of that group, for people; empty where there is none.
        file: where that text stands.
        line: on which line.
    """

    exact: int
    near: int
    largest: int
    example: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Similarities of the labels that have a near one, near ones side by side; 0 to 1."""

    labels: tuple[str, ...]
    cosines: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class TextStatistics:
    """Everything that ``aprendiz data stats`` says about labelled texts.

    Attributes:
        files: where the rows come from.
        rows: usable rows of all files.
        labels: most rows first.
        balance: how evenly the rows fall on them.
        lengths: in characters, words and tokens.
        tokens: who counted the tokens.
        tokens_exact: whether that is a real tokenizer, not an estimate.
        histogram: of the lengths in tokens.
        vocabulary: the words.
        copies: rows that repeat others.
        languages: rows of each language that could be told, most first.
        nearest: the labels that are hardest to tell apart by their words.
        matrix: similarities of some labels, for a picture.
    """

    files: tuple[FileRows, ...]
    rows: int
    labels: tuple[Label, ...]
    balance: Balance
    lengths: tuple[Lengths, ...]
    tokens: str
    tokens_exact: bool
    histogram: Histogram
    vocabulary: Vocabulary
    copies: Copies
    languages: dict[str, int]
    nearest: tuple[NearLabels, ...]
    matrix: Matrix

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        values = {"kind": "texts", **asdict(self)}
        values["vocabulary"]["type_token_ratio"] = self.vocabulary.type_token_ratio
        return values
