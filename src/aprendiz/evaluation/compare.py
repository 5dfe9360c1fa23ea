"""Several methods on the same rows: which differences between them are more than chance.

Plain arrays in, plain values out; knows no model and no file. What follows from the
differences for somebody who has to choose stands in ``compare_verdict.py``.

A method may have been trained several times, with several seeds. What is compared then is
the mean over its trainings, row by row. The tests ask what other rows would show of these
very trainings; what other seeds would give is for the spread between them to say.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from aprendiz.evaluation.intervals import Interval, macro_scores

LEVEL = 0.05
"""Below this a p-value is called significant."""

_DRAWS = 4_000
_DRAWS_AT_ONCE = 500  # bounds the memory of the bootstrap
_LEVEL_POINT = 1.959963984540054  # 97.5 % point of the normal distribution
_POWER_POINT = 0.8416212335729143  # 80 % point: found four times of five
# Steps of the exact distribution beyond which the normal one takes its place.
_MOST_EXACT = 20_000


@dataclass(frozen=True, slots=True)
class Score:
    """A figure of one method over its trainings.

    Attributes:
        mean: over the trainings.
        ci: 95 % interval for the rows. With several trainings the mean of their intervals'
            ends, so never narrower than one training deserves.
        least: the lowest of the trainings.
        most: the highest.
    """

    mean: float
    ci: Interval
    least: float
    most: float

    @classmethod
    def over(cls, values: Sequence[float], intervals: Sequence[Interval]) -> Score:
        """The figure of each training and its interval, put together.

        Raises:
            ValueError: no training, or not as many intervals.
        """
        if not values or len(values) != len(intervals):
            raise ValueError(f"{len(values)} figures and {len(intervals)} intervals")
        ends = np.mean(np.asarray(intervals, dtype=np.float64), axis=0)
        # Rounding must never push a mean out of its own interval.
        mean = min(max(math.fsum(values) / len(values), min(values)), max(values))
        low, high = min(float(ends[0]), mean), max(float(ends[1]), mean)
        return cls(mean, (low, high), min(values), max(values))

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"mean": self.mean, "ci": list(self.ci), "least": self.least, "most": self.most}


@dataclass(frozen=True, slots=True)
class Change:
    """By how much the second of two methods has more of a figure than the first.

    Attributes:
        value: second minus first.
        ci: its 95 % interval, rows drawn in pairs.
        p_value: how often chance alone would show as much, two-sided.
        p_holm: the same, corrected for all pairs that were compared.
    """

    value: float
    ci: Interval
    p_value: float
    p_holm: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "value": self.value,
            "ci": list(self.ci),
            "p_value": self.p_value,
            "p_holm": self.p_holm,
        }


@dataclass(frozen=True, slots=True)
class Pair:
    """Two methods on the same rows.

    Attributes:
        first: name of the cheaper.
        second: name of the dearer.
        n: rows that both answered.
        gained: rows that only the second has right (a mean where there are several trainings).
        lost: rows that only the first has right.
        accuracy: the change in accuracy, tested with :func:`paired_test`.
        macro_f1: the change in macro F1, tested with a paired bootstrap.
        smallest: see :func:`smallest_seen`.
    """

    first: str
    second: str
    n: int
    gained: float
    lost: float
    accuracy: Change
    macro_f1: Change
    smallest: float

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "first": self.first,
            "second": self.second,
            "n": self.n,
            "gained": self.gained,
            "lost": self.lost,
            "accuracy": self.accuracy.as_dict(),
            "macro_f1": self.macro_f1.as_dict(),
            "smallest_seen": self.smallest,
        }


def compare_pairs(
    answers: Mapping[str, np.ndarray], truth: np.ndarray, labels: int, *, seed: int = 0
) -> tuple[Pair, ...]:
    """Compare every two methods, with Holm's correction over all pairs of each figure.

    Args:
        answers: for each method label numbers of shape ``(trainings, n)``; -1 for no answer.
        truth: label numbers, shape ``(n,)``.
        labels: how many labels there are.
        seed: fixes the bootstrap.

    Raises:
        ValueError: no rows, or answers of another shape.
    """
    told = {name: np.atleast_2d(np.asarray(each)) for name, each in answers.items()}
    true = np.asarray(truth)
    for name, each in told.items():
        if not len(true) or each.shape[1:] != true.shape or not len(each):
            raise ValueError(f"{name}: answers of shape {each.shape} to {len(true)} rows")
    points, drawn = _macro_f1(told, true, labels, seed)
    pairs = []
    for first, second in combinations(told, 2):
        before, after = _rightness(told[first], true), _rightness(told[second], true)
        scale = math.lcm(len(told[first]), len(told[second]))
        steps = after * (scale // len(told[second])) - before * (
            scale // len(told[first])
        )  # whole numbers from -scale to scale
        pairs.append(
            Pair(
                first,
                second,
                len(true),
                gained=float(steps[steps > 0].sum() / scale),
                lost=float(-steps[steps < 0].sum() / scale),
                accuracy=_accuracy_change(steps, scale, seed),
                macro_f1=_bootstrapped(
                    points[second] - points[first], drawn[second] - drawn[first]
                ),
                smallest=smallest_seen(steps / scale),
            )
        )
    return _corrected(pairs)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979), in the order given.

    The smallest of m is multiplied by m, the next by m - 1 and so on; none becomes smaller
    than one before it, and none larger than 1. The chance that any true hypothesis falls
    under a level is at most that level, however the tests depend on each other.
    """
    count = len(p_values)
    corrected = [0.0] * count
    highest = 0.0
    for rank, at in enumerate(sorted(range(count), key=lambda at: p_values[at])):
        highest = max(highest, min(1.0, (count - rank) * p_values[at]))
        corrected[at] = highest
    return corrected


