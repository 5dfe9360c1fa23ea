"""A unified diff written while a file is rewritten, for ``patch`` and for reading.

``difflib`` compares two whole files and takes hours for a million lines; whoever rewrites a
file knows what is changed. Works on bytes, so that any encoding can be patched.
"""

from __future__ import annotations

from collections import deque
from difflib import SequenceMatcher
from typing import BinaryIO

_CONTEXT = 3
_COMPARED = 400  # lines that changed together, up to which equal ones among them are found
_NO_END = b"\n\\ No newline at end of file\n"


class UnifiedDiff:
    """Takes pairs of old and new bytes, in the order of the file, and writes the hunks.

    Args:
        to: where the diff goes.
        old: name of the file as it was.
        new: name of the file as it becomes.
    """

    def __init__(self, to: BinaryIO, old: str, new: str) -> None:
        self._to = to
        self._names = f"--- {old}\n+++ {new}\n".encode("utf-8", "surrogateescape")
        self._waiting = (b"", b"")  # until both end with a line
        self._before: deque[bytes] = deque(maxlen=_CONTEXT)
        self._hunk: list[bytes] = []
        self._starts = (0, 0)
        self._place = [1, 1]  # next line of the old and of the new file
        self._same = 0  # lines of context at the end of the hunk

    def add(self, old: bytes, new: bytes) -> None:
        """What stood next in the old file, and what stands there in the new one."""
        waiting = (self._waiting[0] + old, self._waiting[1] + new)
        cuts = [part.rfind(b"\n") + 1 for part in waiting]
        tails = [part[cut:] for part, cut in zip(waiting, cuts, strict=True)]
        if tails[0] == tails[1]:  # else a line goes on differently
            self._waiting = (tails[0], tails[1])
            self._lines(*(part[:cut] for part, cut in zip(waiting, cuts, strict=True)))
        else:
            self._waiting = waiting

    def close(self) -> None:
        """Write what is left."""
        self._lines(*self._waiting)
        self._end_hunk()

    def _lines(self, old: bytes, new: bytes) -> None:
        was, becomes = _split(old), _split(new)
        if was == becomes:
            for line in was:
                self._keep(line)
        elif len(was) + len(becomes) > _COMPARED:
            self._change(was, becomes)
        else:
            matcher = SequenceMatcher(None, was, becomes, autojunk=False)
            for what, first, end, there, there_end in matcher.get_opcodes():
                if what == "equal":
                    for line in was[first:end]:
                        self._keep(line)
                else:
                    self._change(was[first:end], becomes[there:there_end])

    def _keep(self, line: bytes) -> None:
        if self._hunk:
            self._hunk.append(b" " + line)
            self._same += 1
            if self._same == 2 * _CONTEXT:
                self._before.extend(each[1:] for each in self._hunk[-_CONTEXT:])
                self._step(1, 1)
                self._end_hunk()
                return
        else:
            self._before.append(line)
        self._step(1, 1)

    def _change(self, old: list[bytes], new: list[bytes]) -> None:
        if not self._hunk:
            above = len(self._before)
            self._starts = (self._place[0] - above, self._place[1] - above)
            self._hunk = [b" " + line for line in self._before]
            self._before.clear()
        self._hunk += [b"-" + line for line in old] + [b"+" + line for line in new]
        self._same = 0
        self._step(len(old), len(new))

    def _step(self, old: int, new: int) -> None:
        self._place[0] += old
        self._place[1] += new

    def _end_hunk(self) -> None:
        if not self._hunk:
            return
        lines = self._hunk[: len(self._hunk) - max(0, self._same - _CONTEXT)]
        ranges = []
        for sign, start in zip((b"-", b"+"), self._starts, strict=True):
            count = sum(line[:1] in (b" ", sign) for line in lines)
            ranges.append(b"%b%d,%d" % (sign, start if count else start - 1, count))
        self._to.write(self._names + b"@@ %b %b @@\n" % tuple(ranges))
        self._names = b""
        self._to.writelines(line if line.endswith(b"\n") else line + _NO_END for line in lines)
        self._hunk, self._same = [], 0


def _split(data: bytes) -> list[bytes]:
    """Lines as ``patch`` sees them: only LF ends one."""
    lines = data.split(b"\n")
    ended = [line + b"\n" for line in lines[:-1]]
    return [*ended, lines[-1]] if lines[-1] else ended
