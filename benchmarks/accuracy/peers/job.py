"""What every peer is given and what it hands back: a folder of plain files.

A peer runs as a process of its own, in its own environment, so this file needs numpy and
the standard library only. ``job.json``, ``train.jsonl`` and ``asked.jsonl`` go in;
``answers.npz`` and ``facts.json`` come out. The true labels of what is asked are not there.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

_REPORTED = ("aprendiz", "setfit", "autointent", "sentence-transformers", "transformers", "torch",
             "scikit-learn")  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One training on one set with one seed.

    Attributes:
        folder: where the files lie; also for a peer's own scratch files.
        encoder: folder of the encoder, in the sentence-transformers layout.
        seed: fixes every random choice that the peer lets us fix.
        minutes: the longest a training may plan to take.
        labels: the label names; their position is their number.
        outside: the label of rows that fit no label.
        settings: what else the method's line in ``run.py`` says.
    """

    folder: Path
    encoder: Path
    seed: int
    minutes: float
    labels: tuple[str, ...]
    outside: str
    settings: dict[str, Any]

    @classmethod
    def read(cls) -> Job:
        """The job in the folder that the command line names."""
        folder = Path(sys.argv[1])
        told = json.loads((folder / "job.json").read_text(encoding="utf-8"))
        told |= {
            "folder": folder,
            "encoder": Path(told["encoder"]),
            "labels": tuple(told["labels"]),
        }
        return cls(**told)

    @cached_property
    def train(self) -> list[tuple[str, str]]:
        """Text and label of each row to learn from."""
        return [(row["text"], row["label"]) for row in self._rows("train.jsonl")]

    @cached_property
    def texts(self) -> list[str]:
        """The texts to learn from."""
        return [text for text, _ in self.train]

    @cached_property
    def numbers(self) -> list[int]:
        """Their label numbers; a row that fits no label has one more than the last of them."""
        index = {label: number for number, label in enumerate((*self.labels, self.outside))}
        return [index[label] for _, label in self.train]

    @cached_property
    def classes(self) -> int:
        """How many numbers occur: one more than labels where rows outside teach."""
        return max(self.numbers) + 1

    @cached_property
    def asked(self) -> list[str]:
        """The texts to answer."""
        return [row["text"] for row in self._rows("asked.jsonl")]

    def _rows(self, name: str) -> list[dict[str, str]]:
        lines = (self.folder / name).read_text(encoding="utf-8").split("\n")
        return [json.loads(line) for line in lines if line]

    def answer(
        self,
        probabilities: np.ndarray,
        *,
        seconds: float,
        schedule: str,
        scope: np.ndarray | None = None,
        answers: np.ndarray | None = None,
        **facts: object,
    ) -> None:
        """Hand the answers back.

        Args:
            probabilities: shape (texts asked, labels), or one column more: that of the rows
                outside, which is then taken as the opposite of ``scope``.
            seconds: training time, from rows in memory to a model that can answer.
            schedule: how it was trained, in a few words for the table.
            scope: how surely each text fits any label, higher is surer; the largest
                probability where a peer has nothing better.
            answers: the label number of each answer where it is not that of the largest
                probability.
            facts: whatever else should stand in the cell.
        """
        told = np.asarray(probabilities, dtype=np.float64)
        inside = told[:, : len(self.labels)]
        if scope is None:
            scope = inside.sum(axis=1) if told.shape[1] > inside.shape[1] else inside.max(axis=1)
        total = inside.sum(axis=1, keepdims=True)
        inside = np.where(total > 0, inside / np.maximum(total, 1e-12), 1 / inside.shape[1])
        chosen = inside.argmax(axis=1) if answers is None else answers
        np.savez(self.folder / "answers.npz", probabilities=inside, scope=scope, answers=chosen)
        packages = {name: found for name in _REPORTED if (found := _version(name))}
        told_facts = {"seconds": seconds, "schedule": schedule, "packages": packages, **facts}
        (self.folder / "facts.json").write_text(json.dumps(told_facts), encoding="utf-8")


def _version(name: str) -> str | None:
    # The metadata of an editable installation may be older than the code that runs.
    if told := getattr(sys.modules.get(name), "__version__", None):
        return str(told)
    try:
        return version(name)
    except PackageNotFoundError:
        return None
