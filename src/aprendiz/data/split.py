"""Dividing examples so that nothing measured has been learnt: one side for what says the same.

What goes where depends on the texts, their labels and the seed alone, so neither a
shuffled file nor another Python changes it. Nothing here is random: texts are ranked by
SHA-256 of the seed and the text, and a rank under the share is held out.

Equal and near-duplicate texts are one unit (``units.py``), or with a group all rows of one
customer or conversation. Of each label the hashes decide how many units are held out; the
first ten of a label's share are exact and the rest may stray by as many as there are, so
that small data is divided fairly while in large data a row's side is a matter of its hash
alone. No function of the content can do better: a fair share of every small set and rows
that never move contradict each other. That rows never move, whatever is added, is what the
frozen split (``frozen.py``) is for: rows it knows stay, the others are divided around them.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from aprendiz.data.frozen import HELD_OUT, Frozen, Rule
from aprendiz.data.near import Progress, clusters
from aprendiz.data.records import Example
from aprendiz.data.units import PLACES, Unit, rank, units_of
from aprendiz.errors import RecipeError

__all__ = ["Alike", "Division", "describe_division", "describe_split", "divide", "rank", "split"]

LEFT_OUT = "left_out"
OOS = "oos"
ALL_PARTS = ("train", "validation", "test", OOS, LEFT_OUT)

_EXACT = 10  # held-out units of a label up to which the share is exact
_FEW_GROUPS = 5


class Alike(Protocol):
    """Numbers texts so that those which say the same share one, as ``near.clusters`` does."""

    def __call__(
        self, texts: Sequence[str], *, similarity: float, progress: Progress | None
    ) -> list[int]:
        """The number of each text."""
        ...


@dataclass(frozen=True)
class Division:
    """Rows in parts.

    Attributes:
        parts: each of ``ALL_PARTS`` to its rows, in their order. ``left_out`` holds rows
            that would stand on two sides at once: near a text that is learnt, and in a
            group (or near another text) that is held out.
        frozen: what keeps them there.
        new: rows that the frozen split did not know before; all of them without one.
    """

    parts: Mapping[str, tuple[Example, ...]]
    frozen: Frozen
    new: int


def split(
    examples: Sequence[Example], holdout: float, seed: int
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Divide examples into a part to learn from and a part held out, as a training does.

    Args:
        examples: the rows; both parts keep their order.
        holdout: share to hold out, 0 <= holdout < 1; 0 holds out nothing.
        seed: another seed, another choice.

    Returns:
        ``(train, held_out)``.

    Raises:
        RecipeError: the share is out of range.
    """
    if not 0 <= holdout < 1:
        raise RecipeError(f"holdout: {holdout} is not a share", "a number from 0 to under 1")
    if holdout == 0:
        return tuple(examples), ()
    parts = divide(examples, Rule(seed, {"validation": holdout})).parts
    return parts["train"], parts["validation"]


def divide(
    examples: Sequence[Example],
    rule: Rule,
    *,
    frozen: Frozen | None = None,
    groups: Sequence[str] | None = None,
    progress: Progress | None = None,
    alike: Alike = clusters,
) -> Division:
    """Put every row on a side.

    Of each label with ``n`` units about ``share * n`` are held out, at least one of each
    part from five units on; a label with a single unit stays in training. A text with two
    labels measures nothing, so it stays in training unless a label has no other to hold
    out. No label is held out only.

    With a frozen split every row it knows stays where it was. A new row goes where its
    near duplicates are; is left out if they stand on different sides; and is divided by
    its hash if it has none.

    Args:
        examples: the rows; every part keeps their order.
        rule: seed, shares and what stays together; of ``frozen`` when that is given.
        frozen: an earlier split, whose rows stay.
        groups: the group of each of ``examples``, when the rule names a group.
        progress: told how far the search for near duplicates has come.
        alike: says which texts are near duplicates.

    Raises:
        RecipeError: a share is out of range.
    """
    _check_shares(rule)
    scoped = [at for at, row in enumerate(examples) if not rule.oos or row.label != rule.oos]
    inside = [examples[at] for at in scoped]
    cluster = alike([row.text for row in inside], similarity=rule.similarity, progress=progress)
    of_row = [groups[at] for at in scoped] if groups is not None else None
    known = [
        frozen.part_of(row.text, of_row[at] if of_row else None) if frozen else None
        for at, row in enumerate(inside)
    ]
    units = units_of(inside, cluster, of_row, rule.seed)
    _settle(units, known, frozen if of_row else None)
    for stratum in _strata(units):
        _divide_alike(stratum, rule)
    _hold_out_contested(units, rule)
    _teach_every_label(units)
    sides = _sides(units, known, len(inside))
    _leave_out_leaks(sides, known, cluster)

    parts: dict[str, list[Example]] = {part: [] for part in ALL_PARTS}
    for row, side in zip(inside, sides, strict=True):
        parts[side].append(row)
    parts[OOS] = [row for row in examples if rule.oos and row.label == rule.oos]
    settled = (
        (side, row.text, of_row[at] if of_row else None)
        for at, (row, side) in enumerate(zip(inside, sides, strict=True))
    )
    return Division(
        {part: tuple(rows) for part, rows in parts.items()},
        Frozen.of(rule, settled, frozen),
        known.count(None),
    )


