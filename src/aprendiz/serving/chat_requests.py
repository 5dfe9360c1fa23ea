"""What a client may send to ``/chat/completions``, and what of it a model can be asked for.

The same shapes for ``aprendiz serve`` and the platform. Bounds are the vendors' own. A request
that well-formed JSON can make and no model of ours can fulfil is refused, not half obeyed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from aprendiz.data.chat.records import Message
from aprendiz.interfaces import Sampling
from aprendiz.serving.faults import Fault
from aprendiz.serving.wire import NUMBER, Asked, Name

#: Most messages of a conversation, as OpenAI has it.
MOST_MESSAGES = 2_048

#: Tokens of a reply when the client names no limit; short of the context, where a model that
#: never ends would otherwise take everybody's time.
USUAL_TOKENS = 1_024

_SAY_SOMETHING = ("system", "user")  # roles whose messages need a content

_SEEDS = 2**32  # what every library that draws takes for a seed


class AskedPart(Asked):
    """A part of a message. Our models read text."""

    type: Literal["text"]
    text: str


class AskedMessage(Asked):
    """One message of a conversation; a user and the system have to say something."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [
                {"properties": {"role": {"not": {"enum": list(_SAY_SOMETHING)}}}},
                {"required": ["content"], "properties": {"content": {"not": {"type": "null"}}}},
            ]
        }
    )

    role: Literal["developer", "system", "user", "assistant", "tool", "function"]
    content: str | list[AskedPart] | None = None
    name: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _only_text(cls, value: Any) -> Any:
        parts = value.get("content") if isinstance(value, dict) else None
        if parts is None and isinstance(value, dict) and value.get("role") in _SAY_SOMETHING:
            raise PydanticCustomError("content", "needs a content")
        if isinstance(parts, list):
            for part in parts:
                told = part if isinstance(part, dict) else {}
                if told.get("type") != "text" or not isinstance(told.get("text"), str):
                    raise PydanticCustomError(
                        "content_part", 'has a part that is not {"type": "text", "text": "…"}'
                    )
        elif parts is not None and not isinstance(parts, str):
            raise PydanticCustomError("content", "needs a content that is text or a list of parts")
        return value

    @property
    def text(self) -> str:
        """The content as one string; parts are joined by line breaks."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


class AskedStreamOptions(Asked):
    """What a stream should hold besides the answer."""

    include_usage: StrictBool | None = None


Stop = Annotated[str, Field(min_length=1, max_length=256)]
Penalty = Annotated[float, Field(ge=-2, le=2, allow_inf_nan=False), NUMBER]


class AskedChat(Asked):
    """The body of ``POST /chat/completions``.

    A language model's reply is drawn as ``temperature``, ``top_p`` and ``seed`` say and ends
    where ``stop`` and ``max_tokens`` say. A classifier's answer is always its most probable
    label: there they are checked and mean nothing.
    """

    messages: Annotated[list[AskedMessage], Field(min_length=1, max_length=MOST_MESSAGES)]
    model: Name | None = None
    """Not looked at: the path names the deployment."""
    stream: StrictBool | None = None
    """Send the answer as server-sent events, piece by piece."""
    stream_options: AskedStreamOptions | None = None
    logprobs: StrictBool | None = None
    """Classifiers only."""
    top_logprobs: Annotated[int, Field(ge=0, le=20), NUMBER] | None = None
    """How many of the most probable labels to tell, with `logprobs`."""
    n: Annotated[int, Field(ge=1, le=128), NUMBER] | None = None
    """How many answers."""
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False), NUMBER] | None = None
    """0, which is also the default here, always takes the most probable token."""
    top_p: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False), NUMBER] | None = None
    """Draw only among the most probable tokens that together have this probability."""
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63), NUMBER] | None = None
    """The same seed draws the same answer."""
    stop: Stop | Annotated[list[Stop], Field(max_length=4)] | None = None
    """Up to four texts that end the answer; they are not part of it."""
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    max_tokens: Annotated[int, Field(ge=1), NUMBER] | None = None
    """The older name of `max_completion_tokens`, which wins over it."""
    max_completion_tokens: Annotated[int, Field(ge=1), NUMBER] | None = None
    """Most tokens of an answer; 1,024 when not given."""

    @property
    def with_usage(self) -> bool:
        """Whether a stream should end with the token counts."""
        return bool(self.stream_options and self.stream_options.include_usage)

    def conversation(self) -> list[Message]:
        """The messages as the rest of the library has them."""
        return [Message(each.role, each.text) for each in self.messages]

    def sampling(self, choice: int = 0) -> Sampling:
        """How to draw the reply of a choice; each has a seed of its own."""
        stop = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop or ())
        drawn = self.temperature or 0.0
        return Sampling(
            max_tokens=self.max_completion_tokens or self.max_tokens or USUAL_TOKENS,
            # No probability at all leaves only the most probable token.
            temperature=0.0 if self.top_p == 0 else drawn,
            top_p=self.top_p or 1.0,
            seed=None if self.seed is None else (self.seed + choice) % _SEEDS,
            stop=stop,
        )

    def refuse_what_we_cannot(self) -> None:
        """Say so rather than answer something else than was asked for.

        Raises:
            Fault: 400, ``top_logprobs`` without ``logprobs``, or a form of answer that no model
                of ours has.
        """
        if self.top_logprobs is not None and not self.logprobs:
            raise _refusal("top_logprobs", "needs logprobs: true", code="invalid_value")
        extra = self.model_extra or {}
        form = extra.get("response_format")
        if isinstance(form, dict) and form.get("type", "text") != "text":
            raise _refusal("response_format", "models here answer in plain text only")
        if extra.get("tool_choice", "auto") not in ("auto", "none", None):
            raise _refusal("tool_choice", "models here cannot call a tool; leave it out")

    def refuse_what_language_models_cannot(self) -> None:
        """The same for what a classifier would do, or could pass over.

        Raises:
            Fault: 400, log-probabilities, penalties, messages of tools, or nothing to answer.
        """
        self.refuse_what_we_cannot()
        if self.logprobs:
            raise _refusal("logprobs", "only classifiers tell their log-probabilities here")
        for name in ("presence_penalty", "frequency_penalty"):
            if getattr(self, name):
                raise _refusal(name, "not offered here; leave it out, or send 0")
        if (self.model_extra or {}).get("logit_bias"):
            raise _refusal("logit_bias", "not offered here; leave it out")
        for number, message in enumerate(self.messages):
            if message.role in ("tool", "function"):
                raise _refusal(f"messages[{number}].role", "models here have learnt of no tools")
        if not any(message.role == "user" for message in self.messages):
            raise _refusal(
                "messages",
                "there is no message with the role user to answer",
                code="invalid_value",
            )


class AskedNamedChat(AskedChat):
    """The body where the path names no model."""

    model: Name
    """The model to ask; `GET /v1/models` lists what there is."""


def refuse_too_long(messages: Sequence[Message], most: int) -> None:
    """Keep one huge conversation from holding up everybody else's answer.

    Args:
        most: characters of all messages together.

    Raises:
        Fault: 400, there are more.
    """
    length = sum(len(message.content) for message in messages)
    if length > most:
        raise Fault(
            400,
            f"messages: {length:,} characters; {most:,} are the most that are read",
            code="context_length_exceeded",
            param="messages",
        )


def _refusal(param: str, words: str, code: str = "unsupported_value") -> Fault:
    return Fault(400, f"{param}: {words}", code=code, param=param)
