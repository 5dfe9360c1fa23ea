"""A server in a process of its own, and clients that ask it without a pause."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class Running:
    """A server's process, where it is, and what it has said."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.said: list[str] = []
        self.port = 0

    def until(self, word: str, seconds: float = 60) -> str:
        """Wait for a line with this word."""
        import time

        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for line in list(self.said):
                if word in line:
                    return line
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise AssertionError(f"{word!r} was never said:\n{''.join(self.said)}")

    def read(self) -> None:
        """Read on, since a full pipe would stop the server."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line)


@contextmanager
def serving(*arguments: str) -> Iterator[Running]:
    """``python -m …`` of a server that says where it is; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    running = Running(process)
    reader = threading.Thread(target=running.read, daemon=True)
    reader.start()
    try:
        line = running.until("/docs")
        found = re.search(r":(\d+)/docs", line)
        assert found is not None
        running.port = int(found.group(1))
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(30)
        reader.join(10)


class Client(threading.Thread):
    """Asks until it is told to stop; notes every outcome and every loss."""

    def __init__(self, port: int, text: str, want: str) -> None:
        super().__init__(daemon=True)
        self.port = port
        self.text = text
        self.want = want
        self.outcomes: Counter[str] = Counter()
        self.versions: Counter[str] = Counter()
        self.lost: list[str] = []
        self.enough = threading.Event()

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        while not self.enough.is_set():
            try:
                connection.connect()
            except (ConnectionRefusedError, ConnectionResetError, TimeoutError):
                self.outcomes["refused"] += 1
                self.enough.wait(0.02)
                continue
            while not self.enough.is_set() and self._ask(connection):
                pass
            connection.close()

    def _ask(self, connection: http.client.HTTPConnection) -> bool:
        """One request; true when the connection may be used again."""
        body = json.dumps({"text": self.text})
        try:
            connection.request("POST", "/classify", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.lost.append(type(error).__name__)
            return False
        self.outcomes[str(response.status)] += 1
        if response.status == 200:
            self.versions[answer["version"]] += 1
            if answer["intent"] != self.want:
                self.lost.append("somebody else's answer")
        return response.getheader("Connection", "").lower() != "close"
