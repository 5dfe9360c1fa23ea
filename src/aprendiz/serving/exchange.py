"""A request and its answer, as the classifier's routes see them: plain ASGI, nothing more.

A route is ``async def route(exchange) -> Answer`` and raises :class:`Fault` where it cannot
answer. FastAPI describes these routes in ``/openapi.json`` but does not run them: what it does
for each request (dependencies, exit stacks, two middlewares) takes longer than everything here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from pydantic_core import to_json

from aprendiz.serving.faults import Fault
from aprendiz.serving.presence import ClientGone, Receive, while_there

T = TypeVar("T")

#: In a scope's ``extensions``: a set of functions that the server calls if the client leaves.
LEAVING = "aprendiz.leaving"

JSON_TYPES = frozenset({b"application/json", b"application/json; charset=utf-8"})


class Exchange:
    """One request.

    Attributes:
        scope: ASGI's.
        path: the values of the path's ``{names}``.
    """

    __slots__ = ("_receive", "path", "scope")

    def __init__(self, scope: Mapping[str, Any], receive: Receive, path: Mapping[str, str]) -> None:
        self.scope = scope
        self.path = path
        self._receive = receive

    @property
    def request_id(self) -> str:
        """The id it got in ``middleware.py``."""
        return str(self.scope["state"]["request_id"])

    @property
    def owner(self) -> str:
        """The name of the key it came with; empty without one."""
        return str(self.scope["state"].get("owner", ""))

    def header(self, name: bytes) -> str:
        """A header's value, the name in lower case; empty when it was not sent."""
        for key, value in self.scope["headers"]:
            if key == name:
                return str(value.decode("latin-1"))
        return ""

    async def body(self) -> bytes:
        """All of it, bounded in bytes and in time by the middleware."""
        message = await self._receive()
        if not message.get("more_body", False):
            return bytes(message.get("body", b""))
        pieces = [message.get("body", b"")]
        while message.get("more_body", False):
            message = await self._receive()
            pieces.append(message.get("body", b""))
        return b"".join(pieces)

    async def json(self) -> bytes:
        """The body of a request that says it is JSON in UTF-8.

        A missing header is refused too: browsers send such bodies across origins without
        asking first.

        Raises:
            Fault: 415.
        """
        require_json(self.scope["headers"])
        return await self.body()

    async def while_there(self, work: Awaitable[T]) -> T:
        """The result of some work, which is cancelled when the client leaves.

        Our own server says so by a callback, which costs nothing; for any other a task waits.

        Raises:
            ClientGone: the client has closed its connection.
        """
        leaving: set[Callable[[], object]] | None = self.scope.get("extensions", {}).get(LEAVING)
        task = asyncio.current_task()
        if leaving is None or task is None:
            return await while_there(self._receive, work)
        gone = False

        def leave() -> None:
            nonlocal gone
            gone = True
            task.cancel()

        leaving.add(leave)
        try:
            return await work
        except asyncio.CancelledError:
            if gone and not task.uncancel():
                raise ClientGone from None
            raise
        finally:
            leaving.discard(leave)


class Answer:
    """What goes back.

    Args:
        body: the bytes.
        status: HTTP status code.
        headers: beside ``content-type`` and ``content-length``.
        media_type: of the body.
    """

    __slots__ = ("body", "headers", "media_type", "status")

    def __init__(
        self,
        body: bytes,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: str = "application/json",
    ) -> None:
        self.body = body
        self.status = status
        self.headers = headers
        self.media_type = media_type

    @classmethod
    def of(cls, values: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        """A JSON answer; its numbers have been checked to be numbers (``served.py``)."""
        return cls(to_json(values, inf_nan_mode="null"), status, headers)


Route = Callable[[Exchange], Awaitable[Answer]]


class Lean:
    """A route as an ASGI application."""

    __slots__ = ("route",)

    def __init__(self, route: Route) -> None:
        self.route = route

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        answer = await self.route(Exchange(scope, receive, scope.get("path_params", {})))
        headers = [
            (b"content-type", answer.media_type.encode()),
            (b"content-length", b"%d" % len(answer.body)),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
        ]
        if answer.headers:
            headers += [(n.lower().encode(), v.encode()) for n, v in answer.headers.items()]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})


def require_json(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Refuse what is not declared as JSON in UTF-8, or is compressed.

    Raises:
        Fault: 415.
    """
    declared = encoding = b""
    for name, value in headers:
        if name == b"content-type":
            declared = value
        elif name == b"content-encoding":
            encoding = value
    if declared not in JSON_TYPES:
        media_type, _, parameters = declared.decode("latin-1").partition(";")
        charset = parameters.partition("charset=")[2].strip().strip('"').lower()
        if media_type.strip().lower() != "application/json" or charset not in ("", "utf-8", "utf8"):
            raise Fault(
                415, "send the header Content-Type: application/json", code="unsupported_media_type"
            )
    if encoding and encoding.lower() != b"identity":
        raise Fault(415, "send the body uncompressed", code="unsupported_encoding")
