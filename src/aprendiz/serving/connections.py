"""One connection of our server: uvicorn's protocol with limits for slow and verbose clients.

uvicorn bounds neither how long a client may take to send a request's head nor how long that
head may be, so a few hundred idle sockets could be held for ever. What a body may be is
``middleware.py``'s. The file also tells a request when its client leaves, which otherwise
takes a task for each request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from aprendiz.serving.exchange import LEAVING
from aprendiz.serving.faults import Fault
from aprendiz.serving.middleware import send_fault

HEAD_SECONDS = 10.0
HEAD_BYTES = 32 * 1024
HEADERS = 100

_REASONS = {408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


class Connection(HttpToolsProtocol):
    """HTTP/1.1 with a deadline and a bound for the head of every request."""

    head_seconds = HEAD_SECONDS

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._in_head = False
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None
        self._leaving: set[Callable[[], object]] = set()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client has connected; the clock of its first request runs."""
        super().connection_made(transport)
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client has gone: whoever works for it is told."""
        self._stop_clock()
        super().connection_lost(exc)
        for leave in tuple(self._leaving):
            leave()

    def data_received(self, data: bytes) -> None:
        """Some bytes; most often a whole request, which needs no clock."""
        super().data_received(data)
        if not self._in_head:
            return
        self._head_bytes += len(data)
        if self._head_bytes > HEAD_BYTES or len(self.headers) > HEADERS:
            self._refuse(431, "the request's head is too long", "head_too_large")
        elif self._head_timer is None:
            self._start_clock()

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        super().on_message_begin()
        extensions: dict[str, Any] = {LEAVING: self._leaving}
        self.scope["extensions"] = extensions
        self._in_head = True
        self._head_bytes = 0

    def on_headers_complete(self) -> None:
        """The head is complete; it may still have come in one piece that is too long."""
        self._in_head = False
        self._stop_clock()
        length = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if len(self.headers) > HEADERS or length > HEAD_BYTES:
            self.app = _too_much_head  # the connection ends with its answer
        super().on_headers_complete()

    def _start_clock(self) -> None:
        self._head_timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def _stop_clock(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _too_slow(self) -> None:
        self._head_timer = None
        if self._in_head:
            self._refuse(408, "the request did not arrive in time", "too_slow")
        else:  # connected and never said a word
            self.transport.close()

    def _refuse(self, status: int, message: str, code: str) -> None:
        if self.transport.is_closing():
            return
        body = Fault(status, message, code=code).body("none")
        head = b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
        self.transport.write(
            head % (status, _REASONS[status], len(body)) + b"connection: close\r\n\r\n" + body
        )
        self.transport.close()


async def _too_much_head(scope: Any, receive: Any, send: Any) -> None:
    scope["state"]["request_id"] = "none"
    fault = Fault(
        431,
        "the request's head is too long",
        code="head_too_large",
        headers={"connection": "close"},
    )
    await send_fault(fault, scope, send)
