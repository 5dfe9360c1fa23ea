"""A training process as the service sees it: started, asked to stop, killed, found ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

LOG = "log.txt"
_PATIENCE = 10.0  # seconds between asking a process to stop and killing it
_LAST_LINES, _TAIL_BYTES = 5, 4_096


class TrainingProcess:
    """A running ``aprendiz.platform.child``.

    It works in the service's own working folder, so that ``.env`` and relative names of base
    models mean the same to both, but in a session of its own, so that Ctrl-C in the service's
    terminal reaches it only through :meth:`ask_to_stop`.
    """

    def __init__(self, folder: Path) -> None:
        with (folder / LOG).open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "aprendiz.platform.child",
                    str(folder),
                    str(os.getpid()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._asked: float | None = None

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def asked_to_stop(self) -> bool:
        """Whether its end was our wish."""
        return self._asked is not None

    def exit_code(self) -> int | None:
        """``None`` while it runs; negative when a signal ended it."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        """Interrupt it; asked again after ten seconds, kill it with all it has started."""
        if self._process.poll() is not None:
            return
        if self._asked is None:
            self._asked = time.monotonic()
            self._process.send_signal(signal.SIGINT)
        elif time.monotonic() - self._asked > _PATIENCE:
            os.killpg(self._process.pid, signal.SIGKILL)

    def expect_end(self) -> None:
        """It has said its last word; kill it if it has not ended ten seconds later."""
        if self._asked is None:
            self._asked = time.monotonic()
        else:
            self.ask_to_stop()

    def wait(self, seconds: float) -> bool:
        """Wait for its end; whether it came."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True


def last_words(folder: Path) -> str:
    """The last lines of a job's log."""
    try:
        with (folder / LOG).open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            text = log.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " | ".join(lines[-_LAST_LINES:])
