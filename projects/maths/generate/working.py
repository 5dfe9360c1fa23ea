"""Working, line by line: equations between plain numbers, and the rules that break them down.

The rules are the whole arithmetic of this project. A sum or a difference is one line; a
product is one line where the multiplication table (and zeros) gives it, otherwise three; a
quotient is one line where the table gives it, otherwise four. What to compute for which
question is for ``known.py`` and ``taught.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "×": lambda a, b: a * b,
    "÷": lambda a, b: Fraction(a) / b,
}


@dataclass(frozen=True)
class Line:
    """One line of working, such as ``80 × 15 = 1200``; its right side is computed here."""

    left: Fraction
    operation: str
    right: Fraction

    @property
    def result(self) -> Fraction:
        return Fraction(OPERATIONS[self.operation](self.left, self.right))

    def text(self, language: str) -> str:
        left, right, result = (write(n, language) for n in (self.left, self.right, self.result))
        return f"{left} {self.operation} {right} = {result}"


Working = tuple[Line, ...]


def line(left: int | Fraction, operation: str, right: int | Fraction) -> Line:
    return Line(Fraction(left), operation, Fraction(right))


def write(number: int | Fraction, language: str) -> str:
    """A whole number or one with few decimals, with the language's own decimal mark.

    Raises:
        ValueError: the number has no short decimal form; fractions are written by concepts.
    """
    number = Fraction(number)
    if number.denominator == 1:
        return str(number.numerator)
    if 1000 % number.denominator:
        raise ValueError(f"{number} has no short decimal form")
    return f"{float(number):g}".replace(".", "," if language == "es" else ".")


def product(number: int, digit: int) -> Working:
    """``number × digit``: from the table, or the tens and the ones apart (47 × 6 = 240 + 42).

    ``number`` below 100 or one digit and zeros; ``digit`` from 0 to 10.
    """
    if number < 10 or len(str(number).rstrip("0")) == 1:
        return (line(number, "×", digit),)
    tens, ones = number - number % 10, number % 10
    return (
        line(tens, "×", digit),
        line(ones, "×", digit),
        line(tens * digit, "+", ones * digit),
    )


def quotient(number: int, digit: int) -> Working:
    """``number ÷ digit`` without a rest: from the table, or ten times first (84 - 70 = 14).

    The result up to 19, or one digit and zeros.

    Raises:
        ValueError: it leaves a rest, or the result is another.
    """
    result = number // digit
    if number % digit:
        raise ValueError(f"{number} ÷ {digit} leaves a rest")
    if result <= 10 or len(str(result).rstrip("0")) == 1:
        return (line(number, "÷", digit),)
    if result >= 20:
        raise ValueError(f"{number} ÷ {digit} needs more lines than are taught")
    tenfold = 10 * digit
    return (
        line(tenfold, "÷", digit),
        line(number, "-", tenfold),
        line(number - tenfold, "÷", digit),
        line(10, "+", result - 10),
    )


def total(numbers: list[int]) -> Working:
    """A sum of several numbers, from left to right, one line for each further number."""
    lines = []
    so_far = numbers[0]
    for number in numbers[1:]:
        lines.append(line(so_far, "+", number))
        so_far += number
    return tuple(lines)
