"""The Open Inference Protocol (KServe, Triton, MLServer), version 2, over HTTP.

One input ``text`` of datatype BYTES; outputs ``label`` (BYTES), ``score`` (FP32), ``scores``
(FP32, a column for each label in the order that the model's metadata tell) and ``decision``
(BYTES); of models of several labels also ``given`` (BOOL, whether a text has each label).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictStr, WithJsonSchema

from aprendiz._version import __version__
from aprendiz.interfaces import Prediction
from aprendiz.serving.endpoint import (
    TEXT_SCHEMA,
    TEXTS_SCHEMA,
    Endpoint,
    ask,
    parse,
    told,
    within_limits,
)
from aprendiz.serving.exchange import Answer, Exchange
from aprendiz.serving.faults import Fault
from aprendiz.serving.life import RETRY_LOADING
from aprendiz.serving.schemas import DEFAULT_MAX_INPUTS, LIMIT
from aprendiz.serving.served import Served
from aprendiz.serving.service import Service
from aprendiz.serving.wire import NUMBER

_TYPES = {"label": "BYTES", "score": "FP32", "scores": "FP32", "decision": "BYTES", "given": "BOOL"}
_WIDE = ("scores", "given")  # a column for each label
_MOST = 2**31 - 1

# The protocol leaves these open; nothing in them means anything to us.
_OPEN = {"type": "object", "maxProperties": 16}
Options = Annotated[dict[str, Any], Field(max_length=16), WithJsonSchema(_OPEN)]
_ROWS = {
    "type": "array",
    "items": {"type": "array", "items": TEXT_SCHEMA, "minItems": 1, "maxItems": 1},
    "minItems": 1,
    "maxItems": DEFAULT_MAX_INPUTS,
    LIMIT: "inputs",
}


class InputTensor(BaseModel):
    """The texts."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    name: Literal["text"]
    shape: list[Annotated[int, Field(ge=0, le=_MOST), NUMBER]] = Field(min_length=1, max_length=2)
    """`[n]` or `[n, 1]`."""
    datatype: Literal["BYTES"]
    data: Annotated[list[Any], WithJsonSchema({"anyOf": [TEXTS_SCHEMA, _ROWS]})]
    """The texts, flat or one a row."""
    parameters: Options | None = None

    def texts(self) -> list[str]:
        """The texts, flat.

        Raises:
            Fault: 400, they are not as many as the shape says, or no strings.
        """
        flat = self.data
        if all(isinstance(each, list) and len(each) == 1 for each in flat):
            flat = [each[0] for each in flat]
        if len(flat) != self.shape[0] or self.shape[1:] not in ([], [1]):
            raise Fault(400, "inputs[0].shape: is not that of the data", code="wrong_shape")
        if not all(isinstance(each, str) for each in flat):
            raise Fault(400, "inputs[0].data: must be texts", code="wrong_type")
        return flat


class OutputWish(BaseModel):
    """An output that the client wants."""

    model_config = ConfigDict(extra="forbid")

    name: Literal["label", "score", "scores", "decision", "given"]
    parameters: Options | None = None


class InferRequest(BaseModel):
    """A request of the protocol."""

    model_config = ConfigDict(
        extra="forbid",
        use_attribute_docstrings=True,
        json_schema_extra={
            "example": {
                "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["hello"]}]
            }
        },
    )

    id: StrictStr | None = Field(default=None, max_length=128)
    """Comes back with the answer."""
    parameters: Options | None = None
    inputs: list[InputTensor] = Field(min_length=1, max_length=1)
    outputs: list[OutputWish] | None = Field(default=None, max_length=5)
    """Which outputs to give; all when not given."""


class OutputTensor(BaseModel):
    """One output."""

    name: str
    shape: list[int]
    datatype: str
    data: list[str] | list[float] | list[bool]


class InferResponse(BaseModel):
    """An answer of the protocol."""

    model_name: str
    model_version: str
    id: str | None = None
    outputs: list[OutputTensor]


class TensorMetadata(BaseModel):
    """An input or output of a model."""

    name: str
    datatype: str
    shape: list[int]


