"""``POST /predict``: the shape of Hugging Face's inference endpoints and of their TEI server.

A string gives a list of ``{label, score}``, most probable first; a list gives a list of such
lists. TEI's pairs of texts are for models that compare two, which ours do not. The shape has no
word for texts that are out of scope: of a single text the header ``x-decision`` tells.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    RootModel,
    StrictBool,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from aprendiz.interfaces import Prediction
from aprendiz.serving.endpoint import (
    TEXT_SCHEMA,
    TEXTS_SCHEMA,
    Endpoint,
    Function,
    ask,
    parse,
    require_function,
    within_limits,
)
from aprendiz.serving.exchange import Answer, Exchange
from aprendiz.serving.native import LabelCount, Score
from aprendiz.serving.schemas import DEFAULT_MAX_INPUTS, LIMIT
from aprendiz.serving.served import Answered
from aprendiz.serving.service import Service

_ONE = {"type": "array", "items": TEXT_SCHEMA, "minItems": 1, "maxItems": 1}
_SCHEMA = {
    "anyOf": [
        TEXT_SCHEMA,
        TEXTS_SCHEMA,
        {
            "type": "array",
            "items": _ONE,
            "minItems": 1,
            "maxItems": DEFAULT_MAX_INPUTS,
            LIMIT: "inputs",
        },
    ]
}


def _texts(value: Any) -> Any:
    """A string stays one; TEI's ``[["a"], ["b"]]`` becomes ``["a", "b"]``."""
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise PydanticCustomError("texts", "must be a string or a list")
    if value and all(isinstance(each, list) for each in value):
        if any(len(each) > 1 for each in value):
            raise PydanticCustomError("pair", "must be single texts, not pairs")
        value = [text for each in value for text in each]
    if not all(isinstance(each, str) for each in value):
        raise PydanticCustomError("texts", "must hold strings, or lists of one string")
    return value


class Parameters(BaseModel):
    """Hugging Face's parameters of a text classification."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    top_k: LabelCount | None = None
    """How many labels to tell; all when not given."""
    function_to_apply: Function | None = None
    """Only what the model does anyway."""


class PredictRequest(BaseModel):
    """Texts, as Hugging Face's clients and TEI's send them."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={"example": {"inputs": "what is in the news?"}},
    )

    inputs: Annotated[str | list[str], BeforeValidator(_texts), WithJsonSchema(_SCHEMA)]
    """A text, a list of texts, or TEI's list of lists of one text."""
    parameters: Parameters | None = None
    """As Hugging Face has them."""
    truncate: StrictBool = True
    """Long texts are always cut."""
    truncation_direction: Literal["Right", "right"] = "Right"
    """Long texts are cut at their end."""
    raw_scores: Literal[False] = False
    """There are no scores but probabilities."""


class Predicted(RootModel[list[Score] | list[list[Score]]]):
    """For a text its labels, most probable first; for a list of texts a list of that."""


def endpoints(service: Service) -> tuple[Endpoint, ...]:
    """The route."""

    async def predict(exchange: Exchange) -> Answer:
        """The labels of each text, most probable first, in the shape of Hugging Face and TEI."""
        wanted = parse(PredictRequest, await exchange.json(), 422)
        single = isinstance(wanted.inputs, str)
        given = [wanted.inputs] if isinstance(wanted.inputs, str) else wanted.inputs
        texts = within_limits(given, service.settings)
        parameters = wanted.parameters or Parameters()
        require_function(service, None, parameters.function_to_apply, 422)
        answered = await ask(service, exchange, texts)
        top_k = parameters.top_k
        shown = [_ranked(prediction, top_k) for prediction in answered.predictions]
        headers = _times(answered)
        if single:
            # The shape has no place for it.
            headers["x-decision"] = answered.predictions[0].decision
        return Answer.of(shown[0] if single else shown, headers=headers)

    return (
        Endpoint("/predict", predict, "Classify, in the shape of Hugging Face and TEI",
                 request=PredictRequest, response=Predicted),
    )  # fmt: skip


def _ranked(prediction: Prediction, top_k: int | None) -> list[dict[str, Any]]:
    ranked = list(prediction.scores.items())[:top_k]
    return [{"label": label, "score": score} for label, score in ranked]


def _times(answered: Answered) -> dict[str, str]:
    """TEI's headers, in milliseconds and with a fraction, for ours take less than one."""
    took = {name: seconds * 1000 for name, _, seconds in answered.parts}
    return {
        "x-model-version": answered.model.version,
        "x-compute-tokens": str(sum(answered.tokens or ())),
        "x-tokenization-time": f"{took.get('tokenize', 0.0):.2f}",
        "x-queue-time": f"{took['queue']:.2f}",
        "x-inference-time": f"{took['infer']:.2f}",
        "x-total-time": f"{sum(took.values()):.2f}",
    }
