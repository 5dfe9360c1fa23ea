"""What conversations ask, and which of them ask the same. Here numbers count.

``data/near.py`` takes texts for near duplicates that share four fifths of their letters, and
its normal form drops the signs of arithmetic with all other punctuation. For questions of
mathematics both are wrong: "7 - 8" is not "7 / 8", and 15 % of 80 is another question than
15 % of 90 however alike the sentences are. So

* signs beside a number are written as symbols that a normal form keeps (:func:`spelled`), and
* only texts with the same figures (numbers and those signs, in their order) are compared.

Texts without numbers are compared as everywhere else. Numbers written as words are words.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aprendiz.data.chat.labels import text_of
from aprendiz.data.chat.records import Conversation
from aprendiz.data.near import Progress, clusters
from aprendiz.data.records import Example

STRATA = ("concept", "language")
"""Fields of a row whose values are divided alike when a row has them."""

_FEWEST = 5  # conversations of a stratum; rarer ones are divided together
_BETWEEN = " · "

# Signs as they are written to what stands for them: symbols that a normal form keeps (their
# category is S) and that a text has for nothing else.
_SIGNS = {
    "-": "−", "–": "−", "−": "−", "+": "+", "*": "×", "×": "×", "·": "×", "∙": "×", "⋅": "×",
    "/": "÷", "÷": "÷", "⁄": "÷", ":": "∶", "∶": "∶", "%": "∝", "∝": "∝", "^": "^", "√": "√",
    "=": "=", "<": "<", ">": ">", "≤": "≤", "≥": "≥", "(": "⊏", "⊏": "⊏", ")": "⊐", "⊐": "⊐",
    "⊙": "⊙",
}  # fmt: skip
_POINT = "⊙"  # decimal points and commas, and those between thousands
_CLASS = "[" + re.escape("".join(_SIGNS)) + "]"
_RUN = rf"{_CLASS}(?: *{_CLASS})*"
_FIGURE = re.compile(rf"\d+|(?<=\d)[.,](?=\d)|(?<=\d) *{_RUN}|{_RUN}(?= *\d)")


@dataclass(frozen=True, slots=True)
class Asked(Example):
    """A conversation as the split sees it: its first question, and its stratum as the label."""

    conversation: Conversation


def spelled(text: str) -> str:
    """The text with every sign beside a number in a form that is compared: ``7 − 8``, ``3 ⊙ 5``.

    Superscripts and fractions that are one character become numbers and signs as well. A
    spelled text has the figures of the text, so it may be spelled again.
    """
    return _FIGURE.sub(_rewritten, unicodedata.normalize("NFKD", text))


def figures(text: str) -> str:
    """The numbers of a text and the signs beside them, in their order, with spaces between.

    Two texts with different figures ask different things.
    """
    found = _FIGURE.findall(unicodedata.normalize("NFKD", text))
    return " ".join(part for figure in found for part in _parts(figure))


def same_questions(
    texts: Sequence[str], *, similarity: float = 0.8, progress: Progress | None = None
) -> list[int]:
    """A number for each text; those that ask the same, or nearly, with the same figures share it.

    ``near.clusters`` with figures as kinds.

    Raises:
        ValueError: the similarity is out of range.
    """
    return clusters(
        [spelled(text) for text in texts],
        similarity=similarity,
        progress=progress,
        kinds=[figures(text) for text in texts],
    )


def first_question(conversation: Conversation) -> str:
    """What the user says first; where no user speaks, what stands before the answer, or it."""
    turns = (each.content for each in conversation.messages if each.role == "user")
    return next(turns, "") or text_of(conversation.question) or conversation.answer


def to_divide(conversations: Sequence[Conversation]) -> list[Asked]:
    """The conversations as ``split.divide`` takes them.

    Their label is what the row has of :data:`STRATA`, joined; strata of fewer than five
    conversations are one, and so are rows without such fields.
    """
    strata = [_stratum(each) for each in conversations]
    sizes = Counter(strata)
    return [
        Asked(
            spelled(first_question(each)).strip(),
            stratum if sizes[stratum] >= _FEWEST else "",
            each.file,
            each.line,
            each,
        )
        for each, stratum in zip(conversations, strata, strict=True)
    ]


def conversations_of(rows: Iterable[Example]) -> tuple[Conversation, ...]:
    """The conversations behind rows that :func:`to_divide` made."""
    return tuple(row.conversation for row in rows if isinstance(row, Asked))


def _stratum(conversation: Conversation) -> str:
    values = (conversation.field(name) for name in STRATA)
    return _BETWEEN.join(str(value) for value in values if value is not None)


def _rewritten(figure: re.Match[str]) -> str:
    return figure[0] if figure[0].isdigit() else f" {' '.join(_parts(figure[0]))} "


def _parts(figure: str) -> list[str]:
    if figure.isdigit():
        return [figure]
    return [_POINT] if figure in ".," else [_SIGNS[sign] for sign in figure if sign in _SIGNS]
