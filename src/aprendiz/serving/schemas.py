"""The shapes on the wire: what a client may send and what it gets back.

Pydantic only; nothing here knows FastAPI, the model or the event loop. The
docstring under a field is its documentation in ``/openapi.json`` and ``/docs``.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from aprendiz.interfaces import Decision, Prediction
from aprendiz.serving.faults import Fault

DEFAULT_MAX_CHARACTERS = 20_000
DEFAULT_MAX_INPUTS = 256
ALTERNATIVES = 3

#: Marks a bound in a schema that is this machine's; ``app.py`` puts the number in.
LIMIT = "x-limit"

_WORDS = {
    "missing": ("missing", "the field is required"),
    "string_type": ("wrong_type", "must be a string"),
    "blank": ("blank", "must hold something other than white space"),
    "extra_forbidden": (
        "unknown_field",
        "there is an unknown field; send text, and model if you like",
    ),
    "model_type": ("wrong_type", 'the body must be a JSON object such as {"text": "…"}'),
}


class ClassifyRequest(BaseModel):
    """One text to classify."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"example": {"text": "what is happening in the world today?"}},
    )

    text: StrictStr = Field(
        json_schema_extra={
            "minLength": 1,
            "maxLength": DEFAULT_MAX_CHARACTERS,
            "pattern": r"\S",
            LIMIT: "characters",
        }
    )
    """The text. Outer white space is removed; something must remain."""
    model: StrictStr | None = Field(default=None, max_length=512)
    """Which of the server's models answers; the first when not given."""

    @field_validator("text")
    @classmethod
    def _within_bounds(cls, text: str, info: ValidationInfo) -> str:
        limit = (info.context or {}).get("max_characters", DEFAULT_MAX_CHARACTERS)
        if len(text) > limit:
            raise PydanticCustomError(
                "too_long", "must have at most {limit} characters", {"limit": limit}
            )
        stripped = text.strip()
        if not stripped:
            raise PydanticCustomError("blank", "is blank")
        return stripped

    @classmethod
    def parse(cls, body: bytes, max_characters: int = DEFAULT_MAX_CHARACTERS) -> ClassifyRequest:
        """Read a request body: strict JSON in UTF-8, nesting bounded by the parser.

        Raises:
            Fault: 400 when it is not JSON; 422 when it is, but not this shape.
                What the client sent is never repeated in the message.
        """
        try:
            return cls.model_validate_json(body, context={"max_characters": max_characters})
        except ValidationError as error:
            first: dict[str, Any] = dict(error.errors(include_url=False, include_input=False)[0])
        if first["type"] == "json_invalid":
            raise Fault(400, "the body is not valid JSON in UTF-8", code="invalid_json")
        code, words = _WORDS.get(first["type"], (first["type"], first["msg"]))
        # A key that the client made up is input as well, so only our own names are repeated.
        param = str(first["loc"][0]) if first["loc"] in (("text",), ("model",)) else None
        raise Fault(422, f"{param}: {words}" if param else words, code=code, param=param)


class Alternative(BaseModel):
    """A label that was not chosen."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    intent: str
    """The label."""
    confidence: float = Field(ge=0.0, le=1.0)
    """Its probability."""


class Judged(BaseModel):
    """What to do with an answer."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    labels: list[str] | None = None
    """From a model of several labels only: those at or over their thresholds, most probable first;
    often one, sometimes none."""
    decision: Decision
    """What to do: `answer`: act on the label; `needs_clarification`: it is between labels, ask
    the user again; `out_of_scope`: the text is about none of them."""
    needs_clarification: bool
    """True when the decision is `needs_clarification`: the confidence is under the threshold."""
    out_of_scope: bool
    """True when the decision is `out_of_scope`."""
    scope: float | None = Field(ge=0.0, le=1.0)
    """The share of in-scope texts that look no more in scope than this one; null where the model
    has no detector."""
    candidates: list[str]
    """The labels that cannot be ruled out at the error rate the model was given, most probable
    first; empty where it was given none."""


class ClassifyResponse(Judged):
    """The answer to one text."""

    model_config = ConfigDict(
        use_attribute_docstrings=True,
        json_schema_extra={
            "example": {
                "intent": "get_news",
                "confidence": 0.94,
                "probabilities": {"get_news": 0.94, "get_weather": 0.04, "get_profile": 0.02},
                "decision": "answer",
                "needs_clarification": False,
                "out_of_scope": False,
                "scope": 0.61,
                "candidates": ["get_news"],
                "alternatives": [
                    {"intent": "get_weather", "confidence": 0.04},
                    {"intent": "get_profile", "confidence": 0.02},
                ],
                "model": "intents",
                "version": "9c1f04d2ab37",
            }
        },
    )

    intent: str
    """The most probable label, as written in the training data."""
    confidence: float = Field(ge=0.0, le=1.0)
    """Its probability."""
    probabilities: dict[str, float]
    """Every label with its probability, most probable first; they sum to 1, but for a model of
    several labels, which gives each a probability of its own."""
    alternatives: list[Alternative]
    """The next best labels, at most three."""
    model: str
    """Name of the model."""
    version: str
    """Twelve hex digits that change with any file of the model."""


def judged(prediction: Prediction) -> dict[str, Any]:
    """A :class:`Judged` as plain values."""
    several = {} if prediction.labels is None else {"labels": list(prediction.labels)}
    return {
        **several,
        "decision": prediction.decision,
        "needs_clarification": prediction.decision == "needs_clarification",
        "out_of_scope": prediction.decision == "out_of_scope",
        "scope": prediction.scope,
        "candidates": list(prediction.candidates),
    }


def answer(prediction: Prediction, model: str, version: str) -> dict[str, Any]:
    """A :class:`ClassifyResponse` as plain values, built without validating our own output."""
    others = islice(prediction.scores.items(), 1, 1 + ALTERNATIVES)
    return {
        "intent": prediction.label,
        "confidence": prediction.confidence,
        "probabilities": dict(prediction.scores),
        **judged(prediction),
        "alternatives": [{"intent": label, "confidence": score} for label, score in others],
        "model": model,
        "version": version,
    }


class Health(BaseModel):
    """Whether this server should be sent requests."""

    model_config = ConfigDict(
        use_attribute_docstrings=True,
        json_schema_extra={
            "example": {"status": "ok", "model": "intents", "version": "9c1f04d2ab37"}
        },
    )

    status: Literal["ok", "loading", "draining", "failed"]
    """`ok` only with a loaded, warmed model; otherwise the answer is a 503."""
    model: str | None = None
    """Name of the model, once there is one."""
    version: str | None = None
    """Its version, once there is one."""


class ErrorDetail(BaseModel):
    """What went wrong, without repeating what was sent."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    message: str
    """One sentence for people."""
    type: str
    """The family: `invalid_request_error`, `not_found_error`, `overloaded_error`, …"""
    param: str | None
    """The field at fault."""
    code: str
    """A stable short name for programs."""
    request_id: str
    """The same as the `X-Request-Id` header."""


class ErrorBody(BaseModel):
    """The one shape of every error."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "error": {
                    "message": "text: the field is required",
                    "type": "invalid_request_error",
                    "param": "text",
                    "code": "missing",
                    "request_id": "req_5f0c2a…",
                }
            }
        }
    )

    error: ErrorDetail
