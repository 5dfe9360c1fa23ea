"""Sends requests to a server: at a fixed rate whatever it answers, or one after another.

    python load.py < JOB.json

At a fixed rate, requests arrive at random (Poisson) and each one's time is counted from the moment
at which it was *due*, not from when a connection was free: a server that stalls for a second has
made all requests of that second wait, and they are all in the figures (no coordinated omission).
A client that has waited for its whole patience leaves, as clients do. The server's health is
asked ten times a second meanwhile, each time on a new connection.

A process of its own, so that its work is not taken for the server's. JOB has the fields of
``Job``; the answer is the counts and times of ``told``.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httptools
import numpy as np

HEALTH_EVERY = 0.1
MOST_CONNECTIONS = 4000


@dataclass(frozen=True)
class Job:
    """What is to be sent.

    Attributes:
        port: of the server, on this machine.
        path: of the route.
        bodies: file with a body on each line; asked in their order, again and again.
        seconds: for how long.
        rate: requests a second; 0 to send one after another.
        clients: how many do that, where there is no rate.
        patience: seconds after which a client leaves.
        health: a path asked meanwhile; empty for none.
        seed: of the moments of arrival.
    """

    port: int
    path: str
    bodies: str
    seconds: float
    rate: float = 0.0
    clients: int = 1
    patience: float = 10.0
    health: str = ""
    seed: int = 0

    def requests(self) -> list[bytes]:
        """Whole requests, as they go over the wire."""
        head = (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        )
        bodies = Path(self.bodies).read_bytes().splitlines()
        return [f"{head}{len(body)}\r\n\r\n".encode() + body for body in bodies]


class Gone(Exception):
    """The connection ended before the answer did."""


class Channel(asyncio.Protocol):
    """A connection that carries one request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.WriteTransport | None = None
        self._waiting: asyncio.Future[int] | None = None
        self._parser: httptools.HttpResponseParser | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's is not a subclass

    def connection_lost(self, _: Exception | None) -> None:
        """Called by asyncio."""
        self._transport = None
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(Gone())

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        assert self._parser is not None
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        assert self._parser is not None
        keep = self._parser.should_keep_alive()
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(self._parser.get_status_code())
        if not keep:
            self.close()

    @property
    def open(self) -> bool:
        """Whether it can carry another request."""
        return self._transport is not None and not self._transport.is_closing()

    async def ask(self, request: bytes) -> int:
        """The status of the answer.

        Raises:
            Gone: there is none.
        """
        if self._transport is None:
            raise Gone
        self._parser = httptools.HttpResponseParser(self)
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """Leave."""
        if self._transport is not None:
            self._transport.close()


