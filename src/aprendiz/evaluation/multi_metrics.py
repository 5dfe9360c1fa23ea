"""What the answers of a model of several labels are worth, every figure with its interval.

Takes answers and truth as tables of rows by labels; knows no model. As ``metrics.py`` is for
models that give one label.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from aprendiz.evaluation.intervals import Interval, wilson

_DRAWS = 1_000
_AT_ONCE = 100
_SUMMED = ("micro_f1", "micro_precision", "micro_recall", "macro_f1", "hamming_loss")


@dataclass(frozen=True, slots=True)
class MultiLabelScore:
    """How one label fared; precision and recall have Wilson's 95 % interval, F1 a bootstrap.

    Attributes:
        label: its name.
        threshold: the probability from which on it is given.
        support: rows that have it.
        given: rows that were given it.
        right: rows that have it and were given it.
        precision: ``right / given``; 0 when never given.
        recall: ``right / support``; 0 when none has it.
        f1: their harmonic mean.
    """

    label: str
    threshold: float
    support: int
    given: int
    right: int
    precision: float
    precision_ci: Interval
    recall: float
    recall_ci: Interval
    f1: float
    f1_ci: Interval


@dataclass(frozen=True)
class MultiEvaluation:
    """Every figure on the same rows.

    Attributes:
        n: rows.
        labels: their names.
        micro_f1: F1 over all pairs of row and label together.
        micro_precision: share of the labels given that are right.
        micro_recall: share of the labels to be given that were.
        macro_f1: mean of the labels' F1 over those that occur in the truth or in the answers.
        subset_accuracy: share of rows whose labels are all right, none missing, none too many.
        hamming_loss: share of the pairs of row and label that are wrong; lower is better.
        per_label: each label by itself.
        micro_f1_ci: 95 % interval; Wilson's for the subset accuracy, else a bootstrap over rows.
    """

    n: int
    labels: tuple[str, ...]
    micro_f1: float
    micro_f1_ci: Interval
    micro_precision: float
    micro_precision_ci: Interval
    micro_recall: float
    micro_recall_ci: Interval
    macro_f1: float
    macro_f1_ci: Interval
    subset_accuracy: float
    subset_accuracy_ci: Interval
    hamming_loss: float
    hamming_loss_ci: Interval
    per_label: tuple[MultiLabelScore, ...]

    def in_words(self) -> str:
        """The main figures for a person, each with its interval."""
        return (
            f"micro F1: {self.micro_f1:.3f} on {self.n:,} rows "
            f"(95 % interval {self.micro_f1_ci[0]:.3f} to {self.micro_f1_ci[1]:.3f}), "
            f"macro F1: {self.macro_f1:.3f} "
            f"({self.macro_f1_ci[0]:.3f} to {self.macro_f1_ci[1]:.3f})\n"
            f"all labels right: {self.subset_accuracy:.3f} of the rows "
            f"({self.subset_accuracy_ci[0]:.3f} to {self.subset_accuracy_ci[1]:.3f}), "
            f"Hamming loss {self.hamming_loss:.3f}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`from_dict` reads them back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> MultiEvaluation:
        """The evaluation that :meth:`as_dict` wrote; other keys are ignored."""
        known = {name: values[name] for name in cls.__dataclass_fields__}
        pairs = {name: (value[0], value[1]) for name, value in known.items() if name[-3:] == "_ci"}
        scores = tuple(_read_score(each) for each in values["per_label"])
        return cls(**{**known, **pairs, "labels": tuple(values["labels"]), "per_label": scores})


def score_multi(
    answers: np.ndarray,
    truth: np.ndarray,
    labels: Sequence[str],
    thresholds: Sequence[float],
    seed: int = 0,
) -> MultiEvaluation:
    """Every figure.

    Args:
        answers: which row was given which label, bool, shape (n, labels).
        truth: which row has which label, likewise.
        labels: in the order of the columns.
        thresholds: from which on each is given.
        seed: fixes the bootstrap's draws.

    Raises:
        ValueError: no rows, or shapes that do not agree.
    """
    if answers.shape != truth.shape or truth.ndim != 2 or truth.shape[1] != len(labels):
        raise ValueError(f"answers {answers.shape}, truth {truth.shape}, {len(labels)} labels")
    if len(truth) == 0:
        raise ValueError("there are no rows to measure on")
    counts = np.stack([answers & truth, answers, truth]).astype(np.float64)
    points, f1 = _figures(counts.sum(axis=1)[:, None], len(truth))
    spans, f1_spans = _intervals(counts, points, f1, seed)
    exact = int((answers == truth).all(axis=1).sum())
    named: dict[str, Any] = {name: float(points[name][0]) for name in _SUMMED}
    named |= {f"{name}_ci": spans[name] for name in _SUMMED}
    return MultiEvaluation(
        n=len(truth),
        labels=tuple(labels),
        subset_accuracy=exact / len(truth),
        subset_accuracy_ci=wilson(exact, len(truth)),
        per_label=tuple(
            _label_score(label, float(limit), counts[:, :, at].sum(axis=1), f1_spans[at])
            for at, (label, limit) in enumerate(zip(labels, thresholds, strict=True))
        ),
        **named,
    )


def quick_multi(answers: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Subset accuracy, micro F1, precision and recall, without intervals.

    Args:
        answers: which row was given which label, bool, shape (n, labels), n over 0.
        truth: which row has which label, likewise.
    """
    right, given, have = (int(table.sum()) for table in (answers & truth, answers, truth))
    return {
        "accuracy": float((answers == truth).all(axis=1).mean()),
        "f1": 2 * right / (given + have) if given + have else 0.0,
        "precision": right / given if given else 0.0,
        "recall": right / have if have else 0.0,
    }


