"""The HTTP face of a classifier: routes, error handlers, OpenAPI.

``create_app`` for code and tests; ``app`` for ``uvicorn aprendiz.serving.app:app``
with ``APRENDIZ_MODEL`` set. Making an app reads no setting and loads no model:
that happens when a server starts it. How a process is run and stopped is
``server.py``; what is done with a text is ``service.py``; what a route says is in the file of
its protocol (``native.py``, ``huggingface.py`` …). A model that speaks is behind
``chat_app.py``, which takes from here what every app of ours has.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.types import Receive, Scope, Send

from aprendiz._version import __version__
from aprendiz.errors import AprendizError
from aprendiz.serving import (
    condition,
    corrections,
    docs_page,
    exchange,
    huggingface,
    invocations,
    native,
    open_inference,
    playground,
)
from aprendiz.serving.connections import HEAD_BYTES
from aprendiz.serving.endpoint import Endpoint
from aprendiz.serving.exchange import Lean
from aprendiz.serving.faults import Fault
from aprendiz.serving.life import RETRY_LOADING, ModelLife
from aprendiz.serving.middleware import ASGIApp, Envelope, Watcher
from aprendiz.serving.open_inference import ProtocolError
from aprendiz.serving.schemas import LIMIT, ErrorBody
from aprendiz.serving.service import Load, Service, load_model
from aprendiz.settings import Settings

ERRORS: dict[int, str] = {
    400: "The body is not JSON in UTF-8, or of another shape than this protocol's",
    401: "No key, or a wrong one",
    404: "There is no such model, or nothing of this kind here",
    408: "The body did not arrive in time",
    413: "The body, its texts or their number are larger than the server takes",
    415: "The body is not declared as application/json",
    422: "The text is missing, blank, too long or not a string, or there is another field",
    429: "Too many texts are waiting; see Retry-After",
    500: "Our bug or the model's; the log has it under the request id",
    503: "The model is not ready; see Retry-After",
    504: "The answer did not come in time",
}

REQUEST_ID_PARAMETER = {
    "name": "X-Request-Id",
    "in": "header",
    "required": False,
    "description": "Your own id for this request: up to 128 letters, digits, dots, hyphens or "
    "underscores. Returned with the answer and in our log; anything else is replaced.",
    "schema": {"type": "string", "maxLength": HEAD_BYTES},
}


class App(FastAPI):
    """FastAPI with a way past it for the routes that are asked most.

    It knows and describes every route. Those of ``lean`` are answered before its own layers,
    which take longer than parsing, tokenizing and writing the answer together; a path that
    is not exactly theirs goes the long way.
    """

    lean: dict[tuple[str, str], tuple[str, ASGIApp]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        if scope["type"] == "http":
            short = self.lean.get((scope["method"], scope["path"]))
            if short is not None:
                scope.setdefault("state", {})["route"], answer = short
                await answer(scope, receive, send)
                return
        await super().__call__(scope, receive, send)


class _Route(APIRoute):
    """A route that FastAPI describes and :class:`Lean` answers."""

    def run(self, endpoint: Endpoint) -> None:
        """Answer with this endpoint instead of a function that FastAPI would call."""
        self.app = Lean(endpoint.route)


MODEL_PARAMETER = {
    "name": "model",
    "in": "path",
    "required": True,
    "description": "One of the server's models.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 512},
}


def create_app(
    model_folder: Path | Sequence[Path] | None = None,
    *,
    threshold: float | None = None,
    settings: Settings | None = None,
    load: Load = load_model,
    anyone: bool = False,
    watchers: Sequence[Watcher] = (),
    on_ready: Callable[[Service], None] | None = None,
    on_failure: Callable[[Exception], None] | None = None,
) -> App:
    """An application that loads ``model_folder`` when a server starts it.

    Args:
        model_folder: what to serve, one or several; ``APRENDIZ_MODEL`` when not given.
        threshold: confidence under which an answer asks for clarification. When not
            given: ``APRENDIZ_THRESHOLD`` if it is set, else the model's own.
        settings: this machine's settings; read at start when not given.
        load: how a folder becomes a model; runs outside the event loop.
        anyone: whether machines beyond this one may come in without a key.
        watchers: told of every request, beside the metrics.
        on_ready: called on the event loop once the models are loaded and warm.
        on_failure: called on the event loop when one could not be loaded.

    The service is found at ``app.state.service``. Starting raises
    ``ModelFolderError`` when there is no folder at all; a folder that turns out to be
    damaged while it is loaded shows as ``failed`` in ``/health`` and in ``on_failure``.
    """
    folders = [model_folder] if isinstance(model_folder, Path) else model_folder or ()
    service = Service(folders, threshold=threshold, settings=settings, load=load, anyone=anyone)
    if on_ready is not None:
        service.on_ready = lambda: on_ready(service)
    if on_failure is not None:
        service.on_failure = on_failure

    everyone = (service.metrics, *watchers)
    app = app_around(
        service, "A specialist text model behind HTTP.", docs_page.CLASSIFY, watchers=everyone
    )
    open_to_requests: list[Endpoint] = []
    rooms = (native, huggingface, invocations, open_inference, corrections, condition, playground)
    for room in rooms:
        open_to_requests += room.endpoints(service)
    for endpoint in open_to_requests:
        _add(app, endpoint)
        if "{" not in endpoint.path:
            lean = Envelope(Lean(endpoint.route), service, everyone)
            app.lean[endpoint.method, endpoint.path] = endpoint.path, lean
    _describe(app, service, open_to_requests)
    return app


def app_around(
    service: ModelLife[Any], summary: str, page: str, *, watchers: Sequence[Watcher] = ()
) -> App:
    """An application that lets a model live, with what every one of ours has but its routes.

    Args:
        service: the model's life; found at ``app.state.service``.
        summary: of the OpenAPI document.
        page: the HTML at ``/docs``.
        watchers: told of every request.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        try:
            yield
        except asyncio.CancelledError:
            # After a failed load, or a second signal, the process is ending on purpose (see
            # end_process); a stack trace of the ending would only bury what was said.
            if service.failure is None and not service.draining:
                raise
        finally:
            await service.stop()

    app = App(
        title="aprendiz",
        summary=summary,
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.lean = {}
    app.state.service = service
    app.add_middleware(Envelope, service=service, watchers=watchers)
    app.add_exception_handler(Fault, _answer_fault)
    app.add_exception_handler(HTTPException, _answer_fault)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(page, headers=docs_page.HEADERS)

    return app


def _add(app: App, endpoint: Endpoint) -> None:
    """Make a route known to FastAPI, for its documentation and for unusual paths."""

    async def described() -> None:
        """Never called: the route's ASGI application is taken over below."""

    described.__doc__ = endpoint.route.__doc__
    described.__name__ = endpoint.route.__name__
    words: dict[int | str, dict[str, Any]] = dict(error_docs(*endpoint.statuses))
    for status, said in words.items():
        if endpoint.path.startswith("/v2/"):
            said["model"] = ProtocolError
        elif status == 503 and endpoint.method == "GET" and endpoint.response is not None:
            said["model"] = endpoint.response
    if endpoint.response is None:
        words[200] = {"content": {endpoint.media: {"schema": {"type": "string"}}}}
    parameters = [MODEL_PARAMETER] if "{model}" in endpoint.path else []
    route = _Route(
        endpoint.path,
        described,
        methods=[endpoint.method],
        response_model=endpoint.response,
        responses=words,
        summary=endpoint.summary,
        include_in_schema=endpoint.shown,
        response_class=Response if endpoint.response is None else JSONResponse,
        status_code=201 if endpoint.path == "/feedback" else 200,
        openapi_extra={"parameters": parameters},
        operation_id=f"{described.__name__}_{endpoint.path.strip('/').replace('/', '_')}",
    )
    route.run(endpoint)
    app.router.routes.append(route)


def not_ready(service: ModelLife[Any]) -> Response:
    """What ``/health`` says of a model that should not be sent requests."""
    return answer_json({"status": service.state}, status=503, headers=RETRY_LOADING)


def require_json(request: Request) -> None:
    """Refuse what is not declared as JSON in UTF-8.

    Raises:
        Fault: 415.
    """
    exchange.require_json(request.scope["headers"])


async def _answer_fault(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        error = Fault.of_status(error.status_code, error.headers)
    assert isinstance(error, Fault)
    return Response(
        error.answer(request.url.path, request.state.request_id),
        status_code=error.status,
        headers=error.headers,
        media_type="application/json",
    )


def answer_json(
    values: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A JSON answer."""
    body = to_json(values)
    return Response(body, status_code=status, headers=headers, media_type="application/json")


def error_docs(
    *statuses: int, words: Mapping[int, str] | None = None
) -> dict[int | str, dict[str, Any]]:
    """For a route's documentation: the errors it may answer with, and what each means."""
    documented: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        documented[status] = {"model": ErrorBody, "description": (words or ERRORS)[status]}
    return documented


def _describe(app: App, service: Service, endpoints: Sequence[Endpoint]) -> None:
    """Put the request bodies into the OpenAPI document, with the limits of this machine.

    The routes read their bodies themselves, more strictly about JSON than the framework; so
    the framework does not know their schemas.
    """
    generate = app.openapi
    asked = [endpoint for endpoint in endpoints if endpoint.request is not None]

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            shapes = [(each.request, "validation") for each in asked if each.request is not None]
            _, schemas = models_json_schema(
                shapes,  # type: ignore[arg-type]
                ref_template="#/components/schemas/{model}",
            )
            document["components"]["schemas"].update(schemas["$defs"])
            for endpoint in asked:
                assert endpoint.request is not None
                reference = {"$ref": f"#/components/schemas/{endpoint.request.__name__}"}
                content: dict[str, Any] = {"application/json": {"schema": reference}}
                for media in endpoint.also:
                    most = service.settings.max_body_bytes
                    content[media] = {"schema": {"type": "string", "maxLength": most}}
                operation = document["paths"][endpoint.path]["post"]
                operation["requestBody"] = {"required": True, "content": content}
                operation.setdefault("parameters", []).append(REQUEST_ID_PARAMETER)
            _put_limits(document, service.settings)
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def _put_limits(node: Any, settings: Settings) -> None:
    """Give every bound that is this machine's its number."""
    if isinstance(node, list):
        for each in node:
            _put_limits(each, settings)
    if not isinstance(node, dict):
        return
    match node.pop(LIMIT, None):
        case "characters":
            node["maxLength"] = settings.max_characters
        case "inputs":
            node["maxItems"] = settings.serve_max_inputs
    for each in node.values():
        _put_limits(each, settings)


def end_process(error: Exception) -> None:
    """End a process that somebody else's ``uvicorn`` runs, with our exit code.

    After start-up uvicorn leaves an application no other way to do that: raised in a
    task, ``SystemExit`` goes through the event loop and out of the process.
    """
    raise SystemExit(error.exit_code if isinstance(error, AprendizError) else 1)


app = create_app(on_failure=end_process)
