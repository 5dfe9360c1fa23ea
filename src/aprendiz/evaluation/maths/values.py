"""Values of arithmetic: exact fractions, or decimals of 220 figures, and what is done with them.

Every operation is bounded, so that no text can ask for a number that never ends.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal, localcontext
from fractions import Fraction

from aprendiz.evaluation.maths.functions import root

Value = Fraction | Decimal
"""A fraction is exact; a decimal is good to about 200 figures."""

CONTEXT = Context(prec=220, Emax=100_000, Emin=-100_000)
"""The decimal arithmetic in force wherever values are computed."""

_MOST_BITS = 10_000
_CLOSE = Decimal("1e-180")


class Unreadable(ValueError):
    """The text is no arithmetic, or more of it than is read here."""


def both(one: Value, other: Value, how: str) -> Value:
    """Two values joined by ``add``, ``sub``, ``mul`` or ``div``; exact if both are.

    Raises:
        Unreadable: the result has more than about 3,000 figures.
        ZeroDivisionError, decimal.DivisionByZero: a division by zero.
    """
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        if how == "add":
            return _bounded(one + other)
        if how == "sub":
            return _bounded(one - other)
        return _bounded(one * other if how == "mul" else one / other)
    first, second = as_decimal(one), as_decimal(other)
    if how == "add":
        return first + second
    if how == "sub":
        return first - second
    return first * second if how == "mul" else first / second


def _bounded(value: Fraction) -> Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _MOST_BITS:
        raise Unreadable("too large")
    return value


def power(base: Value, exponent: Value) -> Value:
    """``base`` to the ``exponent``, exact where it is a fraction.

    Raises:
        Unreadable: no real number, or one of more than about 3,000 figures.
    """
    if not isinstance(exponent, Fraction):
        return as_decimal(base) ** exponent
    if exponent.denominator != 1:
        if abs(exponent) > 100 or exponent.denominator > 100:
            raise Unreadable("too large a power")
        return power(root(base, Fraction(exponent.denominator)), Fraction(exponent.numerator))
    times = exponent.numerator
    if isinstance(base, Decimal):
        if abs(times) > 10_000:
            raise Unreadable("too large a power")
        return base**times
    bits = max(base.numerator.bit_length(), base.denominator.bit_length())
    if base in (0, 1, -1):
        times = min(times, 2 + times % 2) if times >= 0 else max(times, -2 - times % 2)
    elif bits * abs(times) > _MOST_BITS:
        raise Unreadable("too large a power")
    return base**times


def factorial(value: Value) -> Fraction:
    """The factorial of a whole number up to 200.

    Raises:
        Unreadable: of anything else.
    """
    if not isinstance(value, Fraction) or value.denominator != 1 or not 0 <= value <= 200:
        raise Unreadable("no factorial of that")
    return Fraction(math.factorial(int(value)))


def as_decimal(value: Value) -> Decimal:
    """A value as a decimal of the precision in force."""
    if isinstance(value, Decimal):
        return value
    return Decimal(value.numerator) / Decimal(value.denominator)


def equal(one: Value, other: Value) -> bool:
    """Whether two values are the same: fractions exactly, others to 180 figures."""
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one == other
    with localcontext(CONTEXT):
        first, second = as_decimal(one), as_decimal(other)
        return abs(first - second) <= _CLOSE * max(abs(first), abs(second))
