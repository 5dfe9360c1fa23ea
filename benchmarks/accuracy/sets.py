"""The sets of the accuracy benchmark: which rows teach, which are asked, which fit no label.

A set is drawn for a seed and given to every method alike. Only the training rows and the
texts of the test rows ever reach a method; the true labels stay here.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aprendiz.data.read import read_examples
from aprendiz.data.records import Example
from aprendiz.data.sample import draw

OOS = "oos"


@dataclass(frozen=True)
class Set:
    """Where a set's rows come from.

    Attributes:
        title: its name in the tables.
        train: file to learn from, inside the data folder.
        test: file to be asked.
        rows: rows drawn from ``train``, in the labels' shares, anew for each seed; all if None.
        each: rows drawn of every label, anew for each seed; all if None.
        oos_train: file of rows that fit no label, added to what is learnt from.
        oos_test: file of rows that fit no label, asked beside the test rows.
    """

    title: str
    train: str
    test: str
    rows: int | None = None
    each: int | None = None
    oos_train: str | None = None
    oos_test: str | None = None


_BANKING, _CLINC, _SST = "banking77/test.csv", "clinc150/test.csv", "sst2/test.csv"
_NO_LABEL = "clinc150/oos_test.csv"

SETS = {
    "banking77-5": Set("Banking77, 5 a label", "banking77/train_5shot.csv", _BANKING),
    "banking77-10": Set("Banking77, 10 a label", "banking77/train_10shot.csv", _BANKING),
    "banking77-all": Set("Banking77, all rows", "banking77/train.csv", _BANKING),
    "clinc150-5": Set(
        "CLINC150, 5 a label", "clinc150/train_5shot.csv", _CLINC, oos_test=_NO_LABEL
    ),
    "clinc150-10": Set(
        "CLINC150, 10 a label", "clinc150/train_10shot.csv", _CLINC, oos_test=_NO_LABEL
    ),
    "clinc150-small": Set(
        "CLINC150, small (50 a label)", "clinc150/train_small.csv", _CLINC, oos_test=_NO_LABEL
    ),
    "clinc150-oos": Set(
        "CLINC150, small, with 100 out-of-scope rows to learn from",
        "clinc150/train_small.csv",
        _CLINC,
        oos_train="clinc150/oos_train.csv",
        oos_test=_NO_LABEL,
    ),
    "snips": Set("SNIPS", "snips/train.csv", "snips/test.csv"),
    "ag_news-1000": Set(
        "AG News, 1,000 rows", "ag_news/train.csv.gz", "ag_news/test.csv", rows=1000
    ),
    "sst2-16": Set("SST-2, 16 a label", "sst2/train.csv", _SST, each=16),
    "sst2-all": Set("SST-2, all rows", "sst2/train.csv", _SST),
    "tod-es": Set(
        "Task-oriented dialogue, Spanish",
        "multilingual_tod_es/train.csv",
        "multilingual_tod_es/test.csv",
    ),
}

QUICK = ("sst2-16", "banking77-5")


@dataclass(frozen=True)
class Rows:
    """A set as it is for one seed.

    Attributes:
        train: rows to learn from; those that fit no label have the label ``oos``.
        test: rows that fit a label.
        outside: rows that fit none; may be empty.
        labels: the label names, sorted, without ``oos``.
    """

    train: tuple[Example, ...]
    test: tuple[Example, ...]
    outside: tuple[Example, ...]
    labels: tuple[str, ...]

    @property
    def truth(self) -> list[int]:
        """The label number of each test row."""
        index = {label: number for number, label in enumerate(self.labels)}
        return [index[row.label] for row in self.test]

    @property
    def asked(self) -> list[str]:
        """Every text that a method is asked, those that fit no label last."""
        return [row.text for row in (*self.test, *self.outside)]


def rows_of(name: str, data: Path, seed: int, most: int | None = None) -> Rows:
    """Read and draw a set.

    Args:
        name: one of ``SETS``.
        data: folder with the sets' own folders.
        seed: fixes what is drawn.
        most: test rows (and rows outside) to ask at most, for a quick look.

    Raises:
        ValueError: a file is not there or holds no labelled rows.
    """
    chosen = SETS[name]
    train, test = (_read(data / file) for file in (chosen.train, chosen.test))
    labels = tuple(sorted({row.label for row in train}))
    if chosen.rows:
        train = draw(train, chosen.rows, seed)[0]
    if chosen.each:
        train = _of_each(train, chosen.each, seed)
    outside = _read(data / chosen.oos_test) if chosen.oos_test else ()
    if chosen.oos_train:
        train = (*train, *_read(data / chosen.oos_train))
    return Rows(train, _first(test, most), _first(outside, most), labels)


def _read(file: Path) -> tuple[Example, ...]:
    rows = read_examples(file).examples
    if not rows:
        raise ValueError(f"{file}: no labelled rows; the README says which files are looked for")
    return rows


def _of_each(rows: tuple[Example, ...], each: int, seed: int) -> tuple[Example, ...]:
    taken: list[Example] = []
    for label in sorted({row.label for row in rows}):
        taken += draw([row for row in rows if row.label == label], each, seed)[0]
    return tuple(taken)


def _first(rows: tuple[Example, ...], most: int | None) -> tuple[Example, ...]:
    """All rows, or ``most`` spread evenly over the file, which may be sorted by label."""
    if most is None or len(rows) <= most:
        return rows
    return tuple(rows[number * len(rows) // most] for number in range(most))
