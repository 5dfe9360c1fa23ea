"""A server at 70 % of what it can bear, for a long time: does its memory grow, does it ever fail?

    python benchmarks/serving/soak.py --data FOLDER [--contestant aprendiz-onnxruntime] [--minutes 20]
    python benchmarks/serving/soak.py --model MODEL --minutes 1 --json

With ``--data`` it is a contestant of the benchmark, asked its mixed lengths. With ``--model`` it is
any model folder of aprendiz, asked made-up texts of one to 200 words. Memory is that of the whole tree of
processes, looked at twice a minute or oftener. The first third of the time is left out: caches fill, and the largest
batch has to come along once. Then the median of the last third is compared with that of the middle
one. Exit code 1 when it grew by more than 3 %, or when any request failed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from contestants import CONTESTANTS, OWN, Contestant
from environments import python_of
from loads import Target, at_a_rate, closed_loop, warm_up
from models import counter, models_in, rows_of
from processes import Server, Weight, allow_many_connections, free_port, serving
from run import say, variables, write_whole
from table import SOAKS
from texts import texts_of

from aprendiz.artifact import manifest as manifests

HERE = Path(__file__).resolve().parent
SHARE = 0.7
MOST_GROWTH = 0.03
LOOKS = 90  # at the memory, at least; more in a long run
CAPACITY_SECONDS = 8.0


@dataclass(frozen=True)
class Soak:
    """What was seen.

    Attributes:
        title: of the server.
        minutes: of load.
        capacity: answers a second of 64 clients, before.
        requests: that were sent.
        failed: of them, without an answer 200.
        statuses: how often each came; 0 for broken connections, -1 for clients that gave up.
        p50: milliseconds, from when a request was due.
        p99: the same.
        memory: MB at each look, what processes share counted once.
        threads: at each look.
        files: held open, at each look.
    """

    title: str
    minutes: float
    capacity: float
    requests: int
    failed: int
    statuses: dict[str, int]
    p50: float | None
    p99: float | None
    memory: list[float]
    threads: list[int]
    files: list[int]

    @property
    def growth(self) -> float:
        """Share by which the median of the last third is above that of the middle one."""
        third = len(self.memory) // 3
        middle, last = self.memory[third : 2 * third], self.memory[2 * third :]
        return statistics.median(last) / statistics.median(middle) - 1

    @property
    def passed(self) -> bool:
        """No failure, no growth."""
        return self.failed == 0 and self.growth <= MOST_GROWTH

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "growth": self.growth, "passed": self.passed}

    def in_words(self) -> str:
        """For people, as Markdown."""
        statuses = ", ".join(f"{number:,} × {status}" for status, number in self.statuses.items())
        return (
            f"{self.title}: {self.minutes:g} minutes at {SHARE:.0%} of {self.capacity:,.0f} answers "
            f"a second, {self.requests:,} requests ({statuses}), {self.failed:,} failed; "
            f"p50 {self.p50 or 0:,.0f} ms, p99 {self.p99 or 0:,.0f} ms. "
            f"Memory {self.memory[0]:,.0f} MB at the first of {len(self.memory)} looks, "
            f"{self.memory[-1]:,.0f} at the last, {max(self.memory):,.0f} at most; last third against "
            f"middle third {self.growth:+.2%}. Threads {self.threads[0]} to {self.threads[-1]}, "
            f"open files {self.files[0]} to {self.files[-1]}. "
            f"{'No growth, no error.' if self.passed else '**Grew or failed.**'}"
        )


def soak(target: Target, title: str, minutes: float) -> Soak:
    """Load a running server and look at its memory."""
    warm_up(target, min(10.0, 6 * minutes))
    capacity = closed_loop(target, 64, min(CAPACITY_SECONDS, 20 * minutes))["rate"]
    say(f"{title}: {capacity:,.0f} answers a second; now {minutes:g} minutes at {SHARE:.0%}")
    looks: list[Weight] = []
    enough = threading.Event()
    watcher = threading.Thread(target=_look, args=(target.server, minutes, looks, enough))
    watcher.start()
    try:
        seen = at_a_rate(target, SHARE * capacity, 60 * minutes, seed=0)
    finally:
        enough.set()
        watcher.join()
    return Soak(
        title,
        minutes,
        capacity,
        seen["requests"],
        seen["requests"] - seen["good"],
        seen["statuses"],
        seen["p50"],
        seen["p99"],
        [look.pss for look in looks],
        [look.threads for look in looks],
        [look.files for look in looks],
    )


def _look(server: Server, minutes: float, looks: list[Weight], enough: threading.Event) -> None:
    every = min(30.0, max(0.5, 60 * minutes / LOOKS))
    due = time.monotonic()
    while not enough.wait(max(0.0, due - time.monotonic())):
        looks.append(server.weigh())
        due += every


def made_up(labels: Sequence[str], number: int = 500) -> list[str]:
    """Texts of one to 200 words, most of them short, made of a model's own label names."""
    chance = random.Random(0)
    words = sorted({word for label in labels for word in label.replace("_", " ").split()})
    lengths = (min(200, max(1, round(chance.lognormvariate(2.0, 1.0)))) for _ in range(number))
    return [" ".join(chance.choices([*words, "é", "🙂", "?"], k=length)) for length in lengths]


def asked_for() -> argparse.Namespace:
    """The command line."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    what = options.add_mutually_exclusive_group(required=True)
    what.add_argument("--data", type=Path, help="folder with banking77")
    what.add_argument("--model", type=Path, help="a model folder of aprendiz")
    options.add_argument("--contestant", default="aprendiz-onnxruntime", choices=CONTESTANTS)
    options.add_argument("--minutes", type=float, default=20)
    options.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    options.add_argument("--work", type=Path, default=HERE / "work")
    options.add_argument("--json", action="store_true", help="one JSON document, with every look")
    given = options.parse_args()
    given.work = given.work.resolve()
    return given


def main() -> None:
    """Soak a server and say what was seen."""
    given = asked_for()
    allow_many_connections()
    port = free_port()
    if given.model:
        contestant, title = Contestant("aprendiz"), f"aprendiz serve {given.model.name}"
        command = [sys.executable, "-m", "aprendiz", "serve", str(given.model), "--port", str(port)]
        asked = made_up(manifests.read(given.model).labels)
        name = "model"
    else:
        name, contestant = given.contestant, CONTESTANTS[given.contestant]
        title = contestant.title
        models = models_in(given.work, given.data)
        command = contestant.command(models, port, given.threads, given.work)
        rows = rows_of(given.data)
        asked = list(texts_of("mixed", rows, counter(models / "trained"), 500).texts)
    shape = OWN if given.model else contestant.shape
    bodies = given.work / "bodies" / f"soak-{name}-{port}.jsonl"
    bodies.parent.mkdir(parents=True, exist_ok=True)
    bodies.write_bytes(b"".join(shape.body(text) + b"\n" for text in asked))
    environment = variables(
        contestant, python_of(contestant.environment, given.work), given.threads
    )
    ask = shape.path, shape.body(asked[0])
    log = given.work / "logs" / f"soak-{name}.log"
    try:
        with serving(command, port, ask, log, environment) as server:
            seen = soak(Target(server, shape.path, contestant.health, bodies), title, given.minutes)
    finally:
        bodies.unlink()
    (given.work / SOAKS).mkdir(exist_ok=True)
    write_whole(given.work / SOAKS / f"{name}.json", seen.as_dict())
    print(json.dumps(seen.as_dict()) if given.json else seen.in_words())
    if not seen.passed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