def pareto(costs: Sequence[float], scores: Sequence[float]) -> list[bool]:
    """Which points no other beats: none costs no more and scores no less, one of them strictly.

    Equal points stand or fall together.
    """
    points = list(zip(costs, scores, strict=True))
    return [
        not any(
            other_cost <= cost and other >= score and (other_cost < cost or other > score)
            for other_cost, other in points
        )
        for cost, score in points
    ]


def paired_test(steps: Sequence[int] | np.ndarray) -> float:
    """How often chance alone would tell two methods apart as much, two-sided.

    Fisher's (1935) randomisation test for pairs: if the methods were equally good, each row's
    difference might as well have had the other sign. With one training each the differences
    are -1, 0 and 1 and this is the exact McNemar test. Exact but for very many rows that
    differ, where a sum of so many signs is normal.

    Args:
        steps: the difference on each row, in whole numbers.
    """
    given = np.asarray(steps, dtype=np.int64)
    sizes, counts = np.unique(np.abs(given[given != 0]), return_counts=True)
    distance = abs(int(given.sum()))
    if not distance:
        return 1.0
    total = int((sizes * counts).sum())
    if total > _MOST_EXACT:
        width = math.sqrt(float((sizes**2 * counts).sum()))
        return math.erfc(distance / width / math.sqrt(2))
    # Of the signs of m equal differences B are positive: B is binomial, and the whole sum is
    # 2 * (size * B, added up) - total.
    chances = np.ones(1)
    for size, count in zip(sizes, counts, strict=True):
        spaced = np.zeros(int(size * count) + 1)
        spaced[:: int(size)] = _fair_coins(int(count))
        chances = np.convolve(chances, spaced)
    reached = np.abs(2 * np.arange(total + 1) - total) >= distance
    return float(min(1.0, chances[reached].sum()))


def smallest_seen(differences: np.ndarray) -> float:
    """The smallest true difference in accuracy that so many rows show four times of five.

    The size at which a two-sided test at 5 % has a power of 80 %: the sum of the two normal
    points times the standard error (Connor 1987, without his second-order term, which makes
    it a little smaller). One row more than those met is taken to differ, so that methods
    that agree everywhere do not seem to have been told apart for certain.

    Args:
        differences: second minus first on each row, from -1 to 1.
    """
    rows = len(differences)
    variance = (float(np.square(differences).sum()) + 1) / rows
    return min(1.0, (_LEVEL_POINT + _POWER_POINT) * math.sqrt(variance / rows))


