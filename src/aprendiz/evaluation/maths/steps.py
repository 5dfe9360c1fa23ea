"""The equations that a reply shows, clause by clause, and whether plain ones are true.

``Natalia sold 48/2 = 24 clips`` holds one relation between ``48/2`` and ``24``. Finding the
arithmetic in prose is the work of ``sides``; unknowns are followed in ``validate``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from aprendiz.evaluation.maths.expression import Expression
from aprendiz.evaluation.maths.notation import plain
from aprendiz.evaluation.maths.numerals import MARKS, Mark, is_ambiguous
from aprendiz.evaluation.maths.sides import Found, before, behind
from aprendiz.evaluation.maths.values import Unreadable, Value, equal

Sign = Literal["=", "≈"]

_SIGN = re.compile(r"(?<![<>!:≤≥≠=])([=≈])(?![=<>])")
_CALCULATOR = re.compile(r"<<[^<>\n]*>>")
_CUT = re.compile(
    r"(?<=[^\W\d_][.!?])\s+|(?<=[\d%]\.)\s+(?=[A-ZÁÉÍÓÚÑ¿¡])|;\s+|\s*(?:⇒|→|=>|->|∴)\s*"
    r"|,?\s+(?:so|therefore|thus|then|hence|because|entonces|luego|así que|por lo tanto|porque)"
    r"\s+",
    re.IGNORECASE,
)
# Said in words between two numbers.
_SPOKEN = (
    (re.compile(r"(%|\d/\d+)\s+(?:of|de)\s+(?:the |los |las )?(?=[$€£]?\s?[\d(])"), r"\1 * "),
    (re.compile(r"(?<=\d)\s+(?:and|y)\s+(?=\d+/\d)"), " "),
    (re.compile(r"(?<=[\d)%])\s+(?:times|multiplied by|por|multiplicado por)\s+(?=[$€£]?[\d(])"), " * "),
    (re.compile(r"(?<=[\d)%])\s+(?:divided by|dividido (?:entre|por)|entre)\s+(?=[$€£]?[\d(])"), " / "),
    (re.compile(r"(?<=[\d)%])\s+(?:plus|más)\s+(?=[$€£]?[\d(])"), " + "),
    (re.compile(r"(?<=[\d)%])\s+(?:minus|menos)\s+(?=[$€£]?[\d(])"), " - "),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Relation:
    """Two sides that a clause says are equal, or nearly so."""

    left: Found
    right: Found
    sign: Sign
    mark: Mark | None = None

    @property
    def names(self) -> set[str]:
        """The unknowns of both sides; empty when a side cannot be read."""
        forms = [form for mark in MARKS for form in self.under(mark) or ()]
        return set().union(*(form.names for form in forms))

    def under(self, mark: Mark) -> tuple[Expression, Expression] | None:
        """Both sides under one decimal mark; ``None`` when they cannot be read so."""
        return _forms(self.left.bare, self.right.bare, mark, self.mark)

    def in_base_units(self, mark: Mark) -> tuple[Expression, Expression] | None:
        """The same with every number in base units; ``None`` when a side has no known unit."""
        units = self.left.has_units and self.right.has_units
        if not (units or self.left.multiplied or self.right.multiplied):
            return None
        return _forms(self.left.scaled, self.right.scaled, mark, self.mark)

    def __str__(self) -> str:
        return f"{self.left.written} {self.sign} {self.right.written}"


def _forms(
    left: str, right: str, mark: Mark, writers: Mark | None
) -> tuple[Expression, Expression] | None:
    if writers not in (None, mark) and is_ambiguous(f"{left} = {right}"):
        return None
    try:
        return Expression(left, mark), Expression(right, mark)
    except Unreadable:
        return None


def clauses(text: str) -> list[str]:
    """The lines of a reply, one thing at a time.

    A calculator's note (``<<48/2=24>>``, GSM8K) is left out; sentences, and what *so* or
    *because* joins, are taken apart.
    """
    found = []
    for line in _CALCULATOR.sub("", text).split("\n"):
        found += [part.strip() for part in _CUT.split(line) if part.strip(" *-")]
    return found


def relations(clause: str, mark: Mark | None = None) -> tuple[list[Relation], int]:
    """What a clause says is equal, and how many of its signs could not be read.

    A label before a sign (``Total = 3 + 4``) is no side and nothing that was not read.

    Args:
        clause: one clause of :func:`clauses`.
        mark: the writer's decimal mark where it is known.
    """
    written = re.sub(r"^\s*[-*•>]\s+", "", plain(clause))
    for spoken, sign in _SPOKEN:
        written = spoken.sub(sign, written)
    signs = list(_SIGN.finditer(written))
    found, unread = [], 0
    for number, met in enumerate(signs):
        start = signs[number - 1].end() if number else 0
        end = signs[number + 1].start() if number + 1 < len(signs) else len(written)
        told, shown = written[start : met.start()], written[met.end() : end]
        left, right = before(told.rstrip()), behind(shown.strip())
        if left is None and not any(sign.isdigit() for sign in told):
            continue
        if left is None or right is None:
            unread += 1
            continue
        nearly = met[1] == "≈" or right.nearly
        relation = Relation(left, right, "≈" if nearly else "=", mark)
        if any(relation.under(each) for each in MARKS):
            found.append(relation)
        else:
            unread += 1
    return found, unread


def judge(relation: Relation, known: Mapping[str, Value]) -> bool | None:
    """Whether a relation holds; ``None`` when an unknown has no value.

    ``=`` is exact. ``≈`` allows half a unit of the last decimal that either side shows. Two
    quantities with units of one kind are compared as such (``3 km = 3000 m``). It is enough
    that it holds under one decimal mark.
    """
    if relation.names - known.keys():
        return None
    verdicts = [_judge_under(relation, mark, known) for mark in MARKS]
    told = [verdict for verdict in verdicts if verdict is not None]
    if not any(told) and relation.left.label and not (relation.left.unit and relation.right.unit):
        return None  # "the 2 bathrooms = 2 * 48" names what is computed
    return any(told) if told else None


def _judge_under(relation: Relation, mark: Mark, known: Mapping[str, Value]) -> bool | None:
    forms, scaled = relation.under(mark), relation.in_base_units(mark)
    one, other = relation.left.unit, relation.right.unit
    if one and other and one != other:
        # Two plain quantities in different units: only the units decide.
        if not one.same_kind(other):
            return None
        return None if scaled is None else _holds(*scaled, relation.sign, known)
    if forms is None:
        return None
    plainly = _holds(*forms, relation.sign, known)
    if plainly or scaled is None:
        return plainly or (_says_percent(relation, *forms, known) if plainly is False else None)
    return _holds(*scaled, relation.sign, known) or plainly


def _holds(
    left: Expression, right: Expression, sign: Sign, known: Mapping[str, Value]
) -> bool | None:
    try:
        one, other = left.at(known), right.at(known)
    except Unreadable:
        return None
    if equal(one, other):
        return True
    return sign == "≈" and (_near(one, other, right) or _near(other, one, left))


def _near(exact: Value, shown: Value, written: Expression) -> bool:
    """Whether a value rounds to a plain number with so many decimals."""
    if written.decimals is None or written.decimals < 0:
        return False
    return abs(Fraction(exact) - Fraction(shown)) <= Fraction(1, 2 * 10**written.decimals)


def _says_percent(
    relation: Relation, left: Expression, right: Expression, known: Mapping[str, Value]
) -> bool:
    """``15/60 × 100 = 25%`` and ``15/60 × 100% = 25`` are said everywhere, and mean 25 %."""
    if not re.search(r"(?<![\d.,])100(?![\d.,])", relation.left.bare):
        return False
    shown, counted = relation.right.bare.endswith("%"), "100 %" in relation.left.bare
    if shown == counted:
        return False
    try:
        one, other = left.at(known), right.at(known)
    except Unreadable:
        return False
    if not isinstance(one, Fraction) or not isinstance(other, Fraction):
        return False
    return equal(one, other * 100) if shown else equal(one * 100, other)