def _ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)


def _figures(sums: np.ndarray, n: int) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Figures of (right, given, have), shape (3, draws, labels); each label's F1 too."""
    right, given, have = sums
    f1 = _ratio(2 * right, given + have)
    occur = (given + have) > 0
    all_right, all_given, all_have = (each.sum(axis=1) for each in sums)
    return {
        "micro_f1": _ratio(2 * all_right, all_given + all_have),
        "micro_precision": _ratio(all_right, all_given),
        "micro_recall": _ratio(all_right, all_have),
        "macro_f1": _ratio((f1 * occur).sum(axis=1), occur.sum(axis=1).astype(np.float64)),
        "hamming_loss": (all_given + all_have - 2 * all_right) / (n * sums.shape[2]),
    }, f1


def _intervals(
    counts: np.ndarray, points: Mapping[str, np.ndarray], f1: np.ndarray, seed: int
) -> tuple[dict[str, Interval], list[Interval]]:
    """95 % intervals of the figures, and of each label's F1: rows are drawn again and again."""
    n = counts.shape[1]
    random = np.random.default_rng(seed)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in points}
    drawn_f1 = []
    for _ in range(_DRAWS // _AT_ONCE):
        weights = random.multinomial(n, np.full(n, 1 / n), size=_AT_ONCE).astype(np.float64)
        told, each = _figures(np.stack([weights @ one for one in counts]), n)
        drawn_f1.append(each)
        for name, values in told.items():
            drawn[name].append(values)
    spans = {name: _span(np.concatenate(drawn[name]), float(points[name][0]), n) for name in points}
    table = np.concatenate(drawn_f1)
    have = counts[2].sum(axis=0).astype(int)
    each_span = [_span(table[:, at], float(f1[0, at]), int(have[at])) for at in range(len(have))]
    return spans, each_span


def _span(draws: np.ndarray, point: float, rows: int) -> Interval:
    if draws.min() == draws.max() and point in (0.0, 1.0):
        # Resampling shows no spread where nothing was wrong (or nothing right), which is not
        # certainty: Wilson's interval of as many rows stands in.
        return wilson(int(point) * rows, rows)
    low, high = (float(end) for end in np.quantile(draws, (0.025, 0.975)))
    return min(low, point), max(high, point)


def _label_score(
    label: str, threshold: float, sums: np.ndarray, f1_ci: Interval
) -> MultiLabelScore:
    right, given, have = (int(each) for each in sums)
    return MultiLabelScore(
        label=label,
        threshold=threshold,
        support=have,
        given=given,
        right=right,
        precision=right / given if given else 0.0,
        precision_ci=wilson(right, given),
        recall=right / have if have else 0.0,
        recall_ci=wilson(right, have),
        f1=2 * right / (given + have) if given + have else 0.0,
        f1_ci=f1_ci,
    )


def _read_score(values: Mapping[str, Any]) -> MultiLabelScore:
    pairs = {name: (value[0], value[1]) for name, value in values.items() if name[-3:] == "_ci"}
    return MultiLabelScore(**{**values, **pairs})
