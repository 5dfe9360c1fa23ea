"""What a comparison means for somebody who has to choose: one sentence, and when to stop.

The rule: of the methods, in order from cheap to dear, take the first that is not
significantly worse than the best. Not significantly worse is not the same as equally good,
so the sentence says what the rows leave open. Takes figures, measures nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aprendiz.evaluation.compare import LEVEL, Pair, Score

WORTH = 0.01
"""Smallest gain in accuracy that a dearer method must promise to be worth a try."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One method as it stands in a comparison.

    Attributes:
        name: what it is called.
        accuracy: on the rows that all were measured on.
        macro_f1: on the same rows.
        trainings: how many seeds it was trained with.
        seconds: mean time of a training.
        price: mean price of a training; ``None`` where nobody charges, or nobody knows.
    """

    name: str
    accuracy: Score
    macro_f1: Score
    trainings: int
    seconds: float
    price: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The choice and its reasons.

    Attributes:
        chosen: the cheapest method that is not significantly worse than the best.
        best: the method with the highest accuracy; of equals, the cheapest.
        settled: no other method can well be better by what would be worth having; without
            it the rows are too few to tell.
        sentence: all this, with the figures that make it so.
        notes: what speaks against it.
    """

    chosen: str
    best: str
    settled: bool
    sentence: str
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "chosen": self.chosen,
            "best": self.best,
            "settled": self.settled,
            "sentence": self.sentence,
            "notes": list(self.notes),
        }


def decide(
    standings: Sequence[Standing], pairs: Sequence[Pair], *, worth: float = WORTH
) -> Verdict:
    """Choose by accuracy, with Holm's correction over all pairs.

    All pairs and not only those with the best, for which one is the best is itself seen on
    these rows.

    Args:
        standings: from cheap to dear.
        pairs: every two of them, the cheaper first.
        worth: a gain that is smaller does not matter.

    Raises:
        ValueError: there is nothing to choose from.
    """
    if not standings:
        raise ValueError("there is no method to choose from")
    best = max(standings, key=lambda each: each.accuracy.mean)  # of equals, the first
    between = {(pair.first, pair.second): pair for pair in pairs}
    cheaper = standings[: standings.index(best)]
    chosen = next((c for c in cheaper if between[c.name, best.name].accuracy.p_holm >= LEVEL), best)
    open_gain = max((_open_gain(chosen, pair) for pair in pairs), default=0.0)
    settled = open_gain < worth
    if chosen is not best:
        told = _enough(chosen, best, between[chosen.name, best.name], settled)
    elif cheaper:
        next_best = max(cheaper, key=lambda each: each.accuracy.mean)
        told = _worth_its_cost(best, next_best, between[next_best.name, best.name])
    else:
        told = _cheapest_and_best(best, standings, between, settled)
    return Verdict(chosen.name, best.name, settled, told, _notes(standings, chosen, between))


def why_stop(standings: Sequence[Standing], pair: Pair | None, *, worth: float = WORTH) -> str:
    """Why to climb no further on a ladder from cheap to dear; empty to go on.

    Going on only after a significant gain, and testing in an order fixed beforehand, each
    test may be made at the full level without correction (fixed sequence; Maurer, Hothorn
    and Lehmacher 1995).

    Args:
        standings: those met so far, from cheap to dear.
        pair: the last two of them; ``None`` when there is only one.
        worth: a gain that is smaller does not matter.
    """
    last = standings[-1]
    left = 1 - last.accuracy.ci[0]
    if left < worth:
        return (
            f"{last.name} has an accuracy of {_with_ci(last.accuracy)}, so nothing can gain more "
            f"than {left:.3f} over it"
        )
    if pair is None or (pair.accuracy.p_value < LEVEL and pair.accuracy.value > 0):
        return ""
    low, high = pair.accuracy.ci
    gain = f"{pair.second} over {pair.first}: {pair.accuracy.value:+.3f} ({low:+.3f} to {high:+.3f}"
    if high < worth:
        return f"the gain of {gain}) is less than {worth:.3f}, whatever chance did"
    return f"no significant gain of {gain}, {_p(pair.accuracy.p_value)})"


def in_time(seconds: float) -> str:
    """Seconds for people: ``0.04 s``, ``2.1 s``, ``48 s``, ``3 min 20 s``."""
    if seconds < 9.95:
        return f"{seconds:.1f} s" if seconds >= 0.095 else f"{seconds:.2f} s"
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"


