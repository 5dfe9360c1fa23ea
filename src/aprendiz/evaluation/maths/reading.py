"""A text read as an answer: every way in which a person would understand it.

``1,2`` is a decimal or two numbers, ``1.234`` is a little more than one or a thousand. Each
way is kept; which of them counts is decided against the other answer, in ``compare``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from aprendiz.evaluation.maths.answer import (
    Answer,
    Comparison,
    Equation,
    Many,
    Named,
    Quantity,
    Words,
)
from aprendiz.evaluation.maths.expression import Expression, same_expression
from aprendiz.evaluation.maths.functions import FUNCTIONS
from aprendiz.evaluation.maths.notation import UNREADABLE, plain
from aprendiz.evaluation.maths.numerals import MARKS, Mark, is_ambiguous
from aprendiz.evaluation.maths.units import MULTIPLIERS, Unit, split_unit, telling, unit
from aprendiz.evaluation.maths.values import Unreadable
from aprendiz.evaluation.maths.words import is_said, number_word, said

_MOST_ITEMS = 50
_DEEPEST = 6
_AND = r"(?<![-+*/=^<>(])\s+(?:and|or|y|o|e|u|&|∪)\s+(?![*/=^<>)]|[-+]\s)"
_SEPARATOR = re.compile(rf",\s*(?:and|or|y|o)\s+(?![-+*/=^<>)])|{_AND}|\s*;\s*|,\s+|\s*∪\s*")
_MIXED_IN_WORDS = re.compile(r"^(-?\d+) (?:and|y|&) (?:an? |un )?(\d+/\d+)(?![\d/])")
_RELATION = re.compile(r"[<>≤≥≠]")
_RATIO = re.compile(r"^[\d., ]+(?::[\d., ]+)+$")
_TURNED = {">": "<", "≥": "≤"}
_NAME = re.compile(r"^[^\W\d_](?:_\w+)?$")
_LABEL = re.compile(r"^[^\W\d]{2,}(?:[ '][^\W\d]+){0,5}$")
_LEAD_TO_NAME = re.compile(r"^((?:[^\W\d_]{2,}[ ,:]+)+)(?=[^\W\d_](?:_\w+)? ?[=<>≤≥≠])")
_NUMBER = r"[-+]?(?:(?:US)?[$€£¥] ?)?[-+]?[\d.,(][\d.,' /+*^()⟨⟩eE!-]*?"
_COUNTED = re.compile(
    rf"^(?P<lead>(?:(?:[^\W\d_]{{2,}}[^\w\s]?|[aAI])\s+){{0,8}})(?P<number>{_NUMBER})\s*(?P<tail>(?:[^\W\d]|[%°€$£¥¢])"
    r"(?:[^\d]|(?<=[a-z]\^)[23]|(?<=/)\d)*)?$"
)
_PART = re.compile(r"(\d[\d.,/ ]*?)\s*([^\W\d_]+\.?)(?:\s+(?:and|y|con)\s+|[\s,]+|$)")


def readings(text: str, mark: Mark | None = None) -> list[Answer]:
    """Every way to read an answer, most literal first; words are the last resort.

    Args:
        text: the answer as written, LaTeX and Unicode as they come.
        mark: the decimal mark of the writer where it is known; it decides what ``1.234`` is.
    """
    written = plain(text).replace("\n", " ; ")
    written = re.sub(r"^(?:[*>•]\s+|-\s+(?=[^\d\s]))", "", written).strip(" \"'_")
    written = re.sub(r"(?<!\.)\.$|(?<![\d)])!+$|[?;,]+$", "", written).strip()
    marks: tuple[Mark, ...] = (mark,) if mark and is_ambiguous(written) else MARKS
    if not re.search(r"[.,]", written):
        marks = MARKS[:1]
    found: list[Answer] = []
    if len(written) <= 400:
        for each in marks:
            for way in dict.fromkeys((written, _MIXED_IN_WORDS.sub(r"\1 \2", written))):
                if answer := _answer(way, each):
                    found.append(answer)
    if not found or is_said(written):
        found.append(Words(said(written)))
    return found


def _answer(text: str, mark: Mark, depth: int = 0) -> Answer | None:
    """The text as an answer under one decimal mark; ``None`` when it is only words."""
    text = text.strip()
    if not text or UNREADABLE in text or depth > _DEEPEST:
        return None
    text = _LEAD_TO_NAME.sub(
        lambda met: "" if telling(met[1].split()) is not None else met[1], text
    )
    if "±" in text:
        if text.count("±") > 1:
            return None
        both = [_answer(text.replace("±", sign), mark, depth + 1) for sign in "+-"]
        return Many(tuple(each for each in both if each)) if all(both) else None
    if bracketed := _bracketed(text, mark, depth):
        return bracketed
    if _RATIO.match(text):
        return _many(text.split(":"), "::", mark, depth)
    if duration := _compound(text, mark):
        return duration
    parts = _split(text)
    if len(parts) == 1 and not _RELATION.search(text):
        if "=" in text or "≈" in text:
            return _equality(text, mark, depth)
        if quantity := _quantity(text, mark):
            return quantity
        parts = _split(text, bare=True)
    if len(parts) > 1:
        return _many(parts, "", mark, depth)
    return _comparison(text, mark, depth) if _RELATION.search(text) else None


def _split(text: str, *, bare: bool = False) -> list[str]:
    """The parts of a list, outside brackets; on bare commas (``1,2``) only if asked."""
    hidden, level = [], 0
    for sign in text:
        level += (sign in "([{") - (sign in ")]}")
        hidden.append("·" if level > 0 or sign in ")]}" else sign)
    flat, parts, start = "".join(hidden), [], 0
    for cut in re.finditer(",", flat) if bare else _SEPARATOR.finditer(flat):
        parts.append(text[start : cut.start()])
        start = cut.end()
    parts.append(text[start:])
    return [part.strip() for part in parts]


def _many(parts: list[str], brackets: str, mark: Mark, depth: int) -> Answer | None:
    if len(parts) > _MOST_ITEMS:
        return None
    items = [_answer(part, mark, depth + 1) for part in parts]
    if any(item is None for item in items):
        return None
    whole: list[Answer] = []
    for item in items:
        nested = isinstance(item, Many) and not item.brackets and not brackets
        whole += item.items if nested and isinstance(item, Many) else [item] if item else []
    return Many(tuple(whole), brackets)


def _bracketed(text: str, mark: Mark, depth: int) -> Answer | None:
    """A set, a tuple or an interval: brackets around everything, and a separator inside."""
    if len(text) < 2 or text[0] not in "([{" or text[-1] not in ")]}":
        return None
    level = 0
    for place, sign in enumerate(text):
        level += (sign in "([{") - (sign in ")]}")
        if level == 0 and place < len(text) - 1:
            return None
    inner, brackets = text[1:-1].strip(), text[0] + text[-1]
    if not inner:
        return None
    parts = _split(inner)
    if len(parts) == 1:
        parts = _split(inner, bare=True)
    if len(parts) == 1:
        if brackets == "{}" or (brackets == "()" and _RELATION.search(inner)):
            return _answer(inner, mark, depth + 1)
        return None
    if brackets == "{}" or (brackets[0] in "([" and brackets[1] in ")]"):
        return _many(parts, brackets, mark, depth)
    return None


def _equality(text: str, mark: Mark, depth: int) -> Answer | None:
    """``x = 5``, ``Area = 12``, ``12 = 3 * 4``, ``y = 2x + 3``, ``2x + y = 5``."""
    sides = [side.strip() for side in re.split(r"[=≈]", text)]
    if _LABEL.match(sides[0]) and len(sides) > 1:
        if telling(sides[0].split()) is None:
            return None
        sides = sides[1:]
    elif not sides[0]:
        sides = sides[1:]  # "= 5", "≈ 6.28"
    if len(sides) == 2 and _NAME.match(sides[1]) and not _NAME.match(sides[0]):
        sides.reverse()
    name = sides[0] if _NAME.match(sides[0]) and len(sides) > 1 else ""
    values = [_answer(side, mark, depth + 1) for side in (sides[1:] if name else sides)]
    if not values or any(value is None for value in values):
        return None
    if name:
        value = _agreed(values, text)
        return None if value is None else Named(name, value)
    if len(values) == 2 and any(_has_unknowns(value) for value in values):
        left, right = values
        if isinstance(left, Quantity) and isinstance(right, Quantity):
            return Equation(left.amount, right.amount)
        return None
    return _agreed(values, text)


def _agreed(values: list[Answer | None], text: str) -> Answer | None:
    """The last of equal values; ``None`` when the writer contradicts himself."""
    last = values[-1]
    for value in values[:-1]:
        if not (isinstance(value, Quantity) and isinstance(last, Quantity)):
            return None
        if same_expression(value.amount, last.amount):
            continue
        if "≈" not in text or not rounds_to(value.amount, last.amount):
            return None
        return value  # what is rounded stands behind "≈"
    return last


def rounds_to(exact: Expression, shown: Expression) -> bool:
    """Whether a decimal is a value rounded to the decimals it shows."""
    value, rounded = exact.value, shown.value
    if value is None or rounded is None or shown.decimals is None or shown.decimals < 0:
        return False
    half = Fraction(1, 2 * 10**shown.decimals)
    return abs(Fraction(value) - Fraction(rounded)) <= half


def _has_unknowns(value: Answer | None) -> bool:
    return isinstance(value, Quantity) and bool(value.amount.names)


def _comparison(text: str, mark: Mark, depth: int) -> Answer | None:
    signs = _RELATION.findall(text)
    sides = [_answer(side, mark, depth + 1) for side in _RELATION.split(text)]
    if any(side is None for side in sides) or "=" in text:
        return None
    known = tuple(side for side in sides if side)
    if all(sign in _TURNED for sign in signs):
        signs, known = [_TURNED[sign] for sign in reversed(signs)], tuple(reversed(known))
    return Comparison(known, tuple(signs))


def _compound(text: str, mark: Mark) -> Quantity | None:
    """``2 hours 30 minutes``: several units of one kind, counted in the last of them."""
    place, total, units = 0, Fraction(0), list[Unit]()
    while part := _PART.match(text, place):
        found = unit(part[2])
        try:
            amount = Expression(part[1], mark).value
        except Unreadable:
            return None
        if found is None or not isinstance(amount, Fraction) or place == len(text):
            return None
        units.append(found)
        total += amount * found.factor
        place = part.end()
    if place < len(text) or len(units) < 2 or len({each.kind for each in units}) > 1:
        return None
    if any(one.factor <= other.factor for one, other in pairwise(units)):
        return None
    amount = total / units[-1].factor
    written = f"{amount.numerator}/{amount.denominator}"
    return Quantity(Expression(written, "."), units[-1])


def _quantity(text: str, mark: Mark) -> Quantity | None:
    """A number with its unit and the words around it, or an expression."""
    text = re.sub(r"^(?:minus|menos|negative) (?=\d)", "-", text, flags=re.IGNORECASE)
    if (number := number_word(text)) is not None:
        return Quantity(Expression(str(number), "."))
    counted = _COUNTED.match(text)
    if (
        counted
        and not FUNCTIONS & set((counted["lead"] or "").split())
        and (counted["tail"] or counted["lead"] or re.search(r"[$€£¥]", text))
    ):
        if found := _counted(counted, mark):
            return found
        if counted["lead"]:
            return None
    try:
        return Quantity(Expression(text, mark))
    except Unreadable:
        return None


def _counted(met: re.Match[str], mark: Mark) -> Quantity | None:
    lead, number, tail = met["lead"] or "", met["number"], met["tail"] or ""
    before = telling(lead.split())
    if before is None:
        return None
    money = re.search(r"(?:US)?[$€£¥]", number)
    times = Fraction(1)
    first, _, rest = tail.partition(" ")
    if first.lower() in MULTIPLIERS:
        times, tail = Fraction(MULTIPLIERS[first.lower()]), re.sub(r"^(?:of|de) ", "", rest)
    after = split_unit(tail)
    if after is None:
        return None
    known, things = after
    glued = met.start("tail") == met.end("number")
    if known is None and not lead and (any(len(word) < 3 for word in things) or (glued and tail)):
        return None  # "5 x" and "12a" are no five and no twelve of anything
    if money:
        if known and not known.same_kind(unit(money[0]) or known):
            return None
        known = known or unit(money[0])
        number = number.replace(money[0], "", 1)
    try:
        amount = Expression(number, mark)
    except Unreadable:
        return None
    return replace(Quantity(amount), unit=known, things=things, times=times)
