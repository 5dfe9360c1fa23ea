"""Between the chat protocol and a classifier: messages in, one label as the answer out.

The answer is always the most probable label, written as one token; its ``logprob`` is the
logarithm of the calibrated probability, and ``top_logprobs`` are the other labels'. Whether to
act on it stands beside it, under ``aprendiz``, where the protocol has no word for it. What a
``temperature`` asks for would make the answer worse, so it changes nothing. Language models,
which answer in their own words, are for ``serving/chats.py``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aprendiz.data.chat import tokens
from aprendiz.data.chat.labels import text_of
from aprendiz.data.chat.records import Message
from aprendiz.interfaces import Decision
from aprendiz.platform.records import Refusal
from aprendiz.serving import chat_answers

#: What the protocol writes for a probability of zero.
IMPOSSIBLE = -9999.0

#: About as much as the vendors' models read (128,000 tokens); a classifier reads far less.
MOST_CHARACTERS = 400_000

_TASK = ("system", "developer")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a model said.

    Attributes:
        model: the model's own name.
        label: the most probable label.
        scores: every label's probability, most probable first.
        decision: what the client should do with it, as `interfaces.Prediction` says.
        scope: how surely it is about any of the labels; `None` without a detector.
        candidates: labels that cannot be ruled out.
    """

    model: str
    label: str
    scores: Mapping[str, float]
    decision: Decision = "answer"
    scope: float | None = None
    candidates: tuple[str, ...] = ()

    def beside(self) -> dict[str, Any]:
        """What the protocol has no field for, under the one name that is ours."""
        return {
            "aprendiz": {
                "decision": self.decision,
                "scope": self.scope,
                "candidates": list(self.candidates),
            }
        }


def question(messages: Sequence[Message], *, several_turns: bool) -> str:
    """The text that a classifier reads of a conversation.

    Args:
        messages: as the client sent them, the answer not among them.
        several_turns: the model has learnt from conversations of several turns. One that
            has not reads the last thing the user said and nothing before it.

    Raises:
        Refusal: 400, the user says nothing.
    """
    turns = [message for message in messages if message.role not in _TASK]
    said = [message for message in turns if message.role == "user"]
    if not said:
        raise Refusal(
            400,
            "messages: there is no message with the role user to answer.",
            code="invalid_value",
            param="messages",
        )
    return text_of(turns if several_turns else said[-1:])


def logprobs(answer: Answer, top: int) -> dict[str, Any]:
    """The ``logprobs`` of a choice: the answer as one token, and ``top`` labels beside it."""
    entry = {
        **_token(answer.label, answer.scores[answer.label]),
        "top_logprobs": [_token(*pair) for pair in list(answer.scores.items())[:top]],
    }
    return {"content": [entry], "refusal": None}


def usage(messages: Sequence[Message], answer: Answer, choices: int) -> dict[str, Any]:
    """How many tokens went in and out, as estimated without the network."""
    count = tokens.counter(answer.model).count
    asked = sum(3 + count(message.role) + count(message.content) for message in messages) + 3
    told = choices * count(answer.label)
    return chat_answers.usage(asked, told)


def _token(label: str, probability: float) -> dict[str, Any]:
    return {
        "token": label,
        "logprob": math.log(probability) if probability > 0 else IMPOSSIBLE,
        "bytes": list(label.encode("utf-8", "replace")),
    }