class ModelMetadata(BaseModel):
    """A model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]
    parameters: dict[str, list[str]]


class ServerMetadata(BaseModel):
    """The server."""

    name: str
    version: str
    extensions: list[str]


class Ready(BaseModel):
    """Whether it can be asked."""

    name: str
    ready: bool


class ProtocolError(BaseModel):
    """The protocol's one shape of an error."""

    error: str


def endpoints(service: Service) -> tuple[Endpoint, ...]:
    """The protocol's routes but those about health."""

    async def infer(exchange: Exchange) -> Answer:
        """An answer for each text of the input tensor."""
        wanted = parse(InferRequest, await exchange.json(), 400)
        texts = within_limits(
            wanted.inputs[0].texts(), service.settings, "inputs[0].data", status=400
        )
        there = _outputs(service.find(exchange.path["model"]))
        names = [each.name for each in wanted.outputs] if wanted.outputs else there
        if not set(names) <= set(there):
            raise Fault(400, f"outputs: this model has {', '.join(there)}", code="unknown_output")
        answered = await ask(service, exchange, texts, exchange.path["model"])
        said: dict[str, Any] = {
            "model_name": answered.model.name,
            "model_version": answered.model.version,
            "outputs": [_tensor(n, answered.predictions, answered.model.labels) for n in names],
        }
        if wanted.id is not None:
            said["id"] = wanted.id
        return Answer.of(said, headers=told(answered))

    async def model(exchange: Exchange) -> Answer:
        """What a model takes and gives; `parameters.labels` is the order of `scores`."""
        return Answer.of(_metadata(service.find(exchange.path["model"])))

    async def model_ready(exchange: Exchange) -> Answer:
        """Whether a model can be asked."""
        served = service.find(exchange.path["model"])
        if service.state != "ok":
            raise Fault(503, "the server is stopping", code="stopping", headers=RETRY_LOADING)
        return Answer.of({"name": served.name, "ready": True})

    async def server(exchange: Exchange) -> Answer:
        """The server."""
        return Answer.of({"name": "aprendiz", "version": __version__, "extensions": []})

    asked = (400, 401, 404, 408, 413, 415, 429, 500, 503, 504)
    return (
        Endpoint("/v2", server, "The server", "GET", response=ServerMetadata, statuses=(401,)),
        Endpoint("/v2/models/{model}", model, "A model", "GET", response=ModelMetadata,
                 statuses=(401, 404, 503)),
        Endpoint("/v2/models/{model}/ready", model_ready, "A model's readiness", "GET",
                 response=Ready, statuses=(401, 404, 503)),
        Endpoint("/v2/models/{model}/infer", infer, "Classify, in the Open Inference Protocol",
                 request=InferRequest, response=InferResponse, statuses=asked),
    )  # fmt: skip


def _tensor(name: str, predictions: list[Prediction], labels: tuple[str, ...]) -> dict[str, Any]:
    data: list[Any]
    match name:
        case "label":
            data = [each.label for each in predictions]
        case "score":
            data = [each.confidence for each in predictions]
        case "decision":
            data = [each.decision for each in predictions]
        case "given":
            data = [label in (each.labels or ()) for each in predictions for label in labels]
        case _:
            data = [each.scores[label] for each in predictions for label in labels]
    shape = [len(predictions), len(labels)] if name in _WIDE else [len(predictions)]
    return {"name": name, "shape": shape, "datatype": _TYPES[name], "data": data}


def _outputs(served: Served) -> tuple[str, ...]:
    """What a model gives: `given` only where a text may have several labels."""
    return tuple(each for each in _TYPES if each != "given" or served.thresholds is not None)


def _metadata(served: Served) -> dict[str, Any]:
    return {
        "name": served.name,
        "versions": [served.version],
        "platform": "aprendiz",
        "inputs": [{"name": "text", "datatype": "BYTES", "shape": [-1]}],
        "outputs": [
            {
                "name": name,
                "datatype": _TYPES[name],
                "shape": [-1, len(served.labels)] if name in _WIDE else [-1],
            }
            for name in _outputs(served)
        ],
        "parameters": {"labels": list(served.labels)},
    }