def _check_shares(rule: Rule) -> None:
    for part, share in rule.shares.items():
        if not 0 <= share < 1:
            raise RecipeError(f"{part}: {share} is not a share", "a number from 0 to under 1")
    if sum(rule.shares.values()) >= 1:
        raise RecipeError("the shares leave nothing to learn from", "their sum must be under 1")


def _settle(units: Sequence[Unit], known: Sequence[str | None], frozen: Frozen | None) -> None:
    """Units with rows that have their side already; ``frozen`` where it is groups that do."""
    for unit in units:
        if frozen is not None and unit.group is not None:
            side = frozen.part_of_group(unit.group)
            unit.fixed = frozenset([side] if side else [])
        else:
            unit.fixed = frozenset(side for at in unit.rows if (side := known[at]))
        if unit.fixed:
            unit.side = min(unit.fixed) if len(unit.fixed) == 1 else LEFT_OUT


def _strata(units: Sequence[Unit]) -> list[list[Unit]]:
    """Units by label. Groups whose label few others have are one stratum together.

    A ceiling for each of many labels with two groups would hold out half of everything.
    """
    by_label: dict[str, list[Unit]] = {}
    for unit in units:
        by_label.setdefault(unit.label, []).append(unit)
    if not units or units[0].group is None:
        return [by_label[label] for label in sorted(by_label)]
    large = [by_label[label] for label in sorted(by_label) if len(by_label[label]) >= _FEW_GROUPS]
    few = [unit for alike in by_label.values() if len(alike) < _FEW_GROUPS for unit in alike]
    return [*large, few]


def _divide_alike(units: Sequence[Unit], rule: Rule) -> None:
    """Give a side to the units of one stratum that have none; ``units`` is all of it."""
    settled = Counter(unit.side for unit in units if unit.fixed)
    left = sorted((unit for unit in units if not unit.fixed), key=lambda unit: unit.rank)
    left_to_hold = [unit for unit in left if not unit.contested]
    number = len(left) + settled.total() - settled[LEFT_OUT]
    spare = min(len(left_to_hold), len(left) - (0 if settled["train"] else 1))
    bound = Fraction(0)
    for part in HELD_OUT:
        share = Fraction(str(rule.shares.get(part, 0)))  # 0.07 of 100 is 7; in floats it is 8
        if not share:
            continue
        bound += share
        wanted = math.ceil(share * number)
        stray = max(0, wanted - _EXACT)
        place = math.floor(bound * PLACES)
        by_hash = sum(unit.place < place for unit in left_to_hold) + settled[part]
        count = max(wanted - stray, min(wanted + stray, by_hash)) - settled[part]
        count = max(0, min(count, spare))
        for unit in left_to_hold[:count]:
            unit.side = part
        left_to_hold, spare = left_to_hold[count:], spare - count


