"""A dataset whose rows have any number of labels each, also none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from aprendiz.data.dataset import Dataset, Outside
from aprendiz.data.records import Example, MultiExample


def labels_of(row: Example) -> tuple[str, ...]:
    """The labels of a row that has any number of them; of any other row its one label."""
    return row.labels if isinstance(row, MultiExample) else (row.label,)


@dataclass(frozen=True)
class MultiDataset(Dataset):
    """As :class:`Dataset`, but ``labels`` are the single labels that occur in ``train``."""

    @classmethod
    def of(
        cls,
        train: Iterable[Example],
        validation: Iterable[Example] = (),
        test: Iterable[Example] = (),
        split: str = "as given",
        outside: Outside = Outside(),
    ) -> MultiDataset:
        """Put parts together; the labels are those of ``train``, sorted."""
        rows = tuple(train)
        labels = tuple(sorted({label for row in rows for label in labels_of(row)}))
        return cls(rows, tuple(validation), tuple(test), labels, split, outside)

    def memberships(self, rows: Sequence[Example]) -> list[list[bool]]:
        """Whether each row has each label, in the order of ``labels``."""
        told = [set(labels_of(row)) for row in rows]
        return [[label in mine for label in self.labels] for mine in told]

    @cached_property
    def counts(self) -> dict[str, int]:
        """Training rows that have each label, most first."""
        return dict(Counter(name for row in self.train for name in labels_of(row)).most_common())
