"""A reply graded: is its final answer the expected one, and what was compared."""

from __future__ import annotations

from dataclasses import dataclass

from aprendiz.evaluation.maths.compare import same_answer
from aprendiz.evaluation.maths.extract import final_answer, has_mark
from aprendiz.evaluation.maths.numerals import decimal_mark


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the grader says about one reply.

    Attributes:
        right: the final answer is the expected one.
        found: the final answer as written; ``None`` when the reply has none.
        expected: the right answer as written.
        reason: one sentence for a person.
    """

    right: bool
    found: str | None
    expected: str
    reason: str


def grade_answer(reply: str, expected: str) -> Verdict:
    """Whether a reply ends with the expected answer.

    Never raises, needs no library, may be called from any thread, and ends in time that is
    bounded by the length of the texts.

    Args:
        reply: the whole reply, working and all.
        expected: the right answer, or a whole model answer with its mark (``#### 72``,
            ``Respuesta: 12``, ``\\boxed{…}``).
    """
    wanted = (final_answer(expected) if has_mark(expected) else None) or expected.strip()
    found = final_answer(reply)
    if found is None:
        return Verdict(False, None, wanted, "no final answer was found in the reply")
    if not wanted:
        return Verdict(False, found, wanted, "no answer was expected")
    right = same_answer(found, wanted, mark=decimal_mark(reply))
    reason = f"{found!r} is {'' if right else 'not '}{wanted!r}"
    return Verdict(right, found, wanted, reason)
