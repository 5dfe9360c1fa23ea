"""The line at which a person types: editing, history over sessions, completion of commands.

Readline does the work where Python has it (not on Windows); without a terminal it is a
plain ``input``.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

_KEPT = 1_000  # lines of history


class LineEditor:
    """Reads lines from a person; use it with ``with``, which keeps the history.

    Args:
        history: file that lines are remembered in.
        commands: words that Tab completes at the start of a line.
    """

    def __init__(self, history: Path, commands: Sequence[str]) -> None:
        self._history = history
        self._commands = tuple(commands)
        self._readline = _readline()

    def __enter__(self) -> LineEditor:
        if self._readline is not None:
            self._readline.set_history_length(_KEPT)
            self._readline.clear_history()
            with contextlib.suppress(OSError):
                self._readline.read_history_file(self._history)
            self._readline.set_completer_delims(" ")
            self._readline.set_completer(self._completed)
            self._readline.parse_and_bind(
                "bind ^I rl_complete"
                if "libedit" in (self._readline.__doc__ or "")
                else "tab: complete"
            )
            # Python turns it off; with it a pasted text is one entry, whatever its lines.
            self._readline.parse_and_bind("set enable-bracketed-paste on")
        return self

    def __exit__(self, *_: object) -> None:
        if self._readline is None:
            return
        self._readline.set_completer(None)
        with contextlib.suppress(OSError):  # a history that cannot be kept is no reason to fail
            self._history.parent.mkdir(parents=True, exist_ok=True)
            self._history.touch(mode=0o600)
            self._readline.write_history_file(self._history)

    def read(self, prompt: str, *, colour: bool) -> str:
        """One entry; pasted text may hold several lines.

        Raises:
            EOFError: Ctrl-D, or the input has ended.
            KeyboardInterrupt: Ctrl-C.
        """
        if not (sys.stdin.isatty() and sys.stdout.isatty()):
            # Without a terminal at both ends, input() would write the prompt among the answers.
            sys.stderr.write(prompt)
            sys.stderr.flush()
            prompt = ""
        elif colour:
            bold, plain = "\x1b[1m", "\x1b[0m"
            if self._readline is not None:  # marks that take no place on the line
                bold, plain = f"\x01{bold}\x02", f"\x01{plain}\x02"
            prompt = f"{bold}{prompt}{plain}"
        typed = input(prompt)
        # Half a surrogate pair, from bytes that are not in the terminal's encoding.
        return typed.encode("utf-8", "replace").decode("utf-8")

    def _completed(self, begun: str, number: int) -> str | None:
        """The ``number``-th completion of a word: a command at the start, else a file."""
        assert self._readline is not None
        if self._readline.get_begidx() == 0:
            found = [f"{each} " for each in self._commands if each.startswith(begun)]
        else:
            found = _files(begun)
        return found[number] if number < len(found) else None


def _files(begun: str) -> list[str]:
    """Files and folders whose path begins with what was typed."""
    folder, _, name = begun.rpartition("/")
    shown = f"{folder}/" if "/" in begun else ""
    try:
        inside = sorted(Path(shown or ".").expanduser().iterdir())
    except (OSError, RuntimeError):
        return []
    return [
        f"{shown}{each.name}{'/' if each.is_dir() else ''}"
        for each in inside
        if each.name.startswith(name) and (name.startswith(".") or not each.name.startswith("."))
    ]


def _readline() -> ModuleType | None:
    try:
        import readline
    except ModuleNotFoundError:
        return None
    return readline