def _open_gain(chosen: Standing, pair: Pair) -> float:
    """How much better than the chosen method the other of a pair may well be."""
    low, high = pair.accuracy.ci
    if pair.first == chosen.name:
        return high
    return -low if pair.second == chosen.name else 0.0


def _enough(chosen: Standing, best: Standing, pair: Pair, settled: bool) -> str:
    high = pair.accuracy.ci[1]
    if settled:
        left = f"at most {max(0.0, high):.3f} is lost"
    else:
        left = (
            f"{best.name} may still be up to {high:.3f} better, for {pair.n:,} rows are too few to "
            f"tell: a difference under {pair.smallest:.3f} would have been missed more often than "
            "one time in five"
        )
    return (
        f"{chosen.name} is enough: its accuracy of {chosen.accuracy.mean:.3f} on {_rows(pair, chosen)} "
        f"is not significantly below the {best.accuracy.mean:.3f} of {best.name}, the best "
        f"({_difference(pair)}), and it {_costs(chosen, best)}; {left}."
    )


def _worth_its_cost(best: Standing, cheaper: Standing, pair: Pair) -> str:
    return (
        f"{best.name} is worth its cost: its accuracy of {best.accuracy.mean:.3f} on "
        f"{_rows(pair, best)} is significantly above that of every cheaper method; {cheaper.name}, "
        f"the best of those, has {cheaper.accuracy.mean:.3f} ({_difference(pair)}) and "
        f"{_costs(cheaper, best)}."
    )


def _cheapest_and_best(
    best: Standing,
    standings: Sequence[Standing],
    between: dict[tuple[str, str], Pair],
    settled: bool,
) -> str:
    if len(standings) == 1:
        return (
            f"{best.name} is all that was compared: accuracy {_with_ci(best.accuracy)}, trained in "
            f"{in_time(best.seconds)}."
        )
    # The one that the rows leave most room to be better.
    other = max(standings[1:], key=lambda each: between[best.name, each.name].accuracy.ci[1])
    pair = between[best.name, other.name]
    high = pair.accuracy.ci[1]
    left = ""
    if not settled:
        left = (
            f"; {other.name} may still be up to {high:.3f} better, for {pair.n:,} rows are too few "
            f"to tell: a difference under {pair.smallest:.3f} would have been missed more often "
            "than one time in five"
        )
    return (
        f"{best.name} is enough: it is the cheapest, and its accuracy of {best.accuracy.mean:.3f} on "
        f"{_rows(pair, best)} is the highest; {other.name} has {other.accuracy.mean:.3f} "
        f"({_difference(pair)}), and {best.name} {_costs(best, other)}{left}."
    )


def _notes(
    standings: Sequence[Standing], chosen: Standing, between: dict[tuple[str, str], Pair]
) -> tuple[str, ...]:
    notes = []
    for other in standings:
        pair = between.get((chosen.name, other.name)) or between.get((other.name, chosen.name))
        if pair is None:
            continue
        ahead = other.macro_f1.mean > chosen.macro_f1.mean
        if ahead and pair.macro_f1.p_holm < LEVEL:
            notes.append(
                f"by macro F1, where rare labels count as much as common ones, {other.name} is "
                f"significantly better than {chosen.name}: {other.macro_f1.mean:.3f} against "
                f"{chosen.macro_f1.mean:.3f} ({_p(pair.macro_f1.p_holm)} after Holm)"
            )
        # The order from cheap to dear is declared, not measured: it would change with the clock.
        dearer = standings.index(other) > standings.index(chosen)
        if dearer and other.seconds < chosen.seconds / 2:
            notes.append(
                f"here {other.name}, which counts as dearer, was trained in {in_time(other.seconds)} "
                f"and {chosen.name} in {in_time(chosen.seconds)}"
            )
    return tuple(notes)


def _rows(pair: Pair, standing: Standing) -> str:
    seeds = f" (mean of {standing.trainings} trainings)" if standing.trainings > 1 else ""
    return f"{pair.n:,} rows{seeds}"


def _difference(pair: Pair) -> str:
    low, high = pair.accuracy.ci
    return (
        f"difference {pair.accuracy.value:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}, "
        f"{_p(pair.accuracy.p_holm)} after Holm"
    )


def _costs(cheap: Standing, dear: Standing) -> str:
    told = f"trains in {in_time(cheap.seconds)} instead of {in_time(dear.seconds)}"
    if dear.price is not None:
        told += f" and for {cheap.price or 0:.2f} instead of {dear.price:.2f}"
    return told


def _with_ci(score: Score) -> str:
    return f"{score.mean:.3f} (95 % interval {score.ci[0]:.3f} to {score.ci[1]:.3f})"


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
