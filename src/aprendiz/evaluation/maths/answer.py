"""What an answer can be: a quantity, a named value, several, a comparison, or words.

Plain values. A text becomes one of them in ``reading``; they are compared in ``compare``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from aprendiz.evaluation.maths.expression import Expression
from aprendiz.evaluation.maths.units import Unit


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number or an expression, with what it counts.

    Attributes:
        amount: the arithmetic.
        unit: a unit that is known; ``None`` without one.
        things: other words that say what is counted (``apple``).
        times: what a word after it multiplies it by (``million``).
    """

    amount: Expression
    unit: Unit | None = None
    things: frozenset[str] = frozenset()
    times: Fraction = Fraction(1)


@dataclass(frozen=True, slots=True)
class Named:
    """``x = …``: a value and whose it is."""

    name: str
    value: Answer


@dataclass(frozen=True, slots=True)
class Equation:
    """Two expressions with unknowns that are equal."""

    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Comparison:
    """``1 < x ≤ 3``, written from small to large."""

    sides: tuple[Answer, ...]
    signs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Many:
    """Several answers; ``brackets`` is empty, or the opening and the closing one."""

    items: tuple[Answer, ...]
    brackets: str = ""


@dataclass(frozen=True, slots=True)
class Words:
    """An answer in words, as words are compared."""

    text: str


Answer = Quantity | Named | Equation | Comparison | Many | Words
