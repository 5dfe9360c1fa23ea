"""What happens around every request, whatever its route: identity, size, last resort, good-bye.

One pure ASGI middleware (a ``BaseHTTPMiddleware`` would buffer bodies and cost a
task a request). It gives each request an id, counts the body while it arrives,
turns an exception nobody expected into a clean 500, and closes connections while
the server drains. Routes and rules about content live in ``app.py``.
"""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
import uuid
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from aprendiz.serving.faults import Fault
from aprendiz.serving.life import RETRY_LOADING, ModelLife
from aprendiz.serving.presence import ClientGone

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("aprendiz.serving")

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")

# A client that is still sending when we close would get a reset instead of its 413.
# So a moderate rest is read and thrown away first; an immoderate one is cut off.
_DISCARD_BYTES = 8 * 1024 * 1024
_DISCARD_SECONDS = 5.0


class Envelope:
    """The middleware. ``service`` supplies the body limit and knows whether it drains."""

    def __init__(self, app: ASGIApp, service: ModelLife[Any]) -> None:
        self.app = app
        self.service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; anything but HTTP (the lifespan) passes straight through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id
        body = _CountedBody(scope["headers"], receive, self.service.settings.max_body_bytes)
        started = False

        async def send_marked(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
                if self.service.draining and (b"connection", b"close") not in headers:
                    headers.append((b"connection", b"close"))
                message = {**message, "headers": headers}
            await send(message)

        try:
            await self.app(scope, body.receive, send_marked)
        except BodyTooLarge:
            finished = await body.discard_rest()
            headers = {} if finished else {"connection": "close"}
            fault = Fault(
                413,
                f"the body is larger than {body.limit} bytes",
                code="body_too_large",
                headers=headers,
            )
        except ClientGone:
            return
        except asyncio.CancelledError:
            # A stop that was hurried along: whoever still waits hears so instead of nothing.
            if started or not self.service.draining:
                raise
            fault = Fault(503, "the server is stopping", code="stopping", headers=RETRY_LOADING)
        except Exception as error:
            # The message may hold the client's text, so only the kind and the place are logged.
            place = "".join(traceback.format_tb(error.__traceback__))
            log.error("request %s failed: %s\n%s", request_id, type(error).__name__, place)
            if started:
                raise
            fault = Fault.internal()
        else:
            return
        await send_fault(fault, request_id, send_marked)


class BodyTooLarge(Exception):
    """More bytes than the limit have arrived, or were announced."""


class _CountedBody:
    """Wraps ``receive``: never more than ``limit`` bytes reach the application."""

    def __init__(
        self, headers: Iterable[tuple[bytes, bytes]], receive: Receive, limit: int
    ) -> None:
        self.limit = limit
        self._receive = receive
        self._seen = 0
        self._ended = False
        declared = next((value for name, value in headers if name == b"content-length"), b"0")
        self._declared = int(declared[:20]) if declared.isdigit() else 0

    async def receive(self) -> Message:
        """The next piece.

        Raises:
            BodyTooLarge: over the limit, by announcement or by count.
            ClientGone: the connection was lost before the body was complete.
        """
        if self._declared > self.limit:
            raise BodyTooLarge
        message = await self._receive()
        if message["type"] == "http.disconnect":
            if not self._ended:
                raise ClientGone
            return message
        self._seen += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._seen > self.limit:
            raise BodyTooLarge
        return message

    async def discard_rest(self) -> bool:
        """Read on without keeping anything; false when there was too much to wait for."""
        if self._declared > _DISCARD_BYTES:
            return False
        try:
            async with asyncio.timeout(_DISCARD_SECONDS):
                while not self._ended and self._seen <= _DISCARD_BYTES:
                    message = await self._receive()
                    self._seen += len(message.get("body", b""))
                    self._ended = not message.get("more_body", False)
        except TimeoutError:
            return False
        return self._ended


async def send_fault(fault: Fault, request_id: str, send: Send) -> None:
    """Answer with a fault, as plain ASGI messages."""
    body = fault.body(request_id)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in fault.headers.items()]
    await send({"type": "http.response.start", "status": fault.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The client's own id where it is harmless in a log line and a header, else a new one."""
    for name, value in headers:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return value.decode("ascii")
    return f"req_{uuid.uuid4().hex}"
