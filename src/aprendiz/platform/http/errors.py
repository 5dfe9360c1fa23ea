"""Every error in one shape that both vendors' clients read, whoever raised it.

A route raises :class:`~aprendiz.platform.records.Refusal`; what FastAPI and Starlette raise
is turned into one here. The body has OpenAI's four fields and, on Azure's paths, Azure's
``innererror``; no stack trace, no path of this machine, and never FastAPI's ``detail``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

from aprendiz.platform.records import Refusal
from aprendiz.serving.faults import Fault

#: Seconds a client should wait before it tries again, by status.
RETRY_AFTER = {429: "1", 503: "2"}

_TYPES = {403: "permission_error", 429: "rate_limit_error"}
_CODES = {
    400: "invalid_request",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    413: "file_too_large",
    429: "rate_limit_exceeded",
    500: "internal_error",
    503: "service_unavailable",
}
_AZURE_PATHS = ("/openai", "/subscriptions")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


def of_azure(path: str) -> bool:
    """Whether a path belongs to one of Azure's dialects."""
    return path.startswith(_AZURE_PATHS)


def error_body(refusal: Refusal, path: str) -> dict[str, Any]:
    """``{"error": {…}}`` for a request to ``path``."""
    code = refusal.code or _CODES.get(refusal.status, "error")
    family = "server_error" if refusal.status >= 500 else "invalid_request_error"
    detail: dict[str, Any] = {
        "message": refusal.message,
        "type": _TYPES.get(refusal.status, family),
        "param": refusal.param,
        "code": code,
    }
    if of_azure(path):
        detail["innererror"] = {"code": code}
    return {"error": detail}


def error_headers(status: int) -> dict[str, str]:
    """Headers that keep a client from doing the wrong thing next.

    The official SDK repeats a 409 by itself unless told not to.
    """
    headers = {"retry-after": RETRY_AFTER[status]} if status in RETRY_AFTER else {}
    return headers | ({"x-should-retry": "false"} if status == 409 else {})


def error_answer(refusal: Refusal, path: str, headers: Mapping[str, str] | None = None) -> Response:
    """The whole answer to a refused request."""
    return Response(
        json.dumps(error_body(refusal, path), ensure_ascii=False).encode("utf-8", "replace"),
        status_code=refusal.status,
        headers={**(headers or {}), **error_headers(refusal.status)},
        media_type="application/json",
    )


def refusal_of_status(status: int, method: str, path: str, detail: str = "") -> Refusal:
    """What Starlette says with a bare status, in words that help."""
    if status == 404:
        words = f"There is nothing at {method} {path}; GET /openapi.json lists what there is."
    elif status == 405:
        words = f"{path} does not take {method}; the header Allow lists what it takes."
    else:
        words = detail or HTTPStatus(status).phrase
    return Refusal(status, words)


def refusal_of_faults(faults: Sequence[Mapping[str, Any]]) -> Refusal:
    """The first of Pydantic's findings as one sentence; what was sent is not repeated."""
    return refusal_of(Fault.of_findings(faults))


def refusal_of(fault: Fault) -> Refusal:
    """What the serving room raises (``serving/chats.py``) in our terms."""
    return Refusal(fault.status, fault.message, code=fault.code, param=fault.param)


def add_handlers(app: FastAPI) -> None:
    """Have everything that a route raises on purpose answered in our shape."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refusal)
        return error_answer(error, request.url.path)

    async def faulty(request: Request, error: Exception) -> Response:
        assert isinstance(error, Fault)
        return error_answer(refusal_of(error), request.url.path)

    async def not_valid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return error_answer(refusal_of_faults(error.errors()), request.url.path)

    async def not_routed(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path = request.url.path
        refusal = refusal_of_status(error.status_code, request.method, path, str(error.detail))
        allowed = _allowed(request) if error.status_code == 405 else ""
        return error_answer(refusal, path, {"allow": allowed} if allowed else error.headers)

    app.add_exception_handler(Refusal, refused)
    app.add_exception_handler(Fault, faulty)
    app.add_exception_handler(RequestValidationError, not_valid)
    app.add_exception_handler(HTTPException, not_routed)


def _allowed(request: Request) -> str:
    """Every method that a path takes; Starlette's own answer names those of one route only."""
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    asked = ({**request.scope, "method": method} for method in _METHODS)
    return ", ".join(
        scope["method"]
        for scope in asked
        if any(route.matches(scope)[0] is Match.FULL for route in routes)
    )
