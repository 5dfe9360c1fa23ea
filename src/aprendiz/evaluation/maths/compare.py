"""Whether two answers are the same: exact values, whole sets, and nothing by half.

A wrong answer must never pass as right; where a text could mean two things and nothing
decides, the two are not the same. The page ``docs/explanation/grading-maths.md`` tells the
rules and their reasons.
"""

from __future__ import annotations

from fractions import Fraction

from aprendiz.evaluation.maths.answer import (
    Answer,
    Comparison,
    Equation,
    Many,
    Named,
    Quantity,
    Words,
)
from aprendiz.evaluation.maths.expression import Expression, same_expression, sample_values
from aprendiz.evaluation.maths.numerals import Mark, decimal_mark
from aprendiz.evaluation.maths.reading import readings
from aprendiz.evaluation.maths.values import Unreadable, Value, equal

ENOUGH_DECIMALS = 6
"""A decimal stands for 1/3 or the root of 2 when it shows at least so many right decimals."""


def same_answer(found: str, expected: str, *, mark: Mark | None = None) -> bool:
    """Whether an answer is the one expected.

    Args:
        found: the answer, as ``final_answer`` gives it.
        expected: the right one, in any notation.
        mark: the decimal mark of whoever wrote ``found``, where it shows
            (``numerals.decimal_mark``); without it ``1.234`` may be either number, and
            the other side decides.
    """
    if not found.strip() or not expected.strip():
        return False
    mark = mark or decimal_mark(found)
    ours = readings(found, mark)
    # Data sets write numbers the English way whatever their language, so a comma in the
    # reply says nothing about them; a point does.
    theirs = readings(expected, decimal_mark(expected) or ("." if mark == "." else None))
    return any(_same(one, other) for one in ours for other in theirs)


def _same(one: Answer, other: Answer) -> bool:
    if isinstance(one, Many) or isinstance(other, Many):
        return _same_many(one, other)
    if isinstance(one, Named) or isinstance(other, Named):
        return _same_named(one, other)
    if isinstance(one, Quantity) and isinstance(other, Quantity):
        return _same_quantity(one, other)
    if isinstance(one, Words) and isinstance(other, Words):
        return bool(one.text) and one.text == other.text
    if isinstance(one, Equation) and isinstance(other, Equation):
        return _same_equation(one, other)
    if isinstance(one, Comparison) and isinstance(other, Comparison):
        return one.signs == other.signs and all(map(_same, one.sides, other.sides))
    return False


def _same_named(one: Answer, other: Answer) -> bool:
    """``x = 5`` is 5 and ``x = 5``, but not ``y = 5``."""
    if isinstance(one, Named) and isinstance(other, Named):
        return one.name == other.name and _same(one.value, other.value)
    named, bare = (one, other) if isinstance(one, Named) else (other, one)
    assert isinstance(named, Named)
    if isinstance(bare, Equation):
        try:
            left = Expression(named.name, ".")
        except Unreadable:
            return False
        right = named.value
        return isinstance(right, Quantity) and _same_equation(Equation(left, right.amount), bare)
    return _same(named.value, bare)


def _same_many(one: Answer, other: Answer) -> bool:
    first = one if isinstance(one, Many) else Many((one,))
    second = other if isinstance(other, Many) else Many((other,))
    ours, theirs = _by_name(first), _by_name(second)
    if ours and theirs:
        return ours.keys() == theirs.keys() and all(_same(ours[n], theirs[n]) for n in ours)
    if ours or theirs:  # names against bare values: in the order of the names
        named, bare = (ours, second) if ours else (theirs, first)
        values = [named[name] for name in sorted(named)]
        return bare.brackets in ("", "()") and _in_order(values, list(bare.items))
    pair = {first.brackets, second.brackets}
    if pair <= {"", "{}"}:
        return _as_sets(first, second)
    if len(pair) == 1 or pair == {"", "()"}:
        return _in_order(list(first.items), list(second.items))
    return (
        pair == {"", "[]"}
        and len(first.items) > 2
        and _in_order(list(first.items), list(second.items))
    )


def _by_name(many: Many) -> dict[str, Answer]:
    """Values by name when each has a name of its own; else nothing."""
    named = {item.name: item.value for item in many.items if isinstance(item, Named)}
    letters = {name.split("_")[0] for name in named}
    whole = len(named) == len(many.items) > 1
    return named if whole and len(letters) == len(named) else {}


