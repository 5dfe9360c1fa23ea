"""A route of the classifier server: its path, who answers, and what its documentation says.

Also what all such routes need: reading texts within the limits, asking the models, telling
how long it took.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, StrictStr, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from aprendiz.serving.exchange import Exchange, Route
from aprendiz.serving.faults import Fault
from aprendiz.serving.schemas import DEFAULT_MAX_CHARACTERS, DEFAULT_MAX_INPUTS, LIMIT
from aprendiz.serving.served import Answered
from aprendiz.serving.service import Service
from aprendiz.settings import Settings

M = TypeVar("M", bound=BaseModel)

#: What every route that asks a model may answer with, beside its 200.
ASKING = (400, 401, 404, 408, 413, 415, 422, 429, 500, 503, 504)

TEXT_SCHEMA: dict[str, Any] = {
    "type": "string",
    "minLength": 1,
    "maxLength": DEFAULT_MAX_CHARACTERS,
    "pattern": r"\S",
    LIMIT: "characters",
}
TEXTS_SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": TEXT_SCHEMA,
    "minItems": 1,
    "maxItems": DEFAULT_MAX_INPUTS,
    LIMIT: "inputs",
}


def _listed(value: Any) -> Any:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list):
        raise PydanticCustomError("texts", "must be a string or a list of strings")
    return value


Texts = Annotated[
    list[StrictStr],
    BeforeValidator(_listed),
    WithJsonSchema({"anyOf": [TEXT_SCHEMA, TEXTS_SCHEMA]}),
]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route.

    Attributes:
        path: with ``{names}``.
        route: who answers; its docstring is the documentation.
        summary: in a few words.
        method: GET or POST.
        request: shape of the body, where there is one.
        response: shape of the answer; ``None`` when it is not JSON.
        statuses: further ones it may answer with.
        shown: whether it is in the documentation.
        media: of the answer.
        also: media types of the body beside JSON.
    """

    path: str
    route: Route
    summary: str = ""
    method: str = "POST"
    request: type[BaseModel] | None = None
    response: Any = None
    statuses: tuple[int, ...] = ASKING
    shown: bool = True
    media: str = "application/json"
    also: tuple[str, ...] = ()


def parse(kind: type[M], body: bytes, status: int) -> M:
    """Read a body: strict JSON in UTF-8, nesting bounded by the parser.

    Raises:
        Fault: 400 when it is not JSON; ``status`` when it is, but of another shape. What the
            client sent is never repeated in the message.
    """
    try:
        return kind.model_validate_json(body)
    except ValidationError as error:
        findings: Sequence[Mapping[str, Any]] = error.errors(include_url=False, include_input=False)
        raise Fault.of_findings(findings, status) from None


def within_limits(
    texts: Sequence[str],
    settings: Settings,
    place: str = "inputs",
    status: int = 422,
    *,
    alone: bool = False,
) -> list[str]:
    """The texts, without outer white space.

    Args:
        place: what the client calls them.
        status: of a fault that is neither length nor number.
        alone: the place holds one text and no list.

    Raises:
        Fault: 413, too many or one too long; ``status``, none or one blank.
    """
    if not texts:
        raise Fault(status, f"{place}: there is no text", code="missing", param=place)
    if len(texts) > settings.serve_max_inputs:
        raise Fault(
            413,
            f"{place}: more than {settings.serve_max_inputs} texts",
            code="too_many_inputs",
            param=place,
        )
    most = settings.max_characters
    stripped = []
    for number, text in enumerate(texts):
        where = place if alone else f"{place}[{number}]"
        if len(text) > most:
            words = f"{where}: must have at most {most} characters"
            raise Fault(413, words, code="too_long", param=where)
        text = text.strip()
        if not text:
            words = f"{where}: must hold something other than white space"
            raise Fault(status, words, code="blank", param=where)
        stripped.append(text)
    return stripped


Function = Literal["softmax", "sigmoid"]


def require_function(
    service: Service, model: str | None, wanted: Function | None, status: int
) -> None:
    """Refuse a function that is not the model's own.

    Raises:
        Fault: ``status``; or see ``Service.find``.
    """
    own = "sigmoid" if service.find(model).thresholds is not None else "softmax"
    if wanted not in (None, own):
        name = "function_to_apply"
        raise Fault(status, f"{name}: this model has {own}", code="unsupported", param=name)


async def ask(
    service: Service, exchange: Exchange, texts: Sequence[str], model: str | None = None
) -> Answered:
    """The models' answer for as long as the client is there.

    Raises:
        Fault: see ``Service.classify``.
        ClientGone: the client has left; its texts were taken out of the queue.
    """
    asked = exchange.header(b"x-request-timeout-ms")
    seconds = int(asked) / 1000 if asked.isdecimal() and len(asked) < 10 else 0.0
    answered = await exchange.while_there(
        service.classify(texts, model, owner=exchange.owner, seconds=seconds)
    )
    state = exchange.scope["state"]
    state["model"] = answered.model.name
    state["parts"] = answered.parts
    return answered


def told(answered: Answered) -> dict[str, str]:
    """Headers of an answer: which model, and what took how long."""
    timing = ", ".join(f"{name};dur={seconds * 1000:.2f}" for name, _, seconds in answered.parts)
    return {"x-model-version": answered.model.version, "server-timing": timing}
