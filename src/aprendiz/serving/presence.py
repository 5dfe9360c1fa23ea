"""Whether the client that asked is still there. Plain ASGI, so that every server room may use it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeVar

T = TypeVar("T")

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ClientGone(Exception):
    """The client has closed its connection; nobody waits for an answer."""


async def while_there(receive: Receive, work: Awaitable[T]) -> T:
    """The result of some work for as long as its client waits; the work is cancelled otherwise.

    Args:
        receive: the request's ASGI channel, its body read to the end.

    Raises:
        ClientGone: the client has closed its connection.
    """
    asking, leaving = asyncio.ensure_future(work), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait((asking, leaving), return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            raise ClientGone
        return asking.result()
    finally:
        asking.cancel()
        leaving.cancel()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
