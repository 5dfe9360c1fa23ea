"""What a chat model's reply says as a classification: its label, and how probable each one is.

Pure arithmetic on one reply; asking for it is ``predict.py``'s work.
"""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence

from aprendiz.methods.managed.records import Answer, Token

#: Without log-probabilities a label's probability was not measured. It is put here: surely
#: preferred to all others, and not a certainty.
UNMEASURED = 0.9

_WRAPPING = " \t\r\n\"'`´“”„«»‹›‘’*_#.,;:!¡?¿()[]{}<>"
_INTRODUCED = re.compile(
    r"^\W*(?:the |la |el )?(?:predicted )?"
    r"(?:intent|intention|intención|intencion|label|etiqueta|category|categoría|categoria|class|"
    r"clase|answer|respuesta)\W*?(?:[:=]|\bis\b|\bes\b)(.+)$",
    re.DOTALL | re.IGNORECASE,
)
_STRICTLY_LESS = 1 - 1e-9


def label_in(text: str, labels: Sequence[str]) -> str | None:
    """The label that a reply is, or ``None``; never a guess.

    Accepted are the label itself; the label but for case, outer white space, quotes and
    punctuation; the same behind an introduction (``Intent: x``) or as the one value of a
    JSON object. Each only where a single label fits.
    """
    if text in labels:
        return text
    candidates = [text, text.strip()]
    with_one_value = _json_value(text)
    if with_one_value is not None:
        candidates.append(with_one_value)
    if introduced := _INTRODUCED.match(text.strip()):
        candidates.append(introduced[1])
    for candidate in candidates:
        for same in (_exact, _folded, _bare):
            wanted = same(candidate)
            fitting = [label for label in labels if same(label) == wanted]
            if wanted and len(fitting) == 1:
                return fitting[0]
            if fitting:
                return None  # it fits several: anything looser would be a guess
    return None


def distribution(answer: Answer, labels: Sequence[str]) -> list[float] | None:
    """The probability of each label, in order, summing to 1; ``None`` for no answer.

    * The answered label has the probability of the whole reply: exp of the sum of its
      pieces' log-probabilities.
    * Another label has that of the alternatives that can only be its beginning. Where each
      label is one piece (our own platform) this is the model's whole distribution.
    * What is left is spread evenly over labels without any evidence, none of them more
      probable than the least of the alternatives that were shown.
    * The answered label stays the most probable: an alternative's mass is known from its
      beginning only, so it is an upper bound, and cut to that.
    * Without log-probabilities the answered label gets ``UNMEASURED``.
    """
    answered = label_in(answer.text, labels)
    if answered is None:
        return None
    if len(labels) == 1:
        return [1.0]
    if not answer.tokens:
        others = (1 - UNMEASURED) / (len(labels) - 1)
        low = min(others, UNMEASURED * _STRICTLY_LESS)
        return _normalised([UNMEASURED if label == answered else low for label in labels])
    mass = _evidence(answer.tokens, answered, labels)
    top = mass[answered]
    unseen = [label for label in labels if label not in mass]
    if unseen:
        left = max(0.0, 1.0 - sum(mass.values()))
        share = min(left / len(unseen), _least_shown(answer.tokens[0]))
        mass |= dict.fromkeys(unseen, share)
    return _normalised(
        [
            mass[label] if label == answered else min(mass[label], top * _STRICTLY_LESS)
            for label in labels
        ]
    )


def _evidence(tokens: Sequence[Token], answered: str, labels: Sequence[str]) -> dict[str, float]:
    """What the log-probabilities say of each label they say anything of."""
    folded = {label: _folded(label) for label in labels}
    mass = {answered: max(math.exp(sum(token.logprob for token in tokens)), 1e-12)}
    so_far, logprob = "", 0.0
    for token in tokens:
        for text, alone in token.others:
            if text == token.text:
                continue
            label = _only_label(so_far + text, folded)
            if label is not None:
                mass[label] = mass.get(label, 0.0) + math.exp(logprob + alone)
        so_far, logprob = so_far + token.text, logprob + token.logprob
    return mass


def _only_label(begun: str, folded: Mapping[str, str]) -> str | None:
    """The one label that a beginning can become; ``folded`` has each label's folded form."""
    if begun.strip() in folded:
        return begun.strip()
    start = _folded(begun)
    if not start:
        return None
    whole = [label for label, form in folded.items() if form == start]
    fitting = whole or [label for label, form in folded.items() if form.startswith(start)]
    return fitting[0] if len(fitting) == 1 else None


def _least_shown(token: Token) -> float:
    return math.exp(min((logprob for _, logprob in token.others), default=token.logprob))


def _normalised(values: Sequence[float]) -> list[float]:
    total = math.fsum(values)
    return [value / total for value in values]


def _json_value(text: str) -> str | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict) and len(found) == 1:
        found = next(iter(found.values()))
    return found if isinstance(found, str) else None


def _exact(text: str) -> str:
    return text


def _folded(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip()).casefold()


def _bare(text: str) -> str:
    return _folded(text).strip(_WRAPPING)
