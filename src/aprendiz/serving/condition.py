"""Routes about the server itself: alive, ready, what it has, what it counts."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from aprendiz._version import __version__
from aprendiz.serving import metrics
from aprendiz.serving.endpoint import Endpoint
from aprendiz.serving.exchange import Answer, Exchange
from aprendiz.serving.life import RETRY_LOADING
from aprendiz.serving.schemas import Health
from aprendiz.serving.served import Served
from aprendiz.serving.service import Service


class Alive(BaseModel):
    """Whether the process should be left alone."""

    alive: bool


class ModelInfo(BaseModel):
    """A model of this server."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    name: str
    version: str
    """Twelve hex digits that change with any file of the model."""
    method: str
    """How it learned; empty when not known."""
    runtime: str
    """What runs it; empty when not known."""
    labels: list[str]
    threshold: float | None
    """Confidence under which an answer asks for clarification; null where each label has its own."""
    thresholds: dict[str, float] | None
    """Of a model of several labels: from which probability on a text is given each; over 1: never."""
    scope_threshold: float | None
    """Under which scope a text is out of scope; null where the model has no detector."""
    oos_label: str
    """How a correction says that a text is about none of the labels; empty where it cannot."""
    max_tokens: int | None
    """How many tokens of a text it reads; null when not known."""
    loaded_at: int
    """Unix seconds."""


class Bounds(BaseModel):
    """How much this server takes."""

    max_characters: int
    max_body_bytes: int
    max_inputs: int
    batch_tokens: int
    queue_tokens: int
    timeout_seconds: float


class Info(BaseModel):
    """This server."""

    name: str
    version: str
    models: list[ModelInfo]
    limits: Bounds
    feedback: bool


class ListedModel(BaseModel):
    """A model, as OpenAI lists them."""

    id: str
    object: str
    created: int
    owned_by: str


class ListedModels(BaseModel):
    """Every model there is."""

    object: str
    data: list[ListedModel]


def endpoints(service: Service) -> tuple[Endpoint, ...]:
    """All of them; those for balancers under every name that balancers know."""

    async def live(exchange: Exchange) -> Answer:
        """200 while the process answers and its batcher gets on; 503: start it anew.

        Says nothing of models: a server that is still loading is alive.
        """
        return Answer.of({"alive": service.alive}, status=200 if service.alive else 503)

    async def ready(exchange: Exchange) -> Answer:
        """200 when requests are welcome; 503 while loading, draining, or after a failure."""
        if service.state != "ok" or not service.model or not service.alive:
            state = service.state if service.state != "ok" else "failed"
            return Answer.of({"status": state}, status=503, headers=RETRY_LOADING)
        served = service.find()
        return Answer.of({"status": "ok", "model": served.name, "version": served.version})

    async def info(exchange: Exchange) -> Answer:
        """The models and the limits of this server."""
        settings = service.settings
        return Answer.of(
            {
                "name": "aprendiz",
                "version": __version__,
                "models": [_model(each) for each in (service.model or {}).values()],
                "limits": {
                    "max_characters": settings.max_characters,
                    "max_body_bytes": settings.max_body_bytes,
                    "max_inputs": settings.serve_max_inputs,
                    "batch_tokens": settings.serve_batch_tokens,
                    "queue_tokens": settings.serve_queue_tokens,
                    "timeout_seconds": settings.serve_timeout_seconds,
                },
                "feedback": service.feedback is not None,
            }
        )

    async def models(exchange: Exchange) -> Answer:
        """The models of this server, as OpenAI lists them."""
        data = [
            {
                "id": each.name,
                "object": "model",
                "created": int(each.loaded_at),
                "owned_by": "aprendiz",
            }
            for each in (service.model or {}).values()
        ]
        return Answer.of({"object": "list", "data": data})

    async def figures(exchange: Exchange) -> Answer:
        """What the server counts, in Prometheus's text format."""
        return Answer(service.metrics.render(), media_type=metrics.CONTENT_TYPE)

    def about(path: str, shown: bool = True) -> Endpoint:
        return Endpoint(path, ready, "Ready or not", "GET", response=Health, statuses=(503,),
                        shown=shown)  # fmt: skip

    return (
        Endpoint("/livez", live, "Alive or not", "GET", response=Alive, statuses=(503,)),
        Endpoint("/v2/health/live", live, "Alive or not", "GET", response=Alive, statuses=(503,),
                 shown=False),
        about("/health"),
        about("/readyz", shown=False),
        about("/ping", shown=False),
        about("/v2/health/ready", shown=False),
        Endpoint("/info", info, "Models and limits", "GET", response=Info, statuses=(401,)),
        Endpoint("/v1/models", models, "The models", "GET", response=ListedModels,
                 statuses=(401,)),
        Endpoint("/metrics", figures, "Figures for Prometheus", "GET", statuses=(401,),
                 media="text/plain"),
    )  # fmt: skip


def _model(served: Served) -> dict[str, Any]:
    manifest = getattr(served.model, "manifest", None)
    rules = served.rules
    return {
        "name": served.name,
        "version": served.version,
        "method": getattr(manifest, "method", ""),
        "runtime": getattr(served.model, "runtime", ""),
        "labels": list(served.labels),
        "threshold": served.threshold,
        "thresholds": served.thresholds,
        "scope_threshold": rules.scope.threshold if rules and rules.scope else None,
        "oos_label": served.oos_label,
        "max_tokens": served.max_tokens,
        "loaded_at": int(served.loaded_at),
    }
