"""What is still to be sent: filled at once by training, emptied by a thread of its own.

A slow or dead receiver costs the training nothing. Nothing is thrown away: what could
not be delivered is tried again, at longer intervals, and once more at the end.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")

_BATCH = 900
_LONGEST_PAUSE = 60.0


class Outbox(Generic[Item]):
    """Delivers items in order and in batches.

    Args:
        deliver: hands a batch over; raises when that fails. Called from one thread at
            a time.
        on_failure: told of every failed delivery.
        every: seconds between deliveries, doubled after each failure.
    """

    def __init__(
        self,
        deliver: Callable[[Sequence[Item]], None],
        on_failure: Callable[[Exception], None],
        every: float = 2.0,
    ) -> None:
        self._deliver = deliver
        self._on_failure = on_failure
        self._every = every
        self._pause = every
        self._items: list[Item] = []
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True, name="aprendiz-outbox")
        self._thread.start()

    def put(self, items: Sequence[Item]) -> None:
        """Add items; returns at once."""
        with self._lock:
            self._items.extend(items)

    def close(self, seconds: float) -> int:
        """Deliver what is left, for at most ``seconds``; returns how many items remain."""
        self._stop.set()
        self._thread.join(seconds)
        with self._lock:
            return len(self._items)

    def _work(self) -> None:
        while not self._stop.wait(self._pause):
            self._empty()
        self._empty()

    def _empty(self) -> None:
        while True:
            with self._lock:
                batch = self._items[:_BATCH]
            if not batch:
                return
            try:
                self._deliver(batch)
            except Exception as error:
                self._pause = min(self._pause * 2, _LONGEST_PAUSE)
                self._on_failure(error)
                return
            self._pause = self._every
            with self._lock:
                del self._items[: len(batch)]
