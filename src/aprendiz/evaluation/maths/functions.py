"""Roots, logarithms and angles for ``expression``: exact where they can be, else decimals.

Everything works in the decimal context of the caller; nothing is imported but the standard
library, and each argument is bounded so that each call ends at once.
"""

from __future__ import annotations

import math
from decimal import Decimal, getcontext
from fractions import Fraction

_PI = Decimal(
    "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899"
    "862803482534211706798214808651328230664709384460955058223172535940812848111745028410"
    "270193852110555964462294895493038196442881097566593344612847564823378678316527120190"
    "9145648566923460348610454326648213393607"
)  # fmt: skip
FUNCTIONS = frozenset(
    {"sqrt", "cbrt", "root", "ln", "log", "exp", "abs", "sin", "sen", "cos", "tan", "tg"}
)
_LARGEST = 10_000
"""Largest argument of an exponential or an angle."""


def apply(name: str, value: Fraction | Decimal) -> Fraction | Decimal:
    """The named function (or constant ``pi``, ``euler``) of a value; ``log`` is to base 10.

    Raises:
        ValueError: it has no real value there, or the argument is too large.
    """
    if name == "sqrt":
        return root(value, Fraction(2))
    if name == "cbrt":
        return root(value, Fraction(3))
    if name == "abs":
        return -value if value < 0 else value
    number = _decimal(value)
    if name == "pi":
        return +_PI
    if name == "euler":
        return Decimal(1).exp()
    if name in ("ln", "log"):
        if number <= 0:
            raise ValueError("no logarithm of that")
        return number.ln() if name == "ln" else number.log10()
    if abs(number) > _LARGEST:
        raise ValueError("too large")
    if name == "exp":
        return number.exp()
    sine, cosine = _sine(number), _sine(_PI / 2 - number)
    if name in ("sin", "sen"):
        return sine
    return cosine if name == "cos" else sine / cosine


def root(value: Fraction | Decimal, degree: Fraction | Decimal) -> Fraction | Decimal:
    """The real root of a whole degree from 2 to 100 (1 is the value itself).

    Raises:
        ValueError: an even root of a negative number, or another degree.
    """
    if not isinstance(degree, Fraction) or degree.denominator != 1 or not 1 <= degree <= 100:
        raise ValueError("no such root")
    times = int(degree)
    if value < 0:
        if times % 2 == 0:
            raise ValueError("no real root")
        return -root(-value, degree)
    if isinstance(value, Fraction):
        above, below = _whole_root(value.numerator, times), _whole_root(value.denominator, times)
        if above is not None and below is not None:
            return Fraction(above, below)
    number = _decimal(value)
    return number.sqrt() if times == 2 else number ** (Decimal(1) / times)


def _whole_root(number: int, degree: int) -> int | None:
    """The whole root, by halving; ``None`` when it is not whole."""
    if degree == 2:
        found = math.isqrt(number)
        return found if found * found == number else None
    low, high = 0, 1 << (number.bit_length() // degree + 1)
    while low < high:
        middle = (low + high + 1) // 2
        if middle**degree <= number:
            low = middle
        else:
            high = middle - 1
    return low if low**degree == number else None


def _sine(angle: Decimal) -> Decimal:
    """Taylor's series after taking away whole turns; radians."""
    angle = angle.remainder_near(2 * _PI)
    least = Decimal(10) ** -(getcontext().prec + 2)
    term = total = angle
    n = 1
    while abs(term) > least:
        term = -term * angle * angle / ((n + 1) * (n + 2))
        total += term
        n += 2
    return total


def _decimal(value: Fraction | Decimal) -> Decimal:
    if isinstance(value, Decimal):
        return value
    return Decimal(value.numerator) / Decimal(value.denominator)
