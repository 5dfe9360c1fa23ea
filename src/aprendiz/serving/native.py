"""Our own way of asking: ``POST /classify`` for one text, ``POST /v1/classify`` for several."""

from __future__ import annotations

import time
import uuid
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictStr,
    model_validator,
)

from aprendiz.interfaces import Prediction
from aprendiz.serving.endpoint import (
    ASKING,
    Endpoint,
    Function,
    Texts,
    ask,
    parse,
    require_function,
    told,
    within_limits,
)
from aprendiz.serving.exchange import Answer, Exchange
from aprendiz.serving.faults import Fault
from aprendiz.serving.schemas import ClassifyRequest, ClassifyResponse, Judged, answer, judged
from aprendiz.serving.service import Service
from aprendiz.serving.wire import NUMBER

LabelCount = Annotated[int, Field(ge=1, le=10_000), NUMBER]


class ClassifyMany(BaseModel):
    """Texts to classify."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"example": {"inputs": ["what is in the news?", "hello"], "top_k": 2}},
    )

    inputs: Texts
    """A text, or a list of texts; `input` is understood as well."""
    model: StrictStr | None = Field(default=None, max_length=512)
    """Which of the server's models answers; the first when not given."""
    top_k: LabelCount | None = None
    """How many labels to tell of each text; all when not given."""
    truncate: StrictBool = True
    """Cut texts that have more tokens than the model reads; otherwise such a text is refused."""
    function_to_apply: Function | None = None
    """Only what the model does anyway: its probabilities are calibrated. `sigmoid` is of models of
    several labels."""

    @model_validator(mode="before")
    @classmethod
    def _other_name(cls, body: Any) -> Any:
        """Some clients' habit is ``input``."""
        if isinstance(body, dict) and "input" in body and "inputs" not in body:
            return {("inputs" if name == "input" else name): body[name] for name in body}
        return body


class Score(BaseModel):
    """A label with its probability."""

    label: str
    score: float = Field(ge=0.0, le=1.0)


class Classified(Judged):
    """The answer to one text."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    index: int
    """Which of the texts, from 0."""
    label: str
    """The most probable label."""
    score: float = Field(ge=0.0, le=1.0)
    """Its probability."""
    scores: list[Score]
    """The most probable labels, as many as were asked for."""
    tokens: int | None
    """How many tokens the model read; null where it does not count them."""
    truncated: bool | None
    """Whether the text had as many tokens as the model reads, or more; null if not known."""


class Usage(BaseModel):
    """What it took."""

    prompt_tokens: int
    total_tokens: int


class ClassifiedList(BaseModel):
    """The answers, in the order of the texts; a list also for one."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str
    object: Literal["list"]
    created: int
    """Unix seconds."""
    model: str
    """Name of the model."""
    model_version: str
    """Twelve hex digits that change with any file of the model."""
    data: list[Classified]
    usage: Usage


def endpoints(service: Service) -> tuple[Endpoint, ...]:
    """Both routes."""

    async def classify(exchange: Exchange) -> Answer:
        """The most probable label of a text, and how sure the model is of every label."""
        wanted = ClassifyRequest.parse(await exchange.json(), service.settings.max_characters)
        answered = await ask(service, exchange, [wanted.text], wanted.model)
        served = answered.model
        said = answer(answered.predictions[0], served.name, served.version)
        return Answer.of(said, headers=told(answered))

    async def classify_many(exchange: Exchange) -> Answer:
        """The most probable labels of each text, in the order of the texts."""
        wanted = parse(ClassifyMany, await exchange.json(), 400)
        texts = within_limits(wanted.inputs, service.settings, status=400)
        require_function(service, wanted.model, wanted.function_to_apply, 400)
        answered = await ask(service, exchange, texts, wanted.model)
        if not wanted.truncate:
            _refuse_cut(answered.truncated)
        unknown = [None] * len(texts)
        told_of = zip(
            answered.predictions,
            answered.tokens or unknown,
            answered.truncated or unknown,
            strict=True,
        )
        data = [_shown(number, wanted.top_k, *each) for number, each in enumerate(told_of)]
        used = sum(answered.tokens or ())
        envelope = {
            "id": f"clf_{uuid.uuid4().hex}",
            "object": "list",
            "created": int(time.time()),
            "model": answered.model.name,
            "model_version": answered.model.version,
            "data": data,
            "usage": {"prompt_tokens": used, "total_tokens": used},
        }
        return Answer.of(envelope, headers=told(answered))

    return (
        Endpoint("/classify", classify, "Classify one text", request=ClassifyRequest,
                 response=ClassifyResponse),
        Endpoint("/v1/classify", classify_many, "Classify texts", request=ClassifyMany,
                 response=ClassifiedList, statuses=tuple(s for s in ASKING if s != 422)),
    )  # fmt: skip


def _shown(
    number: int,
    top_k: int | None,
    prediction: Prediction,
    tokens: int | None,
    truncated: bool | None,
) -> dict[str, Any]:
    ranked = list(prediction.scores.items())[:top_k]
    return {
        "index": number,
        "label": prediction.label,
        "score": prediction.confidence,
        **judged(prediction),
        "scores": [{"label": label, "score": score} for label, score in ranked],
        "tokens": tokens,
        "truncated": truncated,
    }


def _refuse_cut(truncated: list[bool] | None) -> None:
    for number, cut in enumerate(truncated or ()):
        if cut:
            where = f"inputs[{number}]"
            words = f"{where}: has more tokens than the model reads"
            raise Fault(400, words, code="input_too_long", param=where)
