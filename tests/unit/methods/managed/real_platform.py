"""Our own platform as a child process, for the tests that go the whole way."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_SECONDS_TO_START = 60.0


@dataclass(frozen=True)
class Running:
    """A platform that answers: its address, a key for it, and its process."""

    url: str
    key: str
    process: subprocess.Popen[bytes]

    def configure(self, monkeypatch: pytest.MonkeyPatch, kind: str = "openai") -> None:
        """Point this machine's settings at it, as a person would."""
        for name, value in self.settings(kind).items():
            monkeypatch.setenv(name, value)

    def settings(self, kind: str = "openai") -> dict[str, str]:
        """The environment of a client, speaking like OpenAI's or Azure's."""
        if kind == "openai":
            return {"OPENAI_BASE_URL": f"{self.url}/v1", "OPENAI_API_KEY": self.key}
        path = "/openai/v1" if kind == "azure-v1" else ""
        return {"AZURE_OPENAI_ENDPOINT": self.url + path, "AZURE_OPENAI_KEY": self.key}


@contextmanager
def platform(home: Path) -> Iterator[Running]:
    """Start a platform on a free port of this machine; stop it at the end."""
    home.mkdir(parents=True, exist_ok=True)
    ready = home / "ready.json"
    command = [
        sys.executable, "-m", "aprendiz", "platform",
        "--home", str(home), "--port", "0", "--ready-file", str(ready),
    ]  # fmt: skip
    with (home / "platform.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            told = _once_ready(process, ready)
            yield Running(told["url"], told["key"], process)
        finally:
            process.terminate()
            process.wait(timeout=30)


def _once_ready(process: subprocess.Popen[bytes], ready: Path) -> dict[str, str]:
    end = time.monotonic() + _SECONDS_TO_START
    while time.monotonic() < end:
        if ready.is_file():
            return json.loads(ready.read_text())
        if process.poll() is not None:
            break
        time.sleep(0.05)
    log = (ready.parent / "platform.log").read_text(errors="replace")
    raise AssertionError(f"the platform does not start:\n{log[-2000:]}")
