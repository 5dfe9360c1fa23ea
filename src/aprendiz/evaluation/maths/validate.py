"""A reply checked step by step: does its answer hold, and does each line that it shows?

Plain arithmetic is evaluated exactly. A line with an unknown is checked against the lines
before it: what ``x`` is found to be must satisfy them. What cannot be checked is said to be
so, never taken for right.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from aprendiz.evaluation.maths.expression import Expression
from aprendiz.evaluation.maths.extract import final_answer
from aprendiz.evaluation.maths.grade import grade_answer
from aprendiz.evaluation.maths.numerals import MARKS, Mark, decimal_mark
from aprendiz.evaluation.maths.steps import Relation, clauses, judge, relations
from aprendiz.evaluation.maths.values import Unreadable, Value, equal

_LONGEST = 20_000
_MOST_STEPS = 200


@dataclass(frozen=True, slots=True)
class StepCheck:
    """One line or clause of the working that says that things are equal.

    Attributes:
        text: the clause as written.
        holds: ``True`` and ``False`` as computed; ``None`` when it could not be checked.
        reason: why it does not hold or could not be checked; empty when it holds.
    """

    text: str
    holds: bool | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class MathsValidation:
    """What is true of a reply.

    Attributes:
        answer_right: the final answer is the expected one; ``None`` when none was given.
        found: the final answer as written; ``None`` when the reply has none.
        steps: the working, in order.
    """

    answer_right: bool | None
    found: str | None
    steps: tuple[StepCheck, ...]

    @property
    def holds(self) -> bool:
        """Nothing is known to be wrong: neither the answer nor a step."""
        return self.answer_right is not False and all(
            step.holds is not False for step in self.steps
        )


def validate_math_response(reply: str, expected: str | None = None) -> MathsValidation:
    """Check the answer and every shown step of a reply.

    Never raises, never runs text as code, and may be called from any thread.

    Args:
        reply: the whole reply, in English or Spanish.
        expected: the right answer (or a model answer with its mark); ``None`` to check the
            working alone.
    """
    verdict = None if expected is None else grade_answer(reply, expected)
    text = reply[:_LONGEST]
    working = _Working(decimal_mark(text))
    steps = [step for clause in clauses(text) for step in working.check(clause)]
    return MathsValidation(
        answer_right=None if verdict is None else verdict.right,
        found=final_answer(reply) if verdict is None else verdict.found,
        steps=tuple(steps[:_MOST_STEPS]),
    )


@dataclass
class _Working:
    """What the lines so far have said about the unknowns."""

    mark: Mark | None
    known: dict[str, Value] = field(default_factory=dict)
    equations: list[Relation] = field(default_factory=list)

    def check(self, clause: str) -> Iterator[StepCheck]:
        """The verdict on a clause; nothing when it says nothing is equal."""
        found, unread = relations(clause, self.mark)
        if not found and not unread:
            return
        verdicts = [self._relation(relation) for relation in found]
        wrong = [reason for holds, reason in verdicts if holds is False]
        if wrong:
            yield StepCheck(clause, False, "; ".join(wrong))
        elif unread or not verdicts:
            yield StepCheck(clause, None, "it could not be read as arithmetic")
        elif any(holds for holds, _ in verdicts):
            yield StepCheck(clause, True)
        else:
            yield StepCheck(clause, None, verdicts[0][1])

    def _relation(self, relation: Relation) -> tuple[bool | None, str]:
        named = _assigned(relation)
        if named is not None:
            return self._assignment(*named, relation)
        holds = judge(relation, self.known)
        if holds is not None:
            return holds, "" if holds else _what_is(relation, self.known)
        return self._equation(relation)

    def _assignment(self, name: str, value: Value, relation: Relation) -> tuple[bool | None, str]:
        """``x = 3``: right when it satisfies every earlier equation that has only known names."""
        before = self.known.get(name)
        trial = {**self.known, name: value}
        judged = [
            (judge(equation, trial), equation)
            for equation in self.equations
            if name in equation.names
        ]
        for holds, equation in judged:
            if holds is False:
                return False, f"{name} = {_shown(value)} does not satisfy {equation}"
        satisfied = any(holds for holds, _ in judged)
        self.known[name] = value
        if satisfied or (before is not None and equal(before, value)):
            return True, ""
        if before is not None:  # another unknown of the same name, or a slip
            return None, f"{name} was {_shown(before)} before"
        return None, f"nothing before it says what {name} is"

    def _equation(self, relation: Relation) -> tuple[bool | None, str]:
        """An equation in one unknown: right when it has the root that an earlier one has."""
        names = relation.names
        if relation.left.has_units or relation.right.has_units:
            return None, "it has unknowns and units"
        self.equations.append(relation)
        if len(names) != 1:
            return None, "it has unknowns without a value"
        root = _root(relation)
        if root is None:
            return None, "it is not a linear equation"
        for earlier in self.equations[:-1]:
            other = _root(earlier) if earlier.names == names else None
            if other is not None:
                if equal(root, other):
                    return True, ""
                return False, (
                    f"its solution is {_shown(root)}, that of {earlier} is {_shown(other)}"
                )
        return None, "it is what is given; nothing before it can be compared"


def _assigned(relation: Relation) -> tuple[str, Value] | None:
    """The name and the value of ``x = 3`` or ``3 = x``."""
    names = relation.names
    if len(names) != 1:
        return None
    name = next(iter(names))
    for mark in MARKS:
        forms = relation.under(mark)
        sides = (relation.left, relation.right)
        for one, side in enumerate(sides if forms else ()):
            value = forms[1 - one].value if forms else None
            if side.bare == name and value is not None:
                return name, value
    return None


def _root(relation: Relation) -> Fraction | None:
    """The solution of a linear equation in one unknown, exactly; ``None`` if it is not one."""
    names = relation.names
    if len(names) != 1:
        return None
    for mark in MARKS:
        if forms := relation.under(mark):
            at = [_difference(*forms, next(iter(names)), x) for x in (1, 2, 3, 7)]
            exact = [value for value in at if value is not None]
            if len(exact) < 4:
                return None
            slope = exact[1] - exact[0]
            straight = exact[2] - exact[1] == slope and exact[3] - exact[0] == 6 * slope
            return 1 - exact[0] / slope if straight and slope else None
    return None


def _difference(left: Expression, right: Expression, name: str, x: int) -> Fraction | None:
    try:
        one, other = left.at({name: Fraction(x)}), right.at({name: Fraction(x)})
    except Unreadable:
        return None
    if isinstance(one, Fraction) and isinstance(other, Fraction):
        return one - other
    return None


def _what_is(relation: Relation, known: Mapping[str, Value]) -> str:
    """``12 × 5 is 60, not 65``."""
    left, right = relation.left, relation.right
    for mark in MARKS:
        forms = relation.under(mark)
        if forms is None or (left.unit and right.unit and left.unit != right.unit):
            continue
        try:
            value = _shown(forms[0].at(known))
        except Unreadable:
            break
        nearly = replace(relation, sign="≈")
        if relation.sign == "=" and judge(nearly, known):
            return f"{left.written} is only nearly {right.written}: it is {value}"
        if value == left.bare:
            return f"{left.written} is not {right.written}"
        return f"{left.written} is {value}, not {right.written}"
    return f"{relation} does not hold"


def _shown(value: Value) -> str:
    if isinstance(value, Decimal):
        return f"about {value:.6g}"
    if value.denominator == 1:
        return str(value)
    decimal = f"{float(value):.10g}"
    return decimal if Fraction(decimal) == value else f"{value} (about {float(value):.6g})"
