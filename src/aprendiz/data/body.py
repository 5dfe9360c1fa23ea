"""The text of a file, given out line by line so that a large file is never decoded as a whole.

One emoji makes Python hold a whole text in four bytes a character; a line at a time that
costs nothing. Not for what the lines mean.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Told = Callable[[str, int, int], None]
"""Told the name of a task, how much of it is done, and how much there is."""

_HEAD = 65_536
_TOLD_EVERY = 1024 * 1024  # bytes
_LINE = re.compile(r"[^\r\n]*(?:\r\n?|\n|\Z)")


def nobody(task: str, done: int, total: int) -> None:
    """Does not listen."""


@dataclass(frozen=True)
class Body:
    """Bytes that are text.

    Attributes:
        data: UTF-8 without a byte-order mark.
        damaged: some lines are not UTF-8; their bytes come out as lone surrogates.
        task: what reading is called when it is told how far it is.
        tell: told how many bytes are read.
    """

    data: bytes
    damaged: bool = False
    task: str = "reading"
    tell: Told = nobody

    def text(self) -> str:
        """Everything at once."""
        return self._decode(self.data)

    def head(self) -> str:
        """The beginning, up to the end of a character."""
        return self.data[:_HEAD].decode("utf-8", "ignore")

    def lines(self) -> Iterator[str]:
        """Every line with its end; lines end with LF, CR LF or CR."""
        done = told = 0
        for raw in io.BytesIO(self.data):
            line = self._decode(raw)
            if "\r" in line and "\r" in line.removesuffix("\n").removesuffix("\r"):
                yield from (part for part in _LINE.findall(line) if part)
            else:
                yield line
            done += len(raw)
            if done - told >= _TOLD_EVERY:
                self.tell(self.task, done, len(self.data))
                told = done
        if told:
            self.tell(self.task, len(self.data), len(self.data))

    def _decode(self, raw: bytes) -> str:
        return raw.decode("utf-8", "surrogateescape" if self.damaged else "strict")


def is_utf8(data: bytes) -> bool:
    """Whether all of it is good UTF-8, without holding the text."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    try:
        for start in range(0, len(data), _TOLD_EVERY):
            decoder.decode(view[start : start + _TOLD_EVERY])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
