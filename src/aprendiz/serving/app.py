"""The HTTP face of a classifier: routes, error handlers, OpenAPI.

``create_app`` for code and tests; ``app`` for ``uvicorn aprendiz.serving.app:app``
with ``APRENDIZ_MODEL`` set. Making an app reads no setting and loads no model:
that happens when a server starts it. How a process is run and stopped is
``server.py``; what is done with a text is ``service.py``. A model that speaks is behind
``chat_app.py``, which takes from here what every app of ours has.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from aprendiz._version import __version__
from aprendiz.errors import AprendizError
from aprendiz.serving import docs_page
from aprendiz.serving.faults import Fault
from aprendiz.serving.life import RETRY_LOADING, ModelLife
from aprendiz.serving.middleware import Envelope
from aprendiz.serving.schemas import (
    ClassifyRequest,
    ClassifyResponse,
    ErrorBody,
    Health,
    answer,
)
from aprendiz.serving.service import Load, Service, load_model
from aprendiz.settings import Settings

ERRORS: dict[int, str] = {
    400: "The body is not JSON in UTF-8",
    413: "The body is larger than the server takes",
    415: "The body is not declared as application/json",
    422: "The text is missing, blank, too long or not a string, or there is another field",
    429: "Too many requests are waiting; see Retry-After",
    500: "Our bug or the model's; the log has it under the request id",
    503: "The model is not ready; see Retry-After",
}

REQUEST_ID_PARAMETER = {
    "name": "X-Request-Id",
    "in": "header",
    "required": False,
    "description": "Your own id for this request; returned with the answer and in our log.",
    "schema": {"type": "string", "maxLength": 128, "pattern": "^[A-Za-z0-9._-]{1,128}$"},
}


def create_app(
    model_folder: Path | None = None,
    *,
    threshold: float | None = None,
    settings: Settings | None = None,
    load: Load = load_model,
    max_waiting: int = 512,
    on_ready: Callable[[Service], None] | None = None,
    on_failure: Callable[[Exception], None] | None = None,
) -> FastAPI:
    """An application that loads ``model_folder`` when a server starts it.

    Args:
        model_folder: what to serve; ``APRENDIZ_MODEL`` when not given.
        threshold: confidence under which an answer asks for clarification. When not
            given: ``APRENDIZ_THRESHOLD`` if it is set, else the model's own.
        settings: this machine's settings; read at start when not given.
        load: how a folder becomes a model; runs outside the event loop.
        max_waiting: requests that may wait for the model; one more gets a 429.
        on_ready: called on the event loop once the model is loaded and warm.
        on_failure: called on the event loop when it could not be loaded.

    The service is found at ``app.state.service``. Starting raises
    ``ModelFolderError`` when there is no folder at all; a folder that turns out to be
    damaged while it is loaded shows as ``failed`` in ``/health`` and in ``on_failure``.
    """
    service = Service(
        model_folder, threshold=threshold, settings=settings, load=load, max_waiting=max_waiting
    )
    if on_ready is not None:
        service.on_ready = lambda: on_ready(service)
    if on_failure is not None:
        service.on_failure = on_failure

    app = app_around(service, "A specialist text model behind HTTP.", docs_page.CLASSIFY)
    _add_routes(app, service)
    _describe_request(app, service)
    return app


def app_around(service: ModelLife[Any], summary: str, page: str) -> FastAPI:
    """An application that lets a model live, with what every one of ours has but its routes.

    Args:
        service: the model's life; found at ``app.state.service``.
        summary: of the OpenAPI document.
        page: the HTML at ``/docs``.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.start()
        try:
            yield
        except asyncio.CancelledError:
            # After a failed load the process is ending on purpose (see end_process);
            # a stack trace of the ending would only bury what was wrong.
            if service.failure is None:
                raise
        finally:
            await service.stop()

    app = FastAPI(
        title="aprendiz",
        summary=summary,
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.service = service
    app.add_middleware(Envelope, service=service)
    app.add_exception_handler(Fault, _answer_fault)
    app.add_exception_handler(HTTPException, _answer_fault)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return HTMLResponse(page, headers=docs_page.HEADERS)

    @app.get("/", include_in_schema=False)
    async def root() -> Response:
        return RedirectResponse("docs")

    return app


def _add_routes(app: FastAPI, service: Service) -> None:
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
        model = service.model
        return answer_json({"status": "ok", "model": model.name, "version": model.version})

    @app.post(
        "/classify",
        response_model=ClassifyResponse,
        responses=error_docs(400, 413, 415, 422, 429, 500, 503),
        summary="Classify one text",
    )
    async def classify(request: Request) -> Response:
        """The most probable label of a text, and how sure the model is of every label."""
        require_json(request)
        wanted = ClassifyRequest.parse(await request.body(), service.settings.max_characters)
        prediction, model = await service.classify(wanted.text)
        return answer_json(answer(prediction, model.name, model.version))


def not_ready(service: ModelLife[Any]) -> Response:
    """What ``/health`` says of a model that should not be sent requests."""
    return answer_json({"status": service.state}, status=503, headers=RETRY_LOADING)


def require_json(request: Request) -> None:
    """Refuse what is not declared as JSON in UTF-8.

    A missing header is refused too: browsers send such bodies across origins
    without asking first.

    Raises:
        Fault: 415.
    """
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.partition("charset=")[2].strip().strip('"').lower()
    if media_type.strip().lower() != "application/json" or charset not in ("", "utf-8", "utf8"):
        raise Fault(
            415, "send the header Content-Type: application/json", code="unsupported_media_type"
        )
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise Fault(415, "send the body uncompressed", code="unsupported_encoding")


async def _answer_fault(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException):
        error = Fault.of_status(error.status_code, error.headers)
    assert isinstance(error, Fault)
    return Response(
        error.body(request.state.request_id),
        status_code=error.status,
        headers=error.headers,
        media_type="application/json",
    )


def answer_json(
    values: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """A JSON answer."""
    body = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(
        body.encode(), status_code=status, headers=headers, media_type="application/json"
    )


def error_docs(
    *statuses: int, words: Mapping[int, str] | None = None
) -> dict[int | str, dict[str, Any]]:
    """For a route's documentation: the errors it may answer with, and what each means."""
    documented: dict[int | str, dict[str, Any]] = {}
    for status in statuses:
        documented[status] = {"model": ErrorBody, "description": (words or ERRORS)[status]}
    return documented


def _describe_request(app: FastAPI, service: Service) -> None:
    """Put the request body into the OpenAPI document, with the limit of this machine.

    The body is read by :meth:`ClassifyRequest.parse`, which is stricter about JSON
    than the framework; so the framework does not know its schema.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            schema = ClassifyRequest.model_json_schema()
            schema["properties"]["text"]["maxLength"] = service.settings.max_characters
            document["components"]["schemas"]["ClassifyRequest"] = schema
            reference = {"$ref": "#/components/schemas/ClassifyRequest"}
            operation = document["paths"]["/classify"]["post"]
            operation["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": reference}},
            }
            operation["parameters"] = [REQUEST_ID_PARAMETER]
        assert app.openapi_schema is not None
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]


def end_process(error: Exception) -> None:
    """End a process that somebody else's ``uvicorn`` runs, with our exit code.

    After start-up uvicorn leaves an application no other way to do that: raised in a
    task, ``SystemExit`` goes through the event loop and out of the process.
    """
    raise SystemExit(error.exit_code if isinstance(error, AprendizError) else 1)


app = create_app(on_failure=end_process)
