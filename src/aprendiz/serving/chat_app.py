"""The HTTP face of a language model: OpenAI's ``/v1/chat/completions`` and ``/v1/models``.

``create_chat_app`` for code and tests; ``app`` for ``uvicorn aprendiz.serving.chat_app:app``
with ``APRENDIZ_MODEL`` set. What a request becomes is told in ``chats.py``, who answers in
``chat_service.py``; what all our apps share stands in ``app.py``.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any, Literal

from fastapi import FastAPI, Request, Response
from fastapi.responses import RedirectResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.json_schema import models_json_schema
from starlette.types import Receive, Scope, Send

from aprendiz.serving import docs_page
from aprendiz.serving.app import (
    ERRORS,
    REQUEST_ID_PARAMETER,
    answer_json,
    app_around,
    end_process,
    error_docs,
    not_ready,
    require_json,
)
from aprendiz.serving.chat_answers import STREAM, STREAM_HEADERS, ChatCompletion
from aprendiz.serving.chat_requests import AskedNamedChat
from aprendiz.serving.chat_service import ChatService, LoadChat, load_chat, unknown_model
from aprendiz.serving.faults import Fault
from aprendiz.serving.generation import MOST_INSIDE
from aprendiz.serving.presence import while_there
from aprendiz.serving.schemas import Health
from aprendiz.settings import Settings

_WORDS = ERRORS | {
    400: "The body is not JSON, a field is wrong, or the conversation is too long",
    404: "Another model was asked for than this server has",
    429: "Too many chats are waiting; see Retry-After",
}


class ShownModel(BaseModel):
    """The model of this server."""

    model_config = ConfigDict(use_attribute_docstrings=True)

    id: str
    """What to send as `model`."""
    object: Literal["model"]
    created: int
    """When this server loaded it, Unix seconds."""
    owned_by: str


class ShownModels(BaseModel):
    """Every model there is: one."""

    object: Literal["list"]
    data: list[ShownModel]


def create_chat_app(
    place: Path | None = None,
    *,
    settings: Settings | None = None,
    load: LoadChat = load_chat,
    most_inside: int = MOST_INSIDE,
    on_ready: Callable[[ChatService], None] | None = None,
    on_failure: Callable[[Exception], None] | None = None,
) -> FastAPI:
    """An application that loads a language model when a server starts it.

    Args:
        place: a model folder, an adapter, a Hugging Face folder, a ``.gguf`` file or the name
            of a base model; ``APRENDIZ_MODEL`` when not given.
        settings: this machine's settings; read at start when not given.
        load: how a place becomes a model; runs outside the event loop.
        most_inside: chats that may wait or be answered at once; one more gets a 429.
        on_ready: called on the event loop once the model is loaded and warm.
        on_failure: called on the event loop when it could not be loaded.

    The service is found at ``app.state.service``. Starting raises ``ModelFolderError`` when
    there is no such place.
    """
    service = ChatService(place, settings=settings, load=load, most_inside=most_inside)
    if on_ready is not None:
        service.on_ready = lambda: on_ready(service)
    if on_failure is not None:
        service.on_failure = on_failure
    app = app_around(service, "A language model behind HTTP.", docs_page.CHAT)
    _add_routes(app, service)
    _describe_request(app)

    @app.get("/", include_in_schema=False)
    async def root() -> Response:
        return RedirectResponse("docs")

    return app


def _add_routes(app: FastAPI, service: ChatService) -> None:
    loaded: dict[str, int] = {}

    def shown(name: str) -> dict[str, Any]:
        created = loaded.setdefault(name, int(time.time()))
        return {"id": name, "object": "model", "created": created, "owned_by": "aprendiz"}

    @app.get(
        "/health",
        response_model=Health,
        responses={503: {"model": Health, "description": "Not ready; see Retry-After"}},
        summary="Ready or not",
    )
    async def health() -> Response:
        """200 when requests are welcome; 503 while loading, draining, or after a failure."""
        if service.state != "ok" or service.model is None:
            return not_ready(service)
        return answer_json({"status": "ok", "model": service.model.name})

    @app.get(
        "/v1/models",
        response_model=ShownModels,
        responses=error_docs(500, 503, words=_WORDS),
        summary="The model there is",
    )
    async def models() -> Response:
        """A list of one: the model that this server has."""
        model, _ = service.ready()
        return answer_json({"object": "list", "data": [shown(model.name)]})

    @app.get(
        "/v1/models/{model:path}",
        response_model=ShownModel,
        responses=error_docs(404, 500, 503, words=_WORDS),
        summary="The model by its name",
    )
    async def one_model(model: str) -> Response:
        """The model of this server, if it has that name."""
        own, _ = service.ready()
        if model != own.name:
            raise unknown_model(own.name)
        return answer_json(shown(own.name))

    @app.post(
        "/v1/chat/completions",
        response_model=ChatCompletion,
        responses={
            200: {"content": STREAM},
            **error_docs(400, 404, 413, 415, 429, 500, 503, words=_WORDS),
        },
        summary="Go on with a conversation",
    )
    async def chat_completions(request: Request) -> Response:
        """What the assistant says next: whole, or with `stream` piece by piece as it comes."""
        require_json(request)
        wanted = await _read(request)
        chat = service.chat(wanted)
        if wanted.stream:
            events = chat.events()
            # What can go wrong before the first word has its own status.
            first = await while_there(request.receive, anext(events))
            return EventStream(first, events)
        return answer_json(await while_there(request.receive, chat.whole()))


async def _read(request: Request) -> AskedNamedChat:
    try:
        return AskedNamedChat.model_validate_json(await request.body())
    except ValidationError as error:
        findings = error.errors(include_url=False, include_input=False)
    raise Fault.of_findings([dict(finding) for finding in findings])


class EventStream(StreamingResponse):
    """Server-sent events; the work behind them ends with the connection.

    Args:
        first: the first event, already there.
        rest: the others.
    """

    def __init__(self, first: bytes, rest: AsyncGenerator[bytes, None]) -> None:
        self._events = _joined(first, rest)
        super().__init__(self._events, media_type="text/event-stream", headers=STREAM_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them; whatever ends the sending ends the reply that is being written."""
        async with aclosing(self._events):
            await super().__call__(scope, receive, send)


async def _joined(first: bytes, rest: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    async with aclosing(rest):
        yield first
        async for event in rest:
            yield event


def _describe_request(app: FastAPI) -> None:
    """Put the request body into the OpenAPI document, which the framework never parses."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            _, known = models_json_schema(
                [(AskedNamedChat, "validation")], ref_template="#/components/schemas/{model}"
            )
            document["components"]["schemas"].update(known["$defs"])
            reference = {"$ref": f"#/components/schemas/{AskedNamedChat.__name__}"}
            operation = document["paths"]["/v1/chat/completions"]["post"]
            operation["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": reference}},
            }
            operation["parameters"] = [REQUEST_ID_PARAMETER]
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


app = create_chat_app(on_failure=end_process)
