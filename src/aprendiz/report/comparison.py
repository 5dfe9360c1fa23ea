"""Plain values that a comparison of methods is made of; what its page, tables and JSON say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aprendiz.evaluation.compare import Pair, Score, pareto
from aprendiz.evaluation.compare_verdict import Verdict

BATCH = 32
"""Texts of a batch whose latency is measured."""

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Latency:
    """How long a call takes, in milliseconds.

    Attributes:
        texts: how many it answers.
        calls: how many were measured, after warm-up.
        median_ms: half of them took at most this.
        p95_ms: 95 of 100 took at most this.
    """

    texts: int
    calls: int
    median_ms: float
    p95_ms: float


@dataclass(frozen=True, slots=True)
class Times:
    """Seconds of each training, put together."""

    mean: float
    least: float
    most: float

    @classmethod
    def of(cls, seconds: Sequence[float]) -> Times:
        """Of at least one training."""
        return cls(sum(seconds) / len(seconds), min(seconds), max(seconds))


@dataclass(frozen=True)
class Compared:
    """One method with its settings: what it is worth and what it costs.

    Attributes:
        name: what it is called here.
        method: the method.
        recipe: every setting filled in, with the first seed.
        seeds: those that it was trained with.
        accuracy: share of rows answered rightly.
        macro_f1: mean F1 over labels.
        ece: expected calibration error.
        seconds: of its trainings.
        model_bytes: the largest model folder, without its report.
        one: latency of one text; of several trainings the median.
        many: latency of a batch.
        peak_memory: most resident memory of a training process in bytes; ``None`` if the
            trainings had no processes of their own.
        device: what it learnt on.
        price: mean price of a training; ``None`` if there is none, or none known.
        price_note: why.
        model: the folder of the first seed's model, in the comparison's.
    """

    name: str
    method: str
    recipe: Mapping[str, Any]
    seeds: tuple[int, ...]
    accuracy: Score
    macro_f1: Score
    ece: Score
    seconds: Times
    model_bytes: int
    one: Latency
    many: Latency
    peak_memory: int | None
    device: str
    price: float | None
    price_note: str
    model: str


@dataclass(frozen=True, slots=True)
class Failed:
    """A training that could not be done, and why."""

    name: str
    seed: int
    message: str
    hint: str


@dataclass(frozen=True)
class Comparison:
    """Several methods on the same rows.

    Attributes:
        folder: where everything lies.
        title: what the data is called.
        source: how the rows were divided, in a sentence.
        data: ``fingerprint``, ``train``, ``validation``, ``test`` and ``labels`` of the rows.
        seeds: of the trainings.
        machine: what it was measured on.
        methods: from cheap to dear.
        pairs: every two of them.
        verdict: which to take.
        failed: trainings that could not be done.
        not_run: methods that were not trained, or not with every seed.
        stopped: why the ladder was not climbed to its end; empty if it was.
    """

    folder: Path
    title: str
    source: str
    data: Mapping[str, Any]
    seeds: tuple[int, ...]
    machine: Mapping[str, Any]
    methods: tuple[Compared, ...]
    pairs: tuple[Pair, ...]
    verdict: Verdict
    failed: tuple[Failed, ...] = ()
    not_run: tuple[str, ...] = ()
    stopped: str = ""

    def front(self) -> dict[str, dict[str, bool]]:
        """Whether a method is beaten by none in accuracy and cost (Pareto), for each cost."""
        scores = [each.accuracy.mean for each in self.methods]
        fronts = {
            "training": pareto([each.seconds.mean for each in self.methods], scores),
            "latency": pareto([each.one.median_ms for each in self.methods], scores),
        }
        return {
            each.name: {cost: flags[at] for cost, flags in fronts.items()}
            for at, each in enumerate(self.methods)
        }

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON. ``scores`` follow from seed and rows, ``costs`` were measured."""
        front = self.front()
        return {
            "format": _FORMAT,
            "title": self.title,
            **self.verdict.as_dict(),
            "data": {**self.data, "split": self.source},
            "seeds": list(self.seeds),
            "machine": dict(self.machine),
            "methods": [_as_dict(each, front[each.name]) for each in self.methods],
            "pairs": [pair.as_dict() for pair in self.pairs],
            "failed": [asdict(each) for each in self.failed],
            "not_run": list(self.not_run),
            "stopped": self.stopped,
        }


def _as_dict(each: Compared, front: Mapping[str, bool]) -> dict[str, Any]:
    return {
        "name": each.name,
        "method": each.method,
        "recipe": dict(each.recipe),
        "seeds": list(each.seeds),
        "model": each.model,
        "scores": {
            "accuracy": each.accuracy.as_dict(),
            "macro_f1": each.macro_f1.as_dict(),
            "ece": each.ece.as_dict(),
        },
        "costs": {
            "training_seconds": asdict(each.seconds),
            "model_bytes": each.model_bytes,
            "one_text": asdict(each.one),
            "batch": asdict(each.many),
            "peak_memory_bytes": each.peak_memory,
            "device": each.device,
            "price": each.price,
            "price_note": each.price_note,
        },
        "unbeaten": dict(front),
    }
