"""What the analysis of a tested model looks at: answers, the examples learnt, the curves.

Plain values and how alike two texts are. Nothing is concluded here.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property

from aprendiz.data.records import Example


@dataclass(frozen=True, slots=True)
class Answer:
    """One test case and what the model made of it.

    Attributes:
        text: what the customer wrote.
        expected: the intent it has.
        predicted: the intent answered; empty when the answer was none of the intents.
        confidence: probability of the answer, 0 to 1.
        kind: sort of test case, such as ``typical``; empty when the file does not say.
        note: why it has this intent, where that is not plain.
    """

    text: str
    expected: str
    predicted: str
    confidence: float
    kind: str = ""
    note: str = ""

    @property
    def right(self) -> bool:
        """Whether the intent was found."""
        return self.predicted == self.expected

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON; kind and note only where there are any."""
        told: dict[str, object] = {
            "text": self.text,
            "expected": self.expected,
            "predicted": self.predicted,
            "confidence": self.confidence,
        }
        return told | {name: value for name in ("kind", "note") if (value := getattr(self, name))}


@dataclass(frozen=True)
class Evidence:
    """Everything a suggestion may rest on.

    Attributes:
        answers: one for each test case.
        train: the examples learnt.
        validation: the examples that watched the training.
        history: the training's curves, one mapping a logged step (``loss``, ``eval_loss`` …).
    """

    answers: tuple[Answer, ...]
    train: tuple[Example, ...]
    validation: tuple[Example, ...] = ()
    history: tuple[Mapping[str, float], ...] = ()

    @cached_property
    def wrong(self) -> tuple[Answer, ...]:
        """The answers that missed, those that were no intent included."""
        return tuple(answer for answer in self.answers if not answer.right)

    @cached_property
    def by_intent(self) -> dict[str, tuple[int, int]]:
        """Right answers and cases of each expected intent, in alphabetical order."""
        return tally((answer.expected, answer.right) for answer in self.answers)

    @cached_property
    def by_kind(self) -> dict[str, tuple[int, int]]:
        """Right answers and cases of each kind of test case, as far as kinds are given."""
        return tally((answer.kind, answer.right) for answer in self.answers if answer.kind)

    @cached_property
    def learnt(self) -> dict[str, int]:
        """Examples learnt of each intent."""
        return dict(Counter(row.label for row in self.train))


def tally(pairs: Iterable[tuple[str, bool]]) -> dict[str, tuple[int, int]]:
    """Right and all of each group, sorted by the group's name."""
    groups: dict[str, list[bool]] = {}
    for name, right in pairs:
        groups.setdefault(name, []).append(right)
    return {name: (sum(groups[name]), len(groups[name])) for name in sorted(groups)}


def alike(one: str, other: str) -> float:
    """How alike two texts look, 0 to 1: Jaccard index of their runs of three letters.

    Case, accents and punctuation do not count, since customers drop them.
    """
    mine, yours = _trigrams(one), _trigrams(other)
    return len(mine & yours) / len(mine | yours)


def nearest(text: str, rows: Sequence[Example]) -> tuple[float, Example | None]:
    """The row that looks most like a text, and how alike they are; 0 without rows."""
    best = max(rows, key=lambda row: alike(text, row.text), default=None)
    return (alike(text, best.text), best) if best else (0.0, None)


@cache
def _trigrams(text: str) -> frozenset[str]:
    plain = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(each if each.isalnum() else " " for each in plain if each.isascii())
    # Text in another script has no ASCII letters; then it is taken as it stands.
    padded = f"  {' '.join(letters.split() or plain.split())} "
    return frozenset(padded[place : place + 3] for place in range(len(padded) - 2))
