"""Holding out rows with several labels so that every label keeps its share.

Iterative stratification (Sechidis, Tsoumakas and Vlahavas 2011): the rarest label is divided
first, since later there is no mending it; each row goes where that label is most wanted.
Texts that say nearly the same stay on one side, as in ``split.py``; and nothing is random:
rows are taken in the order of a hash of seed and text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aprendiz.data.multi_dataset import labels_of
from aprendiz.data.near import clusters
from aprendiz.data.records import Example
from aprendiz.data.units import rank
from aprendiz.errors import RecipeError


@dataclass(frozen=True, slots=True)
class _Together:
    """Rows that stay on one side: their places, all their labels, their place in the order."""

    rows: tuple[int, ...]
    labels: frozenset[str]
    rank: bytes


def split_multi(
    examples: Sequence[Example], holdout: float, seed: int
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Divide rows into a part to learn from and a part held out; both keep their order.

    A label that stands on a single text stays in the part to learn from.

    Args:
        examples: rows with any number of labels.
        holdout: share to hold out, 0 <= holdout < 1.
        seed: another seed, another choice.

    Raises:
        RecipeError: the share is out of range.
    """
    if not 0 <= holdout < 1:
        raise RecipeError(f"holdout: {holdout} is not a share", "a number from 0 to under 1")
    if holdout == 0:
        return tuple(examples), ()
    units = _together(examples, seed)
    held = _teach_every_label(units, _stratify(units, holdout))
    out = {at for unit, away in zip(units, held, strict=True) if away for at in unit.rows}
    return (
        tuple(row for at, row in enumerate(examples) if at not in out),
        tuple(row for at, row in enumerate(examples) if at in out),
    )


def _together(examples: Sequence[Example], seed: int) -> list[_Together]:
    members: dict[int, list[int]] = {}
    for at, number in enumerate(clusters([row.text for row in examples])):
        members.setdefault(number, []).append(at)
    units = [
        _Together(
            tuple(rows),
            frozenset(label for at in rows for label in labels_of(examples[at])),
            min(rank(examples[at].text, seed) for at in rows),
        )
        for rows in members.values()
    ]
    return sorted(units, key=lambda unit: unit.rank)


def _stratify(units: Sequence[_Together], holdout: float) -> list[bool]:
    """Whether each unit is held out."""
    shares = (1 - holdout, holdout)
    of_label: dict[str, list[int]] = {}
    for at, unit in enumerate(units):
        for label in unit.labels:
            of_label.setdefault(label, []).append(at)
    wanted = {name: [share * len(of_label[name]) for share in shares] for name in of_label}
    room = [share * len(units) for share in shares]
    left = {name: len(places) for name, places in of_label.items()}
    side: dict[int, int] = {}

    def put(at: int, wish: Sequence[float]) -> None:
        # Where the label is wanted most; then where there is most room; then to be learnt.
        chosen = max((0, 1), key=lambda one: (wish[one], room[one], -one))
        side[at] = chosen
        room[chosen] -= 1
        for name in units[at].labels:
            wanted[name][chosen] -= 1
            left[name] -= 1

    while True:
        rarest = min((name for name in left if left[name]), key=lambda n: (left[n], n), default="")
        if not rarest:
            break
        for at in of_label[rarest]:
            if at not in side:
                put(at, wanted[rarest])
    for at in range(len(units)):
        if at not in side:
            put(at, room)
    return [side[at] == 1 for at in range(len(units))]


def _teach_every_label(units: Sequence[_Together], held: list[bool]) -> list[bool]:
    """Take units back until each label, and at least one unit, is learnt."""
    taught = {
        name for unit, away in zip(units, held, strict=True) if not away for name in unit.labels
    }
    for at in range(len(units)):
        if held[at] and units[at].labels - taught:
            held[at] = False
            taught |= units[at].labels
    if all(held) and held:
        held[0] = False
    return held
