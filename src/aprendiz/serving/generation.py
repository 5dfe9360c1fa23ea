"""The one thread in which language models write, and the line in front of it.

A reply is a thousand small steps, and the numerical libraries use every core for each. So
replies are written one after the other, first come first served, and who has gone away ends
at the next token. Knows no protocol: it raises faults, as ``service.py`` does, and no more.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from aprendiz.data.chat.records import Message
from aprendiz.interfaces import ChatModel, Reply, Sampling
from aprendiz.serving.faults import Fault

#: Chats that may wait or be answered at once, unless said otherwise.
MOST_INSIDE = 64

RETRY_BUSY = {"Retry-After": "2"}
RETRY_STOPPING = {"Retry-After": "5"}


class Generation:
    """Writes replies. Use it from one event loop.

    Args:
        thread: an executor of one thread, which ends with this.
        most_inside: chats that may wait or be answered at once; one more is refused.
    """

    def __init__(self, thread: ThreadPoolExecutor, most_inside: int = MOST_INSIDE) -> None:
        self._thread = thread
        self._most = most_inside
        self._inside = 0
        self._stopping = threading.Event()

    @property
    def inside(self) -> int:
        """Chats that wait or are being answered."""
        return self._inside

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place in the line, for a whole chat with all its choices.

        Raises:
            Fault: 429, there is none.
        """
        if self._inside >= self._most:
            raise Fault(
                429,
                "too many chats are waiting for an answer; try again in a moment",
                code="rate_limit_exceeded",
                headers=RETRY_BUSY,
            )
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    async def reply(
        self, get: Callable[[], ChatModel], messages: Sequence[Message], sampling: Sampling
    ) -> AsyncGenerator[str | Reply, None]:
        """What ``ChatModel.stream`` gives, as it comes. Close it to end the work.

        A chat with several choices calls this once for each and so goes to the back of the line
        after every one: nobody waits longer than for one reply of each who came before.

        Args:
            get: gives the model; called in the thread, since it may have to load it.

        Raises:
            ChatError: the conversation leaves no room for a reply.
            Fault: 503, the server stopped before the end.
            Exception: whatever else the model raised.
        """
        told: asyncio.Queue[str | Reply | Exception] = asyncio.Queue()
        work = _Work(get, messages, sampling, asyncio.get_running_loop(), told, self._stopping)
        try:
            future = self._thread.submit(work)
        except RuntimeError:
            raise _stopped() from None
        future.add_done_callback(work.done)
        try:
            while True:
                piece = await told.get()
                if isinstance(piece, Exception):
                    raise piece
                yield piece
                if isinstance(piece, Reply):
                    return
        finally:
            work.unwanted.set()
            future.cancel()

    def stop(self) -> None:
        """End the reply that is being written at its next token, and those that wait at once."""
        self._stopping.set()
        self._thread.shutdown(wait=False, cancel_futures=True)


class _Work:
    """One reply, written in the thread and told to the event loop."""

    def __init__(
        self,
        get: Callable[[], ChatModel],
        messages: Sequence[Message],
        sampling: Sampling,
        loop: asyncio.AbstractEventLoop,
        told: asyncio.Queue[str | Reply | Exception],
        stopping: threading.Event,
    ) -> None:
        self.unwanted = threading.Event()
        self._get = get
        self._messages = messages
        self._sampling = sampling
        self._loop = loop
        self._told = told
        self._stopping = stopping

    def __call__(self) -> None:
        """Write it."""
        try:
            ended = self._write()
        except Exception as error:
            self._tell(error)
            return
        if not ended:
            self._tell(_stopped())

    def _write(self) -> bool:
        """Whether the reply has come to its end."""
        if self.unwanted.is_set():
            return False
        pieces = self._get().stream(self._messages, self._sampling)
        try:
            for piece in pieces:
                if self.unwanted.is_set() or self._stopping.is_set():
                    return False
                self._tell(piece)
                if isinstance(piece, Reply):
                    return True
        finally:
            if isinstance(pieces, Generator):
                pieces.close()
        raise RuntimeError("the model ended its stream without a Reply")

    def done(self, future: Future[None]) -> None:
        """Called when the work is over; it may never have begun."""
        if future.cancelled():
            self._tell(_stopped())

    def _tell(self, piece: str | Reply | Exception) -> None:
        # The loop may be gone when a server is made to end at once; then nobody listens.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._told.put_nowait, piece)


def _stopped() -> Fault:
    return Fault(503, "the server is stopping", code="stopping", headers=RETRY_STOPPING)
