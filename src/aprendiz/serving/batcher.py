"""Texts that arrive one by one, worked on together: the batcher of the classifier server.

Knows nothing of HTTP or of models: rows with a cost in tokens go in, ``run`` is called on
lists of them in a thread, and each caller gets the results of its own rows.

There is no timer. A row that finds the model idle is worked on at once; while the model is
busy, rows gather, and what has gathered, up to ``budget`` tokens, is the next batch. So batches
grow with the load and nobody waits for company. A batch that fails is halved until the row at
fault stands alone, so that no client pays for another's text.

Rows of like length are put together below, in ``neural/engine``, which knows what padding costs.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from aprendiz.serving.waiting import FairQueue, Waiting

log = logging.getLogger("aprendiz.serving")

Row = TypeVar("Row")
Result = TypeVar("Result")

BATCH_TOKENS = 4096
QUEUE_TOKENS = 65_536
_TOKENS_PER_SECOND = 4000.0  # believed until measured
_MOST_RETRY_SECONDS = 60
# Outcomes handed out before the loop looks at its sockets again: every one wakes a request, whose
# answer is then written, and those of a large batch in one go would keep /livez waiting for them.
_AT_ONCE = 32


class Refused(Exception):
    """The queue is full.

    Attributes:
        seconds: after which to try again.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"the queue is full for {seconds} s")
        self.seconds = seconds


class Expired(Exception):
    """The caller's deadline has passed."""


class Stopped(Exception):
    """The batcher was stopped before the row's turn came."""


class RowFailed(Exception):
    """A row could not be worked on; the cause is chained.

    Attributes:
        index: which of the caller's rows.
        param: what the caller calls it, for the client.
    """

    def __init__(self, index: int) -> None:
        super().__init__(f"row {index} could not be worked on")
        self.index = index
        self.param: str | None = None


@dataclass(slots=True)
class Done(Generic[Result]):
    """What a caller gets.

    Attributes:
        results: in the order of the rows.
        queued: seconds until the last of them was begun.
        running: seconds that the slowest of their batches took.
    """

    results: list[Result]
    queued: float = 0.0
    running: float = 0.0


@dataclass(frozen=True, slots=True)
class Ran:
    """One batch that was run.

    Attributes:
        rows: how many.
        tokens: of all of them, without padding.
        seconds: of the run.
        waited: of each row in the queue.
    """

    rows: int
    tokens: int
    seconds: float
    waited: Sequence[float]


@dataclass(slots=True, eq=False)
class _Asked(Generic[Result]):
    """One caller's rows."""

    future: asyncio.Future[Done[Result]]
    done: Done[Any]
    left: int
    entered: float
    deadline: float


@dataclass(slots=True, eq=False, kw_only=True)
class _Item(Waiting, Generic[Row, Result]):
    row: Row
    asked: _Asked[Result]
    index: int
    settled: bool = field(default=False)


