"""Single keys from a terminal, as they are pressed; POSIX terminals, also over ssh."""

from __future__ import annotations

import codecs
import os
import select
import sys
import termios
import tty
from types import TracebackType

from aprendiz.errors import DataError

_MORE = 0.05  # seconds in which the rest of an arrow key's sequence must follow its Escape
_NAMES = {
    "\r": "enter",
    "\n": "enter",
    "\x7f": "backspace",
    "\x08": "backspace",
    "\t": "tab",
    "\x1b": "escape",
    "\x1b[A": "up",
    "\x1b[B": "down",
    "\x1bOA": "up",
    "\x1bOB": "down",
    "\x1b[Z": "up",  # Shift-Tab
    " ": "space",
    "\x03": "interrupt",
    "\x04": "end",
}


class Keyboard:
    """The terminal's keyboard, without waiting for Enter and without echo; use it with ``with``.

    Ctrl-C still interrupts. The terminal is given back as it was, whatever happens.

    Raises:
        DataError: standard input or the screen (stderr) is not a terminal.
    """

    def __init__(self) -> None:
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise DataError(
                "repairing needs a terminal with a keyboard",
                "run it in one, or write the patch by hand: one decision a line",
            )
        self._descriptor = sys.stdin.fileno()
        self._before = termios.tcgetattr(self._descriptor)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def __enter__(self) -> Keyboard:
        tty.setcbreak(self._descriptor)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    def key(self) -> str:
        """The next key: a character, or a name such as ``enter``, ``up`` or ``end``."""
        typed = self._character()
        if typed == "\x1b":
            while select.select([self._descriptor], [], [], _MORE)[0]:
                typed += self._character()
                if (typed[-1].isalpha() and typed[-1] != "O") or typed[-1] == "~":
                    break
        return _NAMES.get(typed, typed)

    def _character(self) -> str:
        while True:
            byte = os.read(self._descriptor, 1)
            if not byte:
                return "\x04"  # the terminal has gone
            if character := self._decoder.decode(byte):
                return character
