"""Confidence of a tuned encoder where the user gives no validation rows.

A network is surer of rows it was tuned on than of others, so calibration, detector and held-out
answers all need rows it has not seen. Few rows are too dear to keep back: a twin is trained on
four fifths of them with the same recipe and asked the last fifth, and the model learnt from all
rows takes over what it says. Of many rows a twentieth is kept back instead, which costs next
to no accuracy and no second training.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from aprendiz.data.dataset import Dataset, Outside
from aprendiz.data.multi_dataset import MultiDataset
from aprendiz.data.multi_split import split_multi
from aprendiz.interfaces import Silence, Workspace
from aprendiz.neural.scope import Detector, Views
from aprendiz.neural.task import Calibration, Task, Tuned
from aprendiz.tracking.memory import MemoryRun

MANY = 2_000
_KEPT_BACK, _ASKED = 0.05, 0.2

Learn = Callable[[Dataset, Workspace], Tuned]
"""Trains a twin."""


def by_twin(task: Task, learn: Learn, tuned: Tuned, seed: int, workspace: Workspace) -> Calibration:
    """Calibrate on what a twin says of rows it has not seen, where labels have rows to spare."""
    dataset = tuned.dataset
    train, asked = _divided(dataset, _ASKED, seed)
    if not asked.train:
        return Calibration()
    workspace.observer.say(
        f"calibrating: a twin learns from {len(train.train):,} rows and is asked the other "
        f"{len(asked.train):,}"
    )
    with tempfile.TemporaryDirectory() as folder:
        files, checkpoints = Path(folder) / "files", Path(folder) / "checkpoints"
        files.mkdir()
        checkpoints.mkdir()
        twin = learn(train, Workspace(files, checkpoints, False, MemoryRun(), Silence()))
    name = f"the {len(asked.train):,} rows a twin had not seen"
    told = task.on_rows(twin, asked.train, asked.outside.train, name)
    return replace(told, detector=_own(told.detector, tuned))


def _own(judged: Detector | None, tuned: Tuned) -> Detector | None:
    """The network's own views, on the scale of its twin's."""
    if judged is None:
        return None
    outside = tuned.dataset.outside.train if judged.views.plane is not None else ()
    vectors, _ = tuned.ask((*tuned.dataset.train, *outside))
    known, away = np.split(vectors, [len(tuned.dataset.train)])
    views = Views.fit(known, away)
    return Detector(views, judged.weights, judged.scale)


def kept_back(dataset: Dataset, seed: int) -> Dataset:
    """The dataset with a twentieth of its training rows for validation."""
    train, held = _divided(dataset, _KEPT_BACK, seed)
    outside = replace(train.outside, validation=held.outside.train)
    return replace(train, validation=held.train, test=dataset.test, outside=outside)


def _divided(dataset: Dataset, share: float, seed: int) -> tuple[Dataset, Dataset]:
    """The training rows without a share of each label's, and that share; those outside likewise."""
    if isinstance(dataset, MultiDataset):
        parts = split_multi(dataset.train, share, seed)
        train, asked = (replace(dataset, train=rows, validation=(), test=()) for rows in parts)
        return train, asked
    random = np.random.default_rng(seed)
    by_label: dict[str, list[int]] = {}
    for at, row in enumerate(dataset.train):
        by_label.setdefault(row.label, []).append(at)
    held: set[int] = set()
    for label in dataset.labels:
        rows = by_label[label]
        # What is over a whole row is drawn for, so that many small labels give their share.
        count = min(len(rows) - 1, int(share * len(rows) + random.random()))
        held |= {rows[at] for at in random.permutation(len(rows))[:count]}
    away = random.permutation(len(dataset.outside.train))
    held_outside = set(away[: round(share * len(away))].tolist())

    def part(wanted: bool) -> Dataset:
        return replace(
            dataset,
            train=tuple(r for at, r in enumerate(dataset.train) if (at in held) == wanted),
            validation=(),
            test=(),
            outside=Outside(
                dataset.outside.label,
                tuple(
                    r
                    for at, r in enumerate(dataset.outside.train)
                    if (at in held_outside) == wanted
                ),
            ),
        )

    return part(False), part(True)