@dataclass
class Seen:
    """What came back.

    Attributes:
        statuses: of the answers; 0 for broken connections, -1 for clients that left.
        good: seconds of each answer 200, from when its request was due.
        in_time: answers 200 that came while requests were still being sent. Those that a server
            gives afterwards, when nobody asks any more, are no sign of what it can bear.
        late: seconds by which this program sent each request after it was due.
        health: seconds of each answer about the health; 10 when there was none.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    good: list[float] = field(default_factory=list)
    in_time: int = 0
    late: list[float] = field(default_factory=list)
    health: list[float] = field(default_factory=list)

    def told(self, seconds: float) -> dict[str, Any]:
        """For the cell: counts, and times in milliseconds."""
        return {
            "seconds": seconds,
            "requests": sum(self.statuses.values()),
            "good": len(self.good),
            "in_time": self.in_time,
            "refused": sum(n for status, n in self.statuses.items() if status in (429, 503)),
            "broken": sum(
                n for status, n in self.statuses.items() if status not in (200, 429, 503, -1)
            ),
            "late": self.statuses[-1],
            "statuses": {str(status): n for status, n in sorted(self.statuses.items())},
            **quantiles(self.good),
            "sent_late_p99": quantiles(self.late)["p99"],
            "health_max": quantiles(self.health)["max"],
        }


def quantiles(seconds: list[float]) -> dict[str, float | None]:
    """Of some times, in milliseconds."""
    if not seconds:
        return dict.fromkeys(("p50", "p90", "p99", "max"))
    p50, p90, p99, most = np.quantile(seconds, (0.5, 0.9, 0.99, 1.0)) * 1000
    return {"p50": float(p50), "p90": float(p90), "p99": float(p99), "max": float(most)}


class Load:
    """One job, being done."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.seen = Seen()
        self._requests = job.requests()
        self._idle: list[Channel] = []
        self._room = asyncio.Semaphore(MOST_CONNECTIONS)
        self._end = 0.0

    async def run(self) -> dict[str, Any]:
        """Do it."""
        health = asyncio.create_task(self._watch_health()) if self.job.health else None
        begin = time.perf_counter()
        self._end = begin + self.job.seconds
        await (self._at_a_rate(begin) if self.job.rate else self._one_after_another())
        took = time.perf_counter() - begin
        if health is not None:
            health.cancel()
        # At a rate, those that were still to be answered at the end have been waited for; the
        # rate of answers is over the time in which requests came.
        return self.seen.told(self.job.seconds if self.job.rate else took)

    async def _at_a_rate(self, begin: float) -> None:
        chance = random.Random(self.job.seed)
        tasks = set()
        due, number = begin, 0
        while (due := due + chance.expovariate(self.job.rate)) < self._end:
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            elif number % 16 == 0:
                await asyncio.sleep(0)  # behind: let answers be read meanwhile
            task = asyncio.create_task(self._one(self._requests[number % len(self._requests)], due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
        if tasks:
            await asyncio.wait(tasks)

    async def _one_after_another(self) -> None:
        async def client(number: int) -> None:
            while time.perf_counter() < self._end:
                request = self._requests[number % len(self._requests)]
                await self._one(request, time.perf_counter())
                number += 1

        await asyncio.gather(*(client(37 * each) for each in range(self.job.clients)))

    async def _one(self, request: bytes, due: float) -> None:
        """One client, from when its request is due until it has its answer or leaves."""
        try:
            async with asyncio.timeout(due + self.job.patience - time.perf_counter()):
                status = await self._asked(request, due)
        except TimeoutError:
            status = -1
        except (Gone, OSError, httptools.HttpParserError):
            status = 0
        if status == 200:
            self.seen.good.append(time.perf_counter() - due)
            self.seen.in_time += time.perf_counter() <= self._end
        self.seen.statuses[status] += 1

    async def _asked(self, request: bytes, due: float) -> int:
        async with self._room:
            channel = await self._channel()
            self.seen.late.append(time.perf_counter() - due)
            try:
                status = await channel.ask(request)
            except BaseException:
                channel.close()  # also when the client leaves: the server can see it
                raise
            if channel.open:
                self._idle.append(channel)
            return status

    async def _channel(self) -> Channel:
        while self._idle:
            channel = self._idle.pop()
            if channel.open:
                return channel
        loop = asyncio.get_running_loop()
        _, channel = await loop.create_connection(Channel, "127.0.0.1", self.job.port)
        return channel

    async def _alone(self, request: bytes) -> int:
        """One request on a connection of its own."""
        loop = asyncio.get_running_loop()
        _, channel = await loop.create_connection(Channel, "127.0.0.1", self.job.port)
        try:
            return await channel.ask(request)
        finally:
            channel.close()

    async def _watch_health(self) -> None:
        head = f"GET {self.job.health} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        while True:
            begin, seconds = time.perf_counter(), self.job.patience
            with suppress(OSError, Gone, TimeoutError):
                async with asyncio.timeout(self.job.patience):
                    if await self._alone(head.encode()) == 200:
                        seconds = time.perf_counter() - begin
            self.seen.health.append(seconds)
            await asyncio.sleep(max(0.0, begin + HEALTH_EVERY - time.perf_counter()))


def done(work: Coroutine[Any, Any, dict[str, Any]]) -> dict[str, Any]:
    """Run it on uvloop where there is one."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(work)
    return uvloop.run(work)


async def main() -> dict[str, Any]:
    """The job on standard input."""
    return await Load(Job(**json.load(sys.stdin))).run()


if __name__ == "__main__":
    print(json.dumps(done(main())))