class Batcher(Generic[Row, Result]):
    """Collects rows and runs them in batches in threads of its own.

    Args:
        run: results of some rows, in order; a result that is an exception fails its row
            alone. Called in a worker thread.
        budget: most tokens of a batch; a longer row stands alone.
        capacity: most tokens that may wait.
        workers: threads that run batches at the same time; ``run`` must bear that.
        told: called in the worker after each batch.
        loop: where callers wait; the running one when not given.
    """

    def __init__(
        self,
        run: Callable[[Sequence[Row]], Sequence[Result | Exception]],
        *,
        budget: int = BATCH_TOKENS,
        capacity: int = QUEUE_TOKENS,
        workers: int = 1,
        told: Callable[[Ran], None] = lambda ran: None,
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._run = run
        self._budget = budget
        self._told = told
        self._queue: FairQueue[_Item[Row, Result]] = FairQueue(capacity)
        self._changed = threading.Condition(threading.Lock())
        self._stopping = False
        self._busy = 0
        self._progress = time.monotonic()
        self._rate = _TOKENS_PER_SECOND
        self._loop = loop or asyncio.get_running_loop()
        self._workers = workers
        self._threads: list[threading.Thread] = []

    # ------------------------------------------------------------- asked on the event loop

    async def submit(
        self,
        rows: Sequence[Row],
        costs: Sequence[int],
        *,
        owner: str = "",
        deadline: float = math.inf,
    ) -> Done[Result]:
        """The results of some rows, all or none.

        Cancelling the call takes rows that have not begun out of the queue.

        Args:
            rows: at least one.
            costs: tokens of each.
            owner: whose line they wait in.
            deadline: on the loop's clock.

        Raises:
            Refused: too much is waiting.
            Expired: the deadline has passed.
            Stopped: the batcher is stopped.
            RowFailed: ``run`` could not cope with one of them.
        """
        asked = _Asked[Result](
            self._loop.create_future(),
            Done([None] * len(rows)),
            len(rows),
            time.perf_counter(),
            deadline,
        )
        items = [
            _Item[Row, Result](cost=max(1, cost), owner=owner, row=row, asked=asked, index=index)
            for index, (row, cost) in enumerate(zip(rows, costs, strict=True))
        ]
        with self._changed:
            if self._stopping:
                raise Stopped
            if not self._threads:
                self._start()
            if not self._queue.has_room(owner, sum(item.cost for item in items)):
                raise Refused(self.retry_seconds())
            for item in items:
                self._queue.put(item)
            if not self._busy and self._queue.rows == len(items):
                self._progress = time.monotonic()
            self._changed.notify()
        timer = None
        if deadline < math.inf:
            timer = self._loop.call_at(deadline, _expire, asked)
        try:
            return await asked.future
        finally:
            if timer is not None:
                timer.cancel()
            if asked.left:
                with self._changed:
                    self._queue.drop(items)

    def has_room(self, owner: str, cost: int) -> bool:
        """Whether rows of so many tokens may wait now; :meth:`submit` refuses them otherwise."""
        with self._changed:
            return self._queue.has_room(owner, cost)

    def _start(self) -> None:
        """Threads begin with the first row, so that a batcher nobody asks has none to end."""
        for number in range(self._workers):
            name = f"inference-{number}"
            self._threads.append(threading.Thread(target=self._work, name=name, daemon=True))
        for thread in self._threads:
            thread.start()

    @property
    def waiting_rows(self) -> int:
        """Rows in the queue."""
        return self._queue.rows

    @property
    def waiting_tokens(self) -> int:
        """Tokens in the queue."""
        return self._queue.tokens

    @property
    def tokens_per_second(self) -> float:
        """How fast it has been lately."""
        return self._rate

    def retry_seconds(self) -> int:
        """When to come back: once what waits is done, and not all at the same moment."""
        seconds = self._queue.tokens / self._rate * random.uniform(1.0, 1.25)
        return min(max(1, math.ceil(seconds)), _MOST_RETRY_SECONDS)

    def stalled_seconds(self) -> float:
        """For how long there has been work and no progress; 0 when idle, infinite when dead."""
        if not all(thread.is_alive() for thread in self._threads) and not self._stopping:
            return math.inf
        if not self._busy and not self._queue.rows:
            return 0.0
        return time.monotonic() - self._progress

    def stop(self) -> None:
        """Let the threads end after the batch they are at; whoever still waits hears so."""
        with self._changed:
            self._stopping = True
            left = self._queue.take(1 << 62)
            self._changed.notify_all()
        self._settle([(item, Stopped()) for item in left])

    @property
    def has_threads(self) -> bool:
        """Whether a thread of it has not ended, or not yet."""
        return any(thread.is_alive() for thread in self._threads)

    def join(self, seconds: float) -> None:
        """Wait for the threads to end, after :meth:`stop`."""
        until = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    # -------------------------------------------------------------------- in the worker

    def _work(self) -> None:
        """The worker: never ends of a fault, for nothing would be answered any more."""
        while True:
            taken: list[_Item[Row, Result]] = []
            try:
                with self._changed:
                    while not self._queue.rows and not self._stopping:
                        self._changed.wait()
                    if self._stopping:
                        return
                    taken = self._queue.take(self._budget)
                    self._busy += 1
                try:
                    self._one(taken)
                finally:
                    with self._changed:
                        self._busy -= 1
            except BaseException as error:
                log.error("the batcher goes on after %s", type(error).__name__, exc_info=error)
                self._settle([(item, error) for item in taken if not item.settled])
                if not taken:
                    time.sleep(0.05)

    def _one(self, batch: Sequence[_Item[Row, Result]]) -> None:
        """Run a batch, without those whose caller has left or is out of time."""
        now = self._loop.time()
        wanted = [
            item for item in batch if not item.asked.future.done() and item.asked.deadline > now
        ]
        if len(wanted) < len(batch):
            kept = set(map(id, wanted))
            self._settle([(item, Expired()) for item in batch if id(item) not in kept])
        if not wanted:
            return
        begin = time.perf_counter()
        waited = [begin - item.asked.entered for item in wanted]
        self._settle(self._results(wanted), waited, begin)
        seconds = time.perf_counter() - begin
        tokens = sum(item.cost for item in wanted)
        self._rate += 0.2 * (tokens / max(seconds, 1e-6) - self._rate)
        try:
            self._told(Ran(len(wanted), tokens, seconds, waited))
        except Exception as error:  # who watches must not harm who is watched
            log.error("telling of a batch failed: %s", type(error).__name__, exc_info=error)

    def _results(
        self, batch: Sequence[_Item[Row, Result]]
    ) -> list[tuple[_Item[Row, Result], Result | BaseException]]:
        """Each row with its result or its fault: a batch that fails is tried in two halves."""
        try:
            results = self._run([item.row for item in batch])
            if len(results) != len(batch):
                raise RuntimeError(f"{len(results)} results for {len(batch)} rows")
        except BaseException as error:  # a panic of a Rust library is no Exception
            if len(batch) == 1:
                return [(batch[0], error)]
            middle = len(batch) // 2
            return [*self._results(batch[:middle]), *self._results(batch[middle:])]
        finally:
            self._progress = time.monotonic()
        return list(zip(batch, results, strict=True))

    def _settle(
        self,
        outcomes: Sequence[tuple[_Item[Row, Result], Result | BaseException]],
        waited: Sequence[float] = (),
        begin: float = 0.0,
    ) -> None:
        """Hand outcomes to their callers, on the event loop."""
        if not outcomes:
            return
        for item, _ in outcomes:
            item.settled = True
        running = time.perf_counter() - begin if begin else 0.0
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._hand_out, outcomes, waited, running)

    def _hand_out(
        self,
        outcomes: Sequence[tuple[_Item[Row, Result], Result | BaseException]],
        waited: Sequence[float],
        running: float,
        start: int = 0,
    ) -> None:
        """Some of them now; the others after what has come in meanwhile."""
        stop = start + _AT_ONCE
        if stop < len(outcomes):
            self._loop.call_soon(self._hand_out, outcomes, waited, running, stop)
        for number, (item, outcome) in enumerate(outcomes[start:stop], start):
            _tell(item, outcome, waited[number] if waited else 0.0, running)


def _expire(asked: _Asked[Result]) -> None:
    if not asked.future.done():
        asked.future.set_exception(Expired())


def _tell(item: _Item[Row, Result], outcome: Any, waited: float, running: float) -> None:
    """One outcome to its caller, who wakes with the last of them or with the first fault."""
    asked = item.asked
    asked.left -= 1
    if asked.future.done():
        return
    if isinstance(outcome, Expired | Stopped):
        asked.future.set_exception(outcome)
    elif isinstance(outcome, BaseException):
        fault = RowFailed(item.index)
        fault.__cause__ = outcome
        asked.future.set_exception(fault)
    else:
        asked.done.results[item.index] = outcome
        asked.done.queued = max(asked.done.queued, waited)
        asked.done.running = max(asked.done.running, running)
        if not asked.left:
            asked.future.set_result(asked.done)
