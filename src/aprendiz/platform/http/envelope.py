"""What happens around every request, whatever its route: identity, key, size, last resort.

One pure ASGI middleware (a ``BaseHTTPMiddleware`` would buffer uploads). The key is looked
at before a byte of the body is read; a body is counted while it arrives; an exception that
nobody expected becomes a clean 500 whose place in the code stands in the log under the
request's id.
"""

from __future__ import annotations

import logging
import re
import time
import traceback
import uuid
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from hashlib import sha256
from typing import Any

from starlette.concurrency import run_in_threadpool

from aprendiz.errors import AprendizError
from aprendiz.platform.http.errors import error_answer, of_azure
from aprendiz.platform.records import Refusal
from aprendiz.serving.presence import ClientGone

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("aprendiz.platform")

#: What needs no key: whether the service is there, what it offers, and its page.
OPEN_PATHS = frozenset({"/", "/health", "/livez", "/openapi.json"})
OPEN_FOLDER = "/pages/"

# Beside the file, an upload holds its boundary, its headers and a few short fields.
_MULTIPART_REST = 64 * 1024
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_KEY_REMEMBERED_SECONDS = 2.0


class Envelope:
    """The middleware.

    Args:
        app: what it goes around.
        allows: whether a key may use the service; ``None`` lets everybody in. Asked in a
            thread, since it looks into the database. A right key is remembered for two
            seconds, so a revoked one opens nothing after that.
        most_bytes: largest body of an ordinary request.
        most_file_bytes: largest uploaded file.
        draining: whether the service is about to stop, so that connections should close.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        allows: Callable[[str], bool] | None,
        most_bytes: int,
        most_file_bytes: int,
        draining: Callable[[], bool],
    ) -> None:
        self.app = app
        self.most_bytes = most_bytes
        self.most_file_bytes = most_file_bytes
        self.draining = draining
        self._door = _Door(allows) if allows else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; anything but HTTP (the lifespan) passes straight through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        path: str = scope["path"]
        started = False
        # Whatever can be got has a head (RFC 9110, 9.3.2); the routes know only GET.
        head = scope["method"] == "HEAD"
        if head:
            scope = {**scope, "method": "GET"}

        async def send_marked(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {
                    **message,
                    "headers": [*message["headers"], *self._marks(request_id, path)],
                }
            elif head:
                message = {**message, "body": b""}
            await send(message)

        try:
            if self._door:
                await self._door.check(path, headers)
            await self.app(scope, self._counted(scope, receive), send_marked)
            return
        except ClientGone:
            return
        except Refusal as error:
            if started:
                raise
            refusal = error
        except Exception as error:
            _log(request_id, error)
            if started:
                raise
            refusal = Refusal(
                500,
                "Something failed on our side; the service's log has it under the request id "
                f"{request_id}.",
            )
        await error_answer(refusal, path)(scope, receive, send_marked)

    def _marks(self, request_id: str, path: str) -> list[tuple[bytes, bytes]]:
        """Headers that every answer has."""
        marks = [(b"x-request-id", request_id.encode()), (b"x-content-type-options", b"nosniff")]
        if of_azure(path):
            marks.append((b"apim-request-id", request_id.encode()))
        if self.draining():
            marks.append((b"connection", b"close"))
        return marks

    def _counted(self, scope: Scope, receive: Receive) -> Receive:
        """``receive`` that refuses a body larger than its path may have.

        What is left of a refused body is read and thrown away by uvicorn.
        """
        upload = scope["method"] == "POST" and scope["path"].endswith("/files")
        limit = self.most_file_bytes if upload else self.most_bytes
        allowed = limit + (_MULTIPART_REST if upload else 0)
        declared = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        too_large = Refusal(
            413,
            f"The {'file' if upload else 'body'} is larger than {limit} bytes, the most that this "
            "service takes.",
            code="file_too_large" if upload else "body_too_large",
            param="file" if upload else None,
        )
        seen = 0
        ended = False

        async def counted() -> Message:
            nonlocal seen, ended
            if declared.isdigit() and int(declared[:20]) > allowed:
                raise too_large
            message = await receive()
            if message["type"] == "http.disconnect":
                if not ended:
                    raise ClientGone
                return message
            seen += len(message.get("body", b""))
            ended = not message.get("more_body", False)
            if seen > allowed:
                raise too_large
            return message

        return counted


class _Door:
    """Asks for a key, in either vendor's header."""

    def __init__(self, allows: Callable[[str], bool]) -> None:
        self._allows = allows
        self._let_in: dict[bytes, float] = {}

    async def check(self, path: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Let a request through.

        Raises:
            Refusal: 401, no key or a wrong one.
        """
        if path in OPEN_PATHS or path.startswith(OPEN_FOLDER):
            return
        key = _key(headers)
        if not key:
            raise Refusal(
                401,
                "This service asks for a key: send it as 'Authorization: Bearer KEY' or as "
                "'api-key: KEY'. 'aprendiz platform key new NAME' makes one.",
                code="invalid_api_key",
            )
        digest = sha256(key.encode()).digest()
        now = time.monotonic()
        if self._let_in.get(digest, 0.0) > now:
            return
        if not await run_in_threadpool(self._allows, key):
            raise Refusal(
                401,
                "The key is not one of this service's. 'aprendiz platform key list' shows which "
                "there are, 'aprendiz platform key new NAME' makes one.",
                code="invalid_api_key",
            )
        self._let_in = {each: until for each, until in self._let_in.items() if until > now}
        self._let_in[digest] = now + _KEY_REMEMBERED_SECONDS


def _key(headers: Iterable[tuple[bytes, bytes]]) -> str:
    found = {name: value.decode("latin-1").strip() for name, value in headers}
    scheme, _, token = found.get(b"authorization", "").partition(" ")
    bearer = token.strip() if scheme.lower() == "bearer" else ""
    return bearer or found.get(b"api-key", "")


def _log(request_id: str, error: Exception) -> None:
    """The kind of a fault and its place; its message only where we wrote it ourselves."""
    if isinstance(error, AprendizError):
        log.error("request %s failed: %s %s", request_id, error.message, error.hint)
        return
    # Another library's message may hold what the client sent.
    place = "".join(traceback.format_tb(error.__traceback__))
    log.error("request %s failed: %s\n%s", request_id, type(error).__name__, place)


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The client's own id where it is harmless in a log line and a header, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode("ascii")
    return f"req_{uuid.uuid4().hex}"
