"""A real platform in a process of its own, for tests that need a service to talk to."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Running:
    """Where a platform answers, with which key, and its process."""

    url: str
    key: str
    home: Path
    process: subprocess.Popen[bytes]

    @property
    def openai(self) -> dict[str, str]:
        """Environment that sends OpenAI's clients here."""
        return {"OPENAI_BASE_URL": f"{self.url}/v1", "OPENAI_API_KEY": self.key}

    @property
    def azure(self) -> dict[str, str]:
        """Environment that sends Azure's clients here."""
        return {"AZURE_OPENAI_ENDPOINT": self.url, "AZURE_OPENAI_KEY": self.key}

    def settings(self, kind: str = "openai") -> dict[str, str]:
        """The environment of a client that speaks like OpenAI's, Azure's or Azure v1's."""
        if kind == "openai":
            return self.openai
        path = "/openai/v1" if kind == "azure-v1" else ""
        return {**self.azure, "AZURE_OPENAI_ENDPOINT": self.url + path}

    def configure(self, monkeypatch: pytest.MonkeyPatch, kind: str = "openai") -> None:
        """Point this machine's settings at it, as a person would."""
        for name, value in self.settings(kind).items():
            monkeypatch.setenv(name, value)


@contextmanager
def platform(home: Path, *options: str) -> Iterator[Running]:
    """Start ``aprendiz platform`` on a free port of this machine; stopped at the end."""
    home.mkdir(parents=True, exist_ok=True)
    ready = home.parent / f"{home.name}.ready.json"
    ready.unlink(missing_ok=True)
    log = (home.parent / f"{home.name}.log").open("wb")
    command = [sys.executable, "-m", "aprendiz", "platform", "--home", str(home)]
    command += ["--port", "0", "--ready-file", str(ready), *options]
    strangers = ("OPENAI_", "AZURE_", "APRENDIZ_PLATFORM")
    environment = {k: v for k, v in os.environ.items() if not k.startswith(strangers)}
    process = subprocess.Popen(
        command,
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**environment, "APRENDIZ_HOME": str(home.parent / "aprendiz-home")},
    )
    try:
        told = _wait(ready, process, Path(log.name))
        yield Running(told["url"], told["key"], home, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        log.close()


def _wait(ready: Path, process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if ready.is_file() and (text := ready.read_text(encoding="utf-8")).strip():
            return json.loads(text)
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"the platform did not start:\n{log.read_text(errors='replace')[-3000:]}")
