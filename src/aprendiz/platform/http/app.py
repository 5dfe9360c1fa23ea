"""The platform's HTTP face, put together: routes of every dialect, errors, the document.

``create_app`` for the server and for tests. What a route does stands in the file of its noun;
what happens around every request in ``envelope.py``.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Literal

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from aprendiz._version import __version__
from aprendiz.platform.answering import Answering
from aprendiz.platform.http import asked, chats, deployments, files, jobs, models
from aprendiz.platform.http.dialects import DIALECTS
from aprendiz.platform.http.envelope import Envelope
from aprendiz.platform.http.errors import add_handlers
from aprendiz.platform.http.pages import add_pages
from aprendiz.platform.service import Platform
from aprendiz.serving.chat_requests import AskedChat, AskedNamedChat

MOST_BODY_BYTES = 16 * 1024 * 1024
_BODIES = (
    asked.AskedJob,
    AskedChat,
    AskedNamedChat,
    asked.AskedDeployment,
    asked.AskedArmDeployment,
)
_ABOUT = (
    "Fine-tuning over the protocol of OpenAI (under `/v1`) and Azure OpenAI (under `/openai/v1`, "
    "and dated under `/openai`). Every job is a real training on this machine."
)


class Life:
    """What the server that runs the app needs to know of it, and tells it at the end."""

    def __init__(self, answering: Answering) -> None:
        self.state: Literal["ok", "draining"] = "ok"
        self._answering = answering

    def drain(self) -> None:
        """Tell balancers to go elsewhere; requests that still come are answered."""
        self.state = "draining"

    async def stop(self) -> None:
        """No request is left."""
        self.state = "draining"
        await self._answering.stop()


def create_app(platform: Platform, *, open_without_key: bool = False) -> FastAPI:
    """The application for a platform that has been started (or not, for a look without jobs).

    Args:
        open_without_key: let everybody in; for tests and for a machine of one's own.
    """
    answering = Answering(platform)
    life = Life(answering)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await life.stop()

    app = FastAPI(
        title="aprendiz platform",
        version=__version__,
        description=_ABOUT,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.platform = platform
    app.state.answering = answering
    app.state.service = life
    add_handlers(app)
    add_pages(app)
    for dialect in DIALECTS:
        for router in (
            files.routes(dialect),
            jobs.routes(dialect),
            models.routes(),
            chats.routes(),
        ):
            app.include_router(router, prefix=dialect.prefix)
    # Before the paths that a deployment's name, which may hold slashes, would swallow.
    app.include_router(chats.of_deployment(), prefix="/openai")
    app.include_router(deployments.data_plane(), prefix="/openai")
    app.include_router(deployments.resource_manager())
    app.add_middleware(
        Envelope,
        allows=None if open_without_key else platform.keys.allows,
        most_bytes=MOST_BODY_BYTES,
        most_file_bytes=platform.settings.platform_max_file_bytes,
        draining=lambda: life.state == "draining",
    )
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with the bodies that ``asked.read`` takes and the keys."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        _, known = models_json_schema(
            [(kind, "validation") for kind in _BODIES],
            ref_template="#/components/schemas/{model}",
        )
        parts = document.setdefault("components", {})
        parts.setdefault("schemas", {}).update(known.get("$defs", {}))
        parts["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"},
            "api-key": {"type": "apiKey", "in": "header", "name": "api-key"},
        }
        document["security"] = [{"bearer": []}, {"api-key": []}]
        app.openapi_schema = document
    return app.openapi_schema