def _rightness(answers: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How many of the trainings have each row right, shape ``(n,)``."""
    return np.asarray((answers == truth).sum(axis=0), dtype=np.int64)


def _fair_coins(count: int) -> np.ndarray:
    """The binomial distribution of ``count`` fair coins, shape ``(count + 1,)``."""
    ranks = np.arange(1, count + 1)
    ways = np.concatenate([[0.0], np.cumsum(np.log((count - ranks + 1) / ranks))])
    return np.exp(ways - count * math.log(2))


def _accuracy_change(steps: np.ndarray, scale: int, seed: int) -> Change:
    """The change in accuracy; its interval as ``paired.py`` makes it, for any number of trainings."""
    values, counts = np.unique(np.concatenate([steps, [scale, -scale]]), return_counts=True)
    # One pseudo-row gained and one lost keep a width where the two never differ; half of each
    # makes one row in all.
    counts = counts - 0.5 * (np.abs(values) == scale)
    rows = len(steps)
    drawn = np.random.default_rng(seed).multinomial(rows, counts / counts.sum(), size=_DRAWS)
    low, high = (float(end) for end in np.quantile(drawn @ values / (scale * rows), (0.025, 0.975)))
    value = float(steps.sum() / (scale * rows))
    return Change(value, (min(low, value), max(high, value)), paired_test(steps), 1.0)


def _bootstrapped(value: float, drawn: np.ndarray) -> Change:
    """A change from a paired bootstrap: test and interval agree about 0.

    The interval is the reflected one of ``intervals.py``. The p-value is how often a
    resample strays as far from the change as the change is from nothing (Berg-Kirkpatrick,
    Burkett and Klein 2012), on its own side, doubled.
    """
    low, high = (float(end) for end in np.quantile(drawn, (0.025, 0.975)))
    side = 1.0 if value >= 0 else -1.0
    strayed = int((side * drawn >= 2 * side * value).sum())
    return Change(
        value,
        (min(value, 2 * value - high), max(value, 2 * value - low)),
        min(1.0, 2 * (strayed + 1) / (len(drawn) + 1)),
        1.0,
    )


def _macro_f1(
    answers: Mapping[str, np.ndarray], truth: np.ndarray, labels: int, seed: int
) -> tuple[dict[str, float], dict[str, np.ndarray]]:
    """Macro F1 of each method, and on each of the resamples, which are the same for all.

    Rows with the same truth and the same answers from every training cannot be told apart,
    so what is drawn is how many there are of each kind.
    """
    table = np.vstack([truth, *answers.values()])
    kinds, counts = np.unique(table, axis=1, return_counts=True)
    rows: dict[str, list[np.ndarray]] = {}
    at = 1
    for name, trainings in answers.items():
        rows[name] = list(kinds[at : at + len(trainings)])
        at += len(trainings)
    random = np.random.default_rng(seed)
    drawn: dict[str, list[np.ndarray]] = {name: [] for name in answers}
    for _ in range(0, _DRAWS, _DRAWS_AT_ONCE):
        tables = random.multinomial(len(truth), counts / counts.sum(), size=_DRAWS_AT_ONCE)
        for name, each in rows.items():
            drawn[name].append(_mean_f1(tables, kinds[0], each, labels))
    points = {
        name: float(_mean_f1(counts[None], kinds[0], each, labels)[0])
        for name, each in rows.items()
    }
    return points, {name: np.concatenate(each) for name, each in drawn.items()}


def _mean_f1(
    counts: np.ndarray, truth: np.ndarray, trainings: Iterable[np.ndarray], labels: int
) -> np.ndarray:
    """Macro F1, mean over trainings, of tables of counts of shape ``(draws, kinds)``."""
    support = counts @ _one_hot(truth, labels)
    scores = [
        macro_scores(
            counts @ _one_hot(np.where(told == truth, truth, -1), labels),
            support,
            counts @ _one_hot(told, labels),
        )[0]
        for told in trainings
    ]
    return np.asarray(np.mean(scores, axis=0))


def _one_hot(numbers: np.ndarray, labels: int) -> np.ndarray:
    """Shape ``(n, labels)``; a row of zeros where there is no answer (-1)."""
    return np.asarray(numbers[:, None] == np.arange(labels), dtype=np.float64)


def _corrected(pairs: Sequence[Pair]) -> tuple[Pair, ...]:
    accuracy = holm([pair.accuracy.p_value for pair in pairs])
    macro_f1 = holm([pair.macro_f1.p_value for pair in pairs])
    return tuple(
        replace(
            pair,
            accuracy=replace(pair.accuracy, p_holm=accuracy[at]),
            macro_f1=replace(pair.macro_f1, p_holm=macro_f1[at]),
        )
        for at, pair in enumerate(pairs)
    )
