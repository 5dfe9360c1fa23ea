"""A training in a process of its own: ``python -m aprendiz.comparison.child``.

Reads one order from standard input and writes what happens to standard output, a JSON
document a line: ``say``, ``progress``, and last ``record`` or ``error``. It ends when its
standard input closes: a comparison that is killed leaves nothing running.

Alone, because the memory and the time of a training should be its own, and because a
training that is killed for want of memory should not take the comparison with it.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import TextIO

from aprendiz.comparison.cell import Order, carry_out
from aprendiz.errors import AprendizError


class Wire:
    """An observer that writes to the process which waits for us."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, **message: object) -> None:
        """Write one line."""
        self._stream.write(json.dumps(message) + "\n")
        self._stream.flush()

    def say(self, message: str) -> None:
        """Pass a sentence on."""
        self.send(say=message)

    def progress(self, task: str, done: int, total: int) -> None:
        """Pass on how far a task has come."""
        self.send(progress=[task, done, total])


def main() -> int:
    """Carry out the order on standard input; returns the exit code."""
    # A terminal's Ctrl-C reaches only the comparison, which passes it on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Whatever a library prints goes to the log.
    wire = Wire(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    os.dup2(2, 1)
    order = Order(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        wire.send(record=carry_out(order, wire, alone=True).as_dict())
    except AprendizError as error:
        wire.send(error={"message": error.message, "hint": error.hint, "code": error.exit_code})
        return error.exit_code
    except BrokenPipeError:
        return 1
    return 0


def _end_with_input() -> None:
    # Not through sys.stdin, whose lock a blocked reader would hold when Python shuts down.
    while os.read(0, 4_096):
        pass
    os._exit(1)


if __name__ == "__main__":
    raise SystemExit(main())
