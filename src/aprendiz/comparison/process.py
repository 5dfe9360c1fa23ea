"""The comparison's side of a training in a process of its own: started, heard, ended."""

from __future__ import annotations

import json
import selectors
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from aprendiz.comparison.cell import Order, Record
from aprendiz.errors import AprendizError
from aprendiz.interfaces import Observer

_PATIENCE = 10.0  # seconds between asking a process to stop and killing it
_LOG_SHOWN = 400  # characters


class OutOfTime(Exception):
    """The time for a training was over before its end."""


class CellFailed(AprendizError):
    """A training that ended with an error; the comparison goes on with the others."""

    def __init__(self, message: str, hint: str, code: int) -> None:
        super().__init__(message, hint)
        self.exit_code = code


def run_apart(order: Order, tell: Observer, log: Path, deadline: float | None) -> Record:
    """Carry out an order in another process.

    Args:
        order: what to do.
        tell: told what the other process says.
        log: file for everything else that it prints.
        deadline: ``time.monotonic()`` at which it is stopped.

    Raises:
        CellFailed: the training cannot be done, or its process was killed.
        OutOfTime: the deadline passed.
    """
    with log.open("wb") as stream:
        child = subprocess.Popen(
            [sys.executable, "-m", "aprendiz.comparison.child"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stream,
            start_new_session=True,
        )
    assert child.stdin is not None and child.stdout is not None
    last: dict[str, Any] = {}
    try:
        # The pipe stays open: that it closes is how the child hears that we are gone.
        with suppress(BrokenPipeError):
            child.stdin.write(json.dumps(order.as_dict()).encode() + b"\n")
            child.stdin.flush()
        last = _listen(child.stdout, tell, deadline)
        with suppress(subprocess.TimeoutExpired):
            child.wait(_PATIENCE)
    except BaseException:
        log.unlink(missing_ok=True)  # nothing went wrong that it could tell of
        raise
    finally:
        _end(child)
        for pipe in (child.stdin, child.stdout):
            with suppress(BrokenPipeError):
                pipe.close()
    if "record" in last:
        log.unlink(missing_ok=True)
        return Record(**last["record"])
    if "error" in last:
        log.unlink(missing_ok=True)
        raise CellFailed(last["error"]["message"], last["error"]["hint"], last["error"]["code"])
    raise CellFailed(_how_it_ended(child.returncode, log), f"{log} has what it said", 1)


def _listen(stream: IO[bytes], tell: Observer, deadline: float | None) -> dict[str, Any]:
    """Pass on what is told until the result comes; empty if the pipe closes before."""
    with selectors.DefaultSelector() as ready:
        ready.register(stream, selectors.EVENT_READ)
        left = b""
        while True:
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not ready.select(wait):
                raise OutOfTime
            block = stream.read1(65_536)  # type: ignore[attr-defined]  # a buffered pipe has it
            if not block:
                return {}
            *lines, left = (left + block).split(b"\n")
            for line in lines:
                message: dict[str, Any] = json.loads(line)
                if "say" in message:
                    tell.say(message["say"])
                elif "progress" in message:
                    tell.progress(*message["progress"])
                else:
                    return message


def _end(child: subprocess.Popen[bytes]) -> None:
    """Ask it to stop, so that it closes its run; kill it if it does not."""
    if child.poll() is not None:
        return
    child.send_signal(signal.SIGINT)
    try:
        child.wait(_PATIENCE)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        child.kill()
        child.wait()


def _how_it_ended(code: int, log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    said = (
        " | ".join(line.strip() for line in lines if line.strip())[-_LOG_SHOWN:] if code > 0 else ""
    )
    if code < 0:
        name = signal.Signals(-code).name
        memory = ", as the system does when memory runs out" if name == "SIGKILL" else ""
        return f"its process was ended by {name}{memory}"
    return f"its process ended with {code}" + (f": {said}" if said else "")