def _hold_out_contested(units: Sequence[Unit], rule: Rule) -> None:
    """For a label with nothing held out: a text that has other labels too, if all can spare it."""
    part = next((part for part in HELD_OUT if rule.shares.get(part)), None)
    if part is None or not any(unit.contested for unit in units):
        return
    held = {label for unit in units if unit.side in HELD_OUT for label in unit.labels}
    taught = Counter(label for unit in units if unit.side == "train" for label in unit.labels)
    for label in sorted({label for unit in units for label in unit.labels} - held):
        if label in held:
            continue
        candidates = [unit for unit in units if label in unit.labels and unit.contested]
        for unit in sorted(candidates, key=lambda unit: unit.rank):
            spared = all(taught[other] > 1 for other in unit.labels)
            if spared and unit.side == "train" and not unit.fixed:
                unit.side = part
                held |= unit.labels.keys()
                taught -= Counter(unit.labels.keys())
                break


def _teach_every_label(units: Sequence[Unit]) -> None:
    """Take units back from being held out until every label is learnt too."""
    taught = {label for unit in units if unit.side == "train" for label in unit.labels}
    for label in sorted({label for unit in units for label in unit.labels} - taught):
        if label not in taught:
            candidates = [unit for unit in units if label in unit.labels and not unit.fixed]
            if candidates:
                last = max(candidates, key=lambda unit: unit.rank)
                last.side = "train"
                taught |= last.labels.keys()


def _sides(units: Sequence[Unit], known: Sequence[str | None], rows: int) -> list[str]:
    """The side of each row: its own if it is frozen, or else its unit's."""
    sides = [""] * rows
    for unit in units:
        for at in unit.rows:
            sides[at] = known[at] or unit.side
    return sides


def _leave_out_leaks(sides: list[str], known: Sequence[str | None], cluster: Sequence[int]) -> None:
    """Where near duplicates stand on two sides (in two groups), let one side have them.

    Frozen rows stay, and nothing new joins them from another side. Between new rows those
    that are learnt win: leaving one out of what is measured costs least.
    """
    members: dict[int, list[int]] = {}
    for at, number in enumerate(cluster):
        if sides[at] != LEFT_OUT:
            members.setdefault(number, []).append(at)
    for together in members.values():
        present = {sides[at] for at in together}
        if len(present) == 1:
            continue
        frozen = {side for at in together if (side := known[at])}
        stays = frozen or {next(part for part in ("train", *HELD_OUT) if part in present)}
        for at in together:
            if known[at] is None and stays != {sides[at]}:
                sides[at] = LEFT_OUT


def describe_split(
    train: Sequence[Example],
    held_out: Sequence[Example],
    *,
    holdout: float,
    seed: int,
    name: str = "validation",
    kind: str = "label",
) -> str:
    """How a split came about, in one sentence.

    For example: ``20 % of each label held out with seed 42: 36 rows (4 labels, 9 each)
    to train, 12 rows (4 labels, 3 each) for validation.``
    """
    if not held_out:
        return f"Nothing held out: {counted(train, kind)} to train."
    return (
        f"{holdout * 100:g} % of each label held out with seed {seed}: "
        f"{counted(train, kind)} to train, {counted(held_out, kind)} for {name}."
    )


def describe_division(division: Division, source: str) -> str:
    """What a frozen split made of the rows, in one sentence."""
    parts = division.parts
    told = [f"{counted(parts['train'])} to train"]
    told += [f"{counted(parts[part])} for {part}" for part in ("validation", "test") if parts[part]]
    if parts[OOS]:
        told.append(f"{len(parts[OOS]):,} out of scope kept apart")
    if parts[LEFT_OUT]:
        told.append(f"{len(parts[LEFT_OUT]):,} left out between two sides")
    new = f"; {division.new:,} rows are new to it" if division.new else ""
    return f"Split frozen in {source} (seed {division.frozen.rule.seed}): {', '.join(told)}{new}."


def counted(rows: Sequence[Example], kind: str = "label") -> str:
    """How many rows and labels there are, such as ``36 rows (4 labels, 9 each)``."""
    counts = Counter(row.label for row in rows)
    if not counts:
        return "no rows"
    least, most = min(counts.values()), max(counts.values())
    labels = f"1 {kind}" if len(counts) == 1 else f"{len(counts)} {kind}s"
    each = f"{least} each" if least == most else f"{least} to {most} each"
    number = "1 row" if len(rows) == 1 else f"{len(rows):,} rows"
    return f"{number} ({labels}, {each})"
