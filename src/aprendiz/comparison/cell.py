"""One training of a comparison: a method with one seed, trained, then asked every test row.

The model folder it leaves is made by ``workflow.train`` and is like any other.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aprendiz import workflow
from aprendiz.artifact import manifest as manifests
from aprendiz.artifact.folder import can_resume
from aprendiz.artifact.model import Model
from aprendiz.comparison import measure
from aprendiz.errors import ModelFolderError
from aprendiz.evaluation.metrics import score
from aprendiz.interfaces import Observer
from aprendiz.methods import catalogue
from aprendiz.tracking.nesting import under

_ROWS_AT_ONCE = 256


@dataclass(frozen=True)
class Order:
    """What to do; plain values, so that another process can be told.

    Attributes:
        recipe: filled, with its seed.
        out: the model folder to make.
        source: rows, as ``workflow.train`` takes them.
        texts: the rows to measure on.
        truth: their label numbers.
        fingerprint: of all rows.
        track: record it with MLflow.
        parent_run: the run of the whole comparison there; empty without one.
    """

    recipe: dict[str, Any]
    out: str
    source: dict[str, Any]
    texts: list[str]
    truth: list[int]
    fingerprint: str
    track: bool
    parent_run: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``Order(**values)`` reads them back."""
        return asdict(self)


@dataclass(frozen=True)
class Record:
    """What came out, in plain values for JSON.

    Attributes:
        scores: accuracy, macro F1 and calibration error with their intervals.
        answers: the label number answered for each row, -1 for none.
        seconds: wall time of the learning.
        model_bytes: size of the model folder without the report.
        one: latency of one text.
        many: latency of a batch.
        peak_memory: most resident memory of the training process in bytes; ``None`` where
            it had no process of its own.
        device: what it learnt on.
        price: what somebody charged; ``None`` if nobody, or nobody knows how much.
        price_note: why.
    """

    scores: dict[str, Any]
    answers: list[int]
    seconds: float
    model_bytes: int
    one: dict[str, Any]
    many: dict[str, Any]
    peak_memory: int | None
    device: str
    price: float | None
    price_note: str

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; ``Record(**values)`` reads them back."""
        return asdict(self)


def carry_out(order: Order, tell: Observer, *, alone: bool) -> Record:
    """Train and measure.

    Args:
        order: what to do.
        tell: whom to tell.
        alone: this process does nothing else, so its memory is that of the training.

    Raises:
        AprendizError: the training cannot be done, or its model cannot answer yet.
    """
    catalogue.trainer(order.recipe["method"])  # says which library is missing, if one is
    from aprendiz.neural.system_metrics import PeakMemory

    out = Path(order.out)
    # A job at a service costs money: it is not created twice, and what it has made is not
    # made again. Any other training begins afresh, so that its time is the whole of it.
    service = order.recipe["method"] == "managed"
    with under(order.parent_run), PeakMemory("cpu") as peak:
        if not (service and _is_made(out, order)):
            workflow.train(
                **order.source,
                out=out,
                recipe=order.recipe,
                resume=service and can_resume(out),
                track=order.track,
                observer=tell,
            )
    model = workflow.load(out)
    answers, scores = _measured(model, order.texts, order.truth, tell)
    tell.say("measuring how fast it answers")
    one, many = measure.latencies(model.probabilities, order.texts)
    cost, why = measure.price(model.manifest)
    return Record(
        scores=scores,
        answers=answers,
        seconds=float(model.manifest.training["seconds"]),
        model_bytes=measure.model_bytes(model.manifest),
        one=asdict(one),
        many=asdict(many),
        peak_memory=peak.bytes if alone else None,
        device=str(model.manifest.training.get("device", "CPU")),
        price=cost,
        price_note=why,
    )


def _is_made(out: Path, order: Order) -> bool:
    """Whether the model is there already, from the same rows with the same recipe."""
    try:
        manifest = manifests.read(out)
    except ModelFolderError:
        return False
    return manifest.recipe == order.recipe and manifest.data["fingerprint"] == order.fingerprint


def _measured(
    model: Model, texts: Sequence[str], truth: Sequence[int], tell: Observer
) -> tuple[list[int], dict[str, Any]]:
    """The label number answered for each row, and the figures with their intervals."""
    told = []
    begun = time.monotonic()
    for start in range(0, len(texts), _ROWS_AT_ONCE):
        some = texts[start : start + _ROWS_AT_ONCE]
        told.append(model.probabilities(some))
        if time.monotonic() - begun > 1:
            tell.progress("asking", start + len(some), len(texts))
    probabilities = np.concatenate(told)
    figures = score(probabilities, list(truth), model.labels).as_dict()
    names = ("accuracy", "macro_f1", "ece")
    scores = {name: figures[name] for each in names for name in (each, f"{each}_ci")}
    answers = np.where(probabilities.any(axis=1), probabilities.argmax(axis=1), -1)
    return answers.tolist(), scores
