"""What a client gets back from ``/chat/completions``: the shapes, and the frame around an answer.

The shapes are those that the official SDK accepts with ``_strict_response_validation=True``.
Who answers, and how, is not known here: a classifier's label and a language model's reply
leave in the same form.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import ConfigDict

from aprendiz.serving.wire import Shown

DONE = b"data: [DONE]\n\n"

STREAM_HEADERS = {"cache-control": "no-cache", "x-accel-buffering": "no"}

# One event of a stream, as OpenAPI 3.2 and FastAPI write it.
_EVENT = {"type": "object", "required": ["data"], "properties": {"data": {"type": "string"}}}
#: For a route's documentation: what `"stream": true` gives.
STREAM = {"text/event-stream": {"itemSchema": _EVENT}}


class Token(Shown):
    """A label with the logarithm of its calibrated probability."""

    token: str
    logprob: float
    bytes: list[int] | None


class AnswerToken(Token):
    """The answer, and the most probable labels beside it."""

    top_logprobs: list[Token]


class Logprobs(Shown):
    """The answer as its one token."""

    content: list[AnswerToken]
    refusal: None


class ChatMessage(Shown):
    """What the assistant says."""

    role: Literal["assistant"]
    content: str
    refusal: None


class Choice(Shown):
    """One of the answers."""

    index: int
    message: ChatMessage
    logprobs: Logprobs | None
    """Of a classifier's label, when asked for."""
    finish_reason: Literal["stop", "length"]
    """`length`: it was cut at the most tokens asked for, or at the end of the context."""


class Usage(Shown):
    """Tokens in and out: a language model's own, or estimated for a classifier."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class ChatCompletion(Shown):
    """The answer to a conversation."""

    model_config = ConfigDict(
        extra="allow",
        use_attribute_docstrings=True,
        json_schema_extra={
            "example": {
                "id": "chatcmpl-5f0c2a…",
                "object": "chat.completion",
                "created": 1767225600,
                "model": "maths",
                "choices": [
                    {
                        "index": 0,
                        "message": {
                            "role": "assistant",
                            "content": "80 × 15 = 1200\n1200 ÷ 100 = 12\nAnswer: 12",
                            "refusal": None,
                        },
                        "logprobs": None,
                        "finish_reason": "stop",
                    }
                ],
                "usage": {"prompt_tokens": 21, "completion_tokens": 24, "total_tokens": 45},
            }
        },
    )

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[Choice]
    usage: Usage


class Frame:
    """Everything that the JSON of one answer says besides what the model said.

    Args:
        model: the name the model is called by.
        with_usage: a stream ends with the token counts, and says so in each event before.
        beside: fields of our own beside the protocol's.
    """

    def __init__(
        self, model: str, *, with_usage: bool = False, beside: Mapping[str, Any] | None = None
    ) -> None:
        self._same = {
            "id": f"chatcmpl-{uuid.uuid4().hex}",
            "created": int(time.time()),
            "model": model,
            **(beside or {}),
        }
        self._with_usage = with_usage

    def whole(
        self, choices: Sequence[Mapping[str, Any]], usage: Mapping[str, int]
    ) -> dict[str, Any]:
        """A :class:`ChatCompletion`."""
        return {
            **self._same,
            "object": "chat.completion",
            "choices": list(choices),
            "usage": dict(usage),
        }

    def begin(self, index: int) -> bytes:
        """The event before the first piece of a choice."""
        return self.piece(index, {"role": "assistant", "content": ""})

    def piece(
        self,
        index: int,
        delta: Mapping[str, str],
        *,
        logprobs: Mapping[str, Any] | None = None,
        finish: str | None = None,
    ) -> bytes:
        """An event with more of a choice, or with the reason of its end."""
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return self._event({"choices": [choice], **({"usage": None} if self._with_usage else {})})

    def end(self, usage: Mapping[str, int]) -> bytes:
        """The last events: the token counts, if they were asked for, and that it is over."""
        counts = self._event({"choices": [], "usage": dict(usage)}) if self._with_usage else b""
        return counts + DONE

    def _event(self, values: Mapping[str, Any]) -> bytes:
        return event({**self._same, "object": "chat.completion.chunk", **values})


def choice(
    index: int, content: str, finish: str, logprobs: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """A :class:`Choice`."""
    return {
        "index": index,
        "message": {"role": "assistant", "content": content, "refusal": None},
        "logprobs": logprobs,
        "finish_reason": finish,
    }


def usage(prompt: int, completion: int) -> dict[str, int]:
    """A :class:`Usage`."""
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def event(values: Mapping[str, Any]) -> bytes:
    """A server-sent event."""
    return b"data: " + as_json(values) + b"\n\n"


def as_json(values: Mapping[str, Any]) -> bytes:
    """JSON in UTF-8, whatever half characters a text may hold."""
    return json.dumps(values, ensure_ascii=False).encode("utf-8", "replace")