def _in_order(ours: list[Answer], theirs: list[Answer]) -> bool:
    return len(ours) == len(theirs) and all(map(_same, ours, theirs))


def _as_sets(one: Many, other: Many) -> bool:
    """Each has every item of the other; several names for one unknown (x₁, x₂) do not count."""
    for single, several in ((one, other), (other, one)):
        repeated = not several.brackets and not all(isinstance(i, Named) for i in several.items)
        if len(single.items) == 1 < len(several.items) and repeated:
            return False  # "5, 5" is two answers; {5, 5} and two lines "x = 5" are one
    ours, theirs = _bare(one), _bare(other)
    return all(any(_same(a, b) for b in theirs) for a in ours) and all(
        any(_same(a, b) for a in ours) for b in theirs
    )


def _bare(many: Many) -> list[Answer]:
    indexed = [item for item in many.items if isinstance(item, Named) and "_" in item.name]
    if len(indexed) < 2:
        return list(many.items)
    return [item.value if isinstance(item, Named) else item for item in many.items]


def _same_quantity(one: Quantity, other: Quantity) -> bool:
    if (
        one.things
        and other.things
        and not (one.things <= other.things or other.things <= one.things)
    ):
        return False
    if one.unit and other.unit:
        if not one.unit.same_kind(other.unit):
            return False
        return _same_amount(one, other, one.unit.factor, other.unit.factor)
    known = one if one.unit else other
    bare = other if one.unit else one
    if known.unit and bare.things:
        return False  # 12 kg are not 12 apples
    if known.unit and known.unit.kind == "percent":
        return _same_amount(known, bare, Fraction(1, 100)) or (
            _is_above_one(bare) and _same_amount(known, bare)
        )
    return _same_amount(one, other)


def _is_above_one(quantity: Quantity) -> bool:
    """A bare number up to 1 may be a share, so ``0.5%`` is not ``0.5``; ``25%`` is ``25``."""
    value = quantity.amount.value
    return value is not None and not -1 <= value <= 1


def _same_amount(
    one: Quantity, other: Quantity, scale: Fraction = Fraction(1), by: Fraction = Fraction(1)
) -> bool:
    scale, by = scale * one.times, by * other.times
    first, second = one.amount, other.amount
    if scale == by:
        return same_expression(first, second) or _shown_in_full(first, second)
    if not isinstance(first.value, Fraction) or not isinstance(second.value, Fraction):
        return False
    return first.value * scale == second.value * by


def _shown_in_full(one: Expression, other: Expression) -> bool:
    """One side is a decimal with many decimals of a value that no decimal can be."""
    for decimal, exact in ((one, other), (other, one)):
        shown, rounded, value = decimal.decimals or 0, decimal.value, exact.value
        if shown < ENOUGH_DECIMALS or not isinstance(rounded, Fraction) or value is None:
            continue
        if _is_decimal(value):
            continue
        off = Fraction(value) - rounded
        last = Fraction(1, 10**shown)
        if abs(off) <= last / 2 or (abs(off) < last and (off > 0) == (value > 0)):
            return True
    return False


def _is_decimal(value: Value) -> bool:
    """Whether a value can be written as a decimal that ends."""
    if not isinstance(value, Fraction):
        return False
    below = value.denominator
    for prime in (2, 5):
        while below % prime == 0:
            below //= prime
    return below == 1


def _same_equation(one: Equation, other: Equation) -> bool:
    """Whether one is the other times a constant: ``2x + y = 5`` and ``y = 5 - 2x``."""
    names = one.left.names | one.right.names
    if names != other.left.names | other.right.names:
        return False
    ratios: list[Fraction] = []
    for sample in range(4):
        values = sample_values(names, sample)
        try:
            differences = [(each.left.at(values), each.right.at(values)) for each in (one, other)]
        except Unreadable:
            return False
        exact = [
            left - right
            for left, right in differences
            if isinstance(left, Fraction) and isinstance(right, Fraction)
        ]
        if len(exact) < 2 or not exact[1] or not exact[0]:
            return False
        ratios.append(exact[0] / exact[1])
    return all(equal(ratio, ratios[0]) for ratio in ratios)
