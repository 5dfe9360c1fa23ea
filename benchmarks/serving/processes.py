"""A server in a process of its own: started, asked until it answers, weighed, stopped with all it started.

CPU time and memory are those of the whole tree of processes, read from /proc: several of the
servers answer in one process and compute in another. Linux only.
"""

from __future__ import annotations

import http.client
import os
import resource
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PATIENCE = 180.0  # seconds until the first answer
_GRACE = 15.0  # seconds between being told to end and being made to


class NotServing(Exception):
    """A server did not start; says what it said last."""


@dataclass(frozen=True)
class Weight:
    """What a tree of processes has used so far.

    Attributes:
        cpu: seconds of all its processes, also of those that have ended.
        pss: MB of memory, what processes share counted once.
        rss: MB of memory as each process counts it.
        processes: how many they are.
        threads: of all of them.
        files: that they hold open.
    """

    cpu: float
    pss: float
    rss: float
    processes: int
    threads: int
    files: int


class Server:
    """A running server.

    Attributes:
        port: where it listens.
        started: seconds from nothing to the first answer.
        log: what it says.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self._process = process
        self.port = port
        self.log = log
        self.started = 0.0

    def weigh(self) -> Weight:
        """CPU time and memory, now."""
        cpu = pss = rss = 0.0
        threads = files = processes = 0
        for process in tree(self._process.pid):
            with suppress(OSError, ValueError, IndexError, KeyError):  # it has ended meanwhile
                told = _stat(process)
                memory = _memory(process)
                # Time of children that have ended is their parent's.
                cpu += sum(int(told[place]) for place in (11, 12, 13, 14)) / _TICKS
                threads += int(told[17])
                pss, rss = pss + memory["Pss"] / 1024, rss + memory["Rss"] / 1024
                files += sum(1 for _ in Path(f"/proc/{process}/fd").iterdir())
                processes += 1
        return Weight(cpu, pss, rss, processes, threads, files)

    def alive(self) -> bool:
        """Whether its first process still runs."""
        return self._process.poll() is None

    def last_words(self) -> str:
        """The end of what it said."""
        said = self.log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return " / ".join(line.strip() for line in said[-3:])[-300:] or "it said nothing"

    def stop(self) -> None:
        """End it and all that it has started, with force where asking does not help."""
        members = tree(self._process.pid)
        if self.alive():
            self._process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_GRACE)
        for process in members | tree(self._process.pid):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._process.wait(_GRACE)


@contextmanager
def serving(
    command: Sequence[str],
    port: int,
    ask: tuple[str, bytes],
    log: Path,
    variables: Mapping[str, str],
) -> Iterator[Server]:
    """Start a server, wait for its first right answer, stop it at the end.

    Args:
        command: what starts it.
        port: where it will listen.
        ask: path and body of a request that it must answer.
        log: file for what it says.
        variables: its whole environment.

    Raises:
        NotServing: it ended, or did not answer in time.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL,
            env=dict(variables), start_new_session=True,
        )  # fmt: skip
    server = Server(process, port, log)
    try:
        while post(port, *ask)[0] != 200:
            if not server.alive():
                raise NotServing(f"it ended with code {process.returncode}: {server.last_words()}")
            if time.monotonic() - begin > _PATIENCE:
                raise NotServing(f"no answer in {_PATIENCE:.0f} seconds: {server.last_words()}")
            time.sleep(0.05)
        server.started = time.monotonic() - begin
        yield server
    finally:
        server.stop()


def post(port: int, path: str, body: bytes) -> tuple[int, bytes]:
    """One request on a connection of its own; status 0 when there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return 0, b""
    finally:
        connection.close()


def allow_many_connections() -> None:
    """As many open files as this user may have, for this process and those that it starts."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def tree(root: int) -> set[int]:
    """A process, its descendants, and whoever is left of the session that it leads."""
    parents: dict[int, int] = {}
    members = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        with suppress(OSError, IndexError, ValueError):
            told = _stat(int(entry.name))
            parents[int(entry.name)] = int(told[1])
            if int(told[3]) == root and told[0] != "Z":
                members.add(int(entry.name))
    members.add(root)
    while more := {child for child, parent in parents.items() if parent in members} - members:
        members |= more
    return members & parents.keys()


def _stat(process: int) -> list[str]:
    """Fields of /proc/PID/stat after the name: state, parent, group, session …; see proc(5)."""
    text = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
    return text.rpartition(")")[2].split()


def _memory(process: int) -> dict[str, int]:
    """Kilobytes, by name."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]
    return {line.split(":")[0]: int(line.split()[1]) for line in lines}
