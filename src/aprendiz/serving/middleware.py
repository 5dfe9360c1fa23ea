"""What happens around every request, whatever its route: identity, key, size, last resort, good-bye.

One pure ASGI middleware (a ``BaseHTTPMiddleware`` would buffer bodies and cost a
task a request). It gives each request an id, asks for its key, counts the body while it
arrives and the time it takes, turns an exception nobody expected into a clean 500, tells those
who watch, and closes connections while the server drains. Rules about content live with the
routes.
"""

from __future__ import annotations

import asyncio
import logging
import re
import traceback
import uuid
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Protocol

from aprendiz.serving.faults import Fault
from aprendiz.serving.life import RETRY_LOADING, ModelLife
from aprendiz.serving.presence import ClientGone

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
ASGIApp = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger("aprendiz.serving")

CLIENT_GONE = 499
"""What a request counts as whose client left; never sent."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")

# A client that is still sending when we close would get a reset instead of its 413.
# So a moderate rest is read and thrown away first; an immoderate one is cut off.
_DISCARD_BYTES = 8 * 1024 * 1024
_DISCARD_SECONDS = 5.0


class Watcher(Protocol):
    """Who is told of requests: ``metrics.py``, ``tracing.py``."""

    def begin(self, scope: Scope) -> Any:
        """A request has come; what is given back comes again in :meth:`end`."""
        ...

    def end(self, begun: Any, scope: Scope, status: int, fault: Fault | None) -> None:
        """It was answered; ``CLIENT_GONE`` when its client left first."""
        ...


class Envelope:
    """The middleware.

    Args:
        app: what it goes around.
        service: supplies the limits and the door, and knows whether it drains.
        watchers: told of every request.
    """

    def __init__(
        self, app: ASGIApp, service: ModelLife[Any], watchers: Iterable[Watcher] = ()
    ) -> None:
        self.app = app
        self.service = service
        self.watchers = tuple(watchers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request; anything but HTTP (the lifespan) passes straight through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        service = self.service
        request_id = _request_id(scope["headers"])
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        begun = [watcher.begin(scope) for watcher in self.watchers]
        limits = service.settings
        body = _CountedBody(
            scope["headers"], receive, limits.max_body_bytes, limits.serve_read_seconds
        )
        status = 0
        fault: Fault | None = None

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", []), (b"x-request-id", request_id.encode())]
                if service.draining and (b"connection", b"close") not in headers:
                    headers.append((b"connection", b"close"))
                message = {**message, "headers": headers}
            await send(message)

        try:
            try:
                state["owner"] = service.door.owner(scope)
                await self.app(scope, body.receive, send_marked)
            except Fault as error:
                fault = error
            except BodyTooLarge:
                finished = await body.discard_rest()
                fault = Fault(
                    413,
                    f"the body is larger than {body.limit} bytes",
                    code="body_too_large",
                    headers={} if finished else {"connection": "close"},
                )
            except BodyTooSlow:
                fault = Fault(
                    408,
                    "the body did not arrive in time",
                    code="too_slow",
                    headers={"connection": "close"},
                )
            except ClientGone:
                status = CLIENT_GONE
                return
            except asyncio.CancelledError:
                # A stop that was hurried along: whoever still waits hears so instead of nothing.
                if status or not service.draining:
                    raise
                fault = Fault(503, "the server is stopping", code="stopping", headers=RETRY_LOADING)
            except Exception as error:
                # The message may hold the client's text, so only the kind and the place are logged.
                cause = error.__cause__ or error
                place = "".join(traceback.format_tb(cause.__traceback__))
                log.error("request %s failed: %s\n%s", request_id, type(cause).__name__, place)
                if status:
                    raise
                fault = Fault.internal(getattr(error, "param", None))
            if fault is not None:
                await send_fault(fault, scope, send_marked)
        finally:
            for watcher, token in zip(self.watchers, begun, strict=True):
                watcher.end(token, scope, status, fault)


class BodyTooLarge(Exception):
    """More bytes than the limit have arrived, or were announced."""


class BodyTooSlow(Exception):
    """The body was not complete within the read deadline."""


class _CountedBody:
    """Wraps ``receive``: never more than ``limit`` bytes, nor later than ``seconds``, get through."""

    def __init__(
        self,
        headers: Iterable[tuple[bytes, bytes]],
        receive: Receive,
        limit: int,
        seconds: float,
    ) -> None:
        self.limit = limit
        self._receive = receive
        self._seconds = seconds
        self._until = 0.0
        self._seen = 0
        self._ended = False
        declared = next((value for name, value in headers if name == b"content-length"), b"0")
        self._declared = int(declared[:20]) if declared.isdigit() else 0

    async def receive(self) -> Message:
        """The next piece.

        Raises:
            BodyTooLarge: over the limit, by announcement or by count.
            BodyTooSlow: over the time that all pieces together may take.
            ClientGone: the connection was lost before the body was complete.
        """
        if self._ended:
            return await self._receive()
        if self._declared > self.limit:
            raise BodyTooLarge
        self._until = self._until or asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow from None
        if message["type"] == "http.disconnect":
            raise ClientGone
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


async def send_fault(fault: Fault, scope: Scope, send: Send) -> None:
    """Answer with a fault, as plain ASGI messages."""
    body = fault.answer(scope["path"], scope["state"]["request_id"])
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
