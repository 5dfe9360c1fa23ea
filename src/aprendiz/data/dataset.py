"""The dataset that every method learns from: three frozen parts, their labels, their history."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from aprendiz.data.records import Example


@dataclass(frozen=True)
class Outside:
    """Rows about none of the labels, in the same three parts; most data has none.

    Attributes:
        label: how they are labelled in the data; no label of the model.
        train: rows that may teach a detector.
        validation: rows that may choose its threshold.
        test: rows kept for measuring.
    """

    label: str = ""
    train: tuple[Example, ...] = ()
    validation: tuple[Example, ...] = ()
    test: tuple[Example, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.train or self.validation or self.test)

    def parts(self) -> tuple[tuple[str, tuple[Example, ...]], ...]:
        """Name and rows of each part that has any."""
        named = (
            ("outside train", self.train),
            ("outside validation", self.validation),
            ("outside test", self.test),
        )
        return tuple((name, rows) for name, rows in named if rows)

    def in_words(self) -> str:
        """How many there are where, such as `` 80 rows labelled 'oos' to train.``."""
        uses = (("train", "to train"), ("validation", "for validation"), ("test", "for test"))
        told = [f"{len(rows):,} {use}" for part, use in uses if (rows := getattr(self, part))]
        return f" About none of the labels ({self.label!r}): {', '.join(told)}." if told else ""


@dataclass(frozen=True)
class Dataset:
    """Examples in up to three parts.

    Attributes:
        train: rows to learn from, never empty.
        validation: rows that may choose a checkpoint; may be empty.
        test: rows kept for measuring, seen by no method; may be empty.
        labels: label names of ``train``, sorted; their position is their number.
        split: how the parts came about, in one sentence for people.
        outside: rows about none of the labels, if the data has any; in no other part.
    """

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]
    labels: tuple[str, ...]
    split: str
    outside: Outside = Outside()

    @classmethod
    def of(
        cls,
        train: Iterable[Example],
        validation: Iterable[Example] = (),
        test: Iterable[Example] = (),
        split: str = "as given",
        outside: Outside = Outside(),
    ) -> Dataset:
        """Put parts together; the labels are those of ``train``, sorted."""
        rows = tuple(train)
        labels = tuple(sorted({row.label for row in rows}))
        return cls(rows, tuple(validation), tuple(test), labels, split, outside)

    @cached_property
    def index(self) -> dict[str, int]:
        """Label name to number."""
        return {label: number for number, label in enumerate(self.labels)}

    def numbers(self, rows: Sequence[Example]) -> list[int]:
        """The label number of each row.

        Raises:
            KeyError: a label that ``train`` does not have (``check`` refuses such data first).
        """
        return [self.index[row.label] for row in rows]

    def measured(self) -> tuple[str, tuple[Example, ...], tuple[Example, ...]]:
        """The part to measure on (``test``, ``validation`` or ``none``), its rows, those outside."""
        if self.test:
            return "test", self.test, self.outside.test
        if self.validation:
            return "validation", self.validation, self.outside.validation
        return "none", (), ()

    @cached_property
    def counts(self) -> dict[str, int]:
        """Training rows per label, most first."""
        return dict(Counter(row.label for row in self.train).most_common())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every text and label of every part, in order, as hex."""
        digest = hashlib.sha256()
        for name, rows in (
            ("train", self.train),
            ("validation", self.validation),
            ("test", self.test),
            *self.outside.parts(),
        ):
            digest.update(f"\x1d{name}".encode())
            for row in rows:
                digest.update(f"\x1e{row.label}\x1f{row.text}".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()
