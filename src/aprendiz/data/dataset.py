"""The dataset that every method learns from: three frozen parts, their labels, their history."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from aprendiz.data.records import Example


@dataclass(frozen=True)
class Dataset:
    """Examples in up to three parts.

    Attributes:
        train: rows to learn from, never empty.
        validation: rows that may choose a checkpoint; may be empty.
        test: rows kept for measuring, seen by no method; may be empty.
        labels: label names of ``train``, sorted; their position is their number.
        split: how the parts came about, in one sentence for people.
    """

    train: tuple[Example, ...]
    validation: tuple[Example, ...]
    test: tuple[Example, ...]
    labels: tuple[str, ...]
    split: str

    @classmethod
    def of(
        cls,
        train: Iterable[Example],
        validation: Iterable[Example] = (),
        test: Iterable[Example] = (),
        split: str = "as given",
    ) -> Dataset:
        """Put parts together; the labels are those of ``train``, sorted."""
        rows = tuple(train)
        labels = tuple(sorted({row.label for row in rows}))
        return cls(rows, tuple(validation), tuple(test), labels, split)

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
        ):
            digest.update(f"\x1d{name}".encode())
            for row in rows:
                digest.update(f"\x1e{row.label}\x1f{row.text}".encode("utf-8", "surrogatepass"))
        return digest.hexdigest()
