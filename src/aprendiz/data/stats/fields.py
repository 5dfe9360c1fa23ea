"""What the further fields of conversations say: their values, and each concept by itself.

A concept is what a row names under ``concept``: a topic that people have given, so nothing
has to be guessed as in ``topics.py``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aprendiz.data.chat.records import Conversation
from aprendiz.data.stats.lengths import Lengths, measure
from aprendiz.data.stats.telling import most_telling
from aprendiz.data.stats.terms import count_terms
from aprendiz.data.stats.words import NumberedWords

if TYPE_CHECKING:
    from array import array

_MOST_VALUES = 200  # a field with more is a name of each row, or free text
_WORDS_SHOWN = 5
_TERMS_LOOKED_AT = 20
_DIGIT = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class FieldValues:
    """A field that groups rows.

    Attributes:
        name: of the field.
        rows: conversations that have it.
        values: each value and its conversations, most first.
    """

    name: str
    rows: int
    values: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Concept:
    """The conversations of one concept.

    Attributes:
        name: as the rows give it.
        rows: how many.
        share: of all conversations, 0 to 1.
        questions: tokens of what the user says in each.
        answers: tokens of the last message of each.
        words: what its users say and those of others do not, strongest first; numbers, which
            differ from row to row, are left out.
    """

    name: str
    rows: int
    share: float
    questions: Lengths
    answers: Lengths
    words: tuple[str, ...]


@dataclass
class FieldTally:
    """What is kept of the further fields while conversations pass by."""

    values: dict[str, Counter[str]] = field(default_factory=dict)
    concepts: list[str | None] = field(default_factory=list)

    def add(self, conversation: Conversation) -> None:
        """Count the values of one row; lists, objects and fractions group nothing."""
        for name, value in conversation.further().items():
            if isinstance(value, str | int):
                counts = self.values.setdefault(name, Counter())
                if len(counts) <= _MOST_VALUES:
                    counts[str(value)] += 1
        concept = conversation.field("concept")
        self.concepts.append(None if concept is None else str(concept))

    def grouping(self) -> tuple[FieldValues, ...]:
        """The fields with few values, each of them in two rows on average, by name."""
        return tuple(
            FieldValues(name, counts.total(), tuple(counts.most_common()))
            for name, counts in sorted(self.values.items())
            if len(counts) <= min(_MOST_VALUES, counts.total() // 2)
        )


def describe_concepts(
    words: NumberedWords,
    concepts: Sequence[str | None],
    questions: array[int],
    answers: array[int],
) -> tuple[Concept, ...]:
    """Each concept, the commonest first; none where rows have no concept, or all another.

    Args:
        words: what the users say in each conversation.
        concepts: the concept of each; ``None`` where it has none.
        questions: tokens of what the users say in each.
        answers: tokens of the last message of each.
    """
    import numpy as np

    counts = Counter(each for each in concepts if each is not None)
    if not counts or len(counts) > min(_MOST_VALUES, max(1, len(concepts) // 2)):
        return ()
    names = [name for name, _ in counts.most_common()]
    number = {name: at for at, name in enumerate(names)}
    # Rows without a concept are a group at the end, which is not told.
    concept_of = np.array([number.get(each or "", len(names)) for each in concepts])
    telling = most_telling(count_terms(words, concept_of, len(names) + 1), _TERMS_LOOKED_AT)
    asked, said = np.asarray(questions), np.asarray(answers)
    return tuple(
        Concept(
            name,
            counts[name],
            counts[name] / len(concepts),
            measure("tokens", asked[concept_of == at]),
            measure("tokens", said[concept_of == at]),
            tuple(each.term for each in telling[at] if not _DIGIT.search(each.term))[:_WORDS_SHOWN],
        )
        for at, name in enumerate(names)
    )
