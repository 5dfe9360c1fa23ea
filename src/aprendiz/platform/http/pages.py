"""What needs no key: whether the service is there, and its page for people."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from aprendiz.platform.http.shapes import Health

PAGES = Path(__file__).resolve().parents[1] / "pages"
_POLICY = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}
_NO_KEY: dict[str, Any] = {"security": []}


def add_pages(app: FastAPI) -> None:
    """Add the routes, and the folder that the page takes its parts from."""
    router = APIRouter(tags=["service"])

    @router.get(
        "/health",
        response_model=Health,
        responses={503: {"model": Health, "description": "The service is about to stop."}},
        openapi_extra=_NO_KEY,
    )
    def health(request: Request, response: Response) -> dict[str, Any]:
        """Whether to send requests here; for balancers."""
        draining = request.app.state.service.state != "ok"
        response.status_code = 503 if draining else 200
        return {"status": "draining" if draining else "ok"}

    @router.get("/livez", response_model=Health, openapi_extra=_NO_KEY)
    def livez() -> dict[str, Any]:
        """Whether the process answers at all."""
        return {"status": "ok"}

    @router.get("/", include_in_schema=False)
    def index() -> FileResponse:
        return FileResponse(PAGES / "index.html", headers=_POLICY)

    app.include_router(router)
    app.mount("/pages", _Parts(directory=PAGES), name="pages")


class _Parts(StaticFiles):
    """The page's scripts and styles; a browser asks each time whether they have changed."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """As Starlette does, but never from a cache without asking."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        return response
