"""One measurement of a running server: some load on it, and what it used meanwhile.

Clients in a closed loop are wrk's, which is compiled and takes little from the cores that the
server shares with it. Where there is no wrk they are ``load.py``'s, and the cell says so. Fixed
rates are always ``load.py``'s.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from load import Job
from processes import Server

HERE = Path(__file__).resolve().parent
PATIENCE = 10.0
SETTLE_SECONDS = 30.0
IDLE = 0.3  # of a core: what some servers use while nobody asks


@dataclass(frozen=True)
class Target:
    """What is loaded.

    Attributes:
        server: running.
        path: of the route.
        health: the path that says whether it lives.
        bodies: file with a body on each line.
    """

    server: Server
    path: str
    health: str
    bodies: Path


def closed_loop(target: Target, clients: int, seconds: float) -> dict[str, Any]:
    """So many clients, each asking as soon as it has been answered.

    Returns:
        ``rate`` of answers 200 a second, quantiles of their time in milliseconds, ``refused``,
        ``broken``, ``late``, and what :func:`_weighed` adds.
    """
    wrk = shutil.which("wrk")
    if wrk:
        told = _weighed(target, lambda: _wrk(wrk, target, clients, seconds))
        told["good"] = told["requests"] - told["refused"]
        told["by"] = "wrk"
    else:
        told = _weighed(target, lambda: _own(target, seconds, clients=clients))
        told["by"] = "load.py"
    return _finished(told | {"clients": clients, "rate": told["good"] / told["seconds"]})


def at_a_rate(target: Target, rate: float, seconds: float, seed: int) -> dict[str, Any]:
    """Requests that come at random, so many a second, whatever is answered.

    Returns:
        As above; ``rate`` counts the answers that came while requests were sent, ``offered`` is
        the rate of the requests.
    """
    told = _weighed(
        target, lambda: _own(target, seconds, rate=rate, seed=seed, health=target.health)
    )
    return _finished(
        told | {"offered": rate, "rate": told["in_time"] / told["seconds"], "by": "load.py"}
    )


def warm_up(target: Target, seconds: float) -> None:
    """Some requests that nobody counts."""
    _own(target, seconds, clients=8)


def settle(server: Server) -> None:
    """Wait until it has done what clients that have left were once waiting for, half a minute at most."""
    until = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < until:
        before = server.weigh().cpu
        time.sleep(0.5)
        if server.weigh().cpu - before < IDLE * 0.5:
            return


def _weighed(target: Target, load: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """A load's figures, with the server's CPU seconds during it and its memory after it."""
    settle(target.server)
    before = target.server.weigh()
    told = load()
    after = target.server.weigh()
    return told | {
        "cpu_seconds": after.cpu - before.cpu,
        "pss": after.pss,
        "rss": after.rss,
        "processes": after.processes,
    }


def _finished(told: dict[str, Any]) -> dict[str, Any]:
    good = told["good"]
    return told | {"cpu_ms": 1000 * told["cpu_seconds"] / good if good else None}


def _wrk(wrk: str, target: Target, clients: int, seconds: float) -> dict[str, Any]:
    command = [
        wrk, "--threads", "1", "--connections", str(clients), "--duration",
        f"{max(1, round(seconds))}s", "--timeout", f"{PATIENCE:.0f}s", "--script",
        str(HERE / "wrk.lua"), f"http://127.0.0.1:{target.server.port}{target.path}", "--",
        str(target.bodies),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    told: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return told


def _own(
    target: Target,
    seconds: float,
    *,
    clients: int = 1,
    rate: float = 0.0,
    seed: int = 0,
    health: str = "",
) -> dict[str, Any]:
    job = Job(
        target.server.port, target.path, str(target.bodies), seconds, rate, clients, PATIENCE,
        health, seed,
    )  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(HERE / "load.py")],
        input=json.dumps(asdict(job)), capture_output=True, text=True, check=True,
    )  # fmt: skip
    told: dict[str, Any] = json.loads(done.stdout)
    return told
