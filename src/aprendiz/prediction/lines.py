"""The lines of a text file, plain or gzipped, a few at a time. Not for what they mean."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aprendiz.data.files import identify, utf16_order
from aprendiz.errors import DataError

LONGEST = 4 * 1024 * 1024
"""Most characters of a line, of a record over several lines, and of a JSON value."""

TOO_LONG = f"longer than {LONGEST // 2**20} million characters"

_HEAD = 64 * 1024


@dataclass(frozen=True, slots=True)
class Line:
    """One line with its end.

    Attributes:
        number: counted from 1.
        text: its characters; bytes that are not UTF-8 as lone surrogates.
        cut: it is longer than ``LONGEST``, and the rest of it was passed over.
    """

    number: int
    text: str
    cut: bool


@dataclass(frozen=True, slots=True)
class TextFile:
    """An open text file.

    Attributes:
        stream: its characters, without a byte-order mark, with line ends as they are.
        head: its first bytes.
        position: bytes of the file on disk that are read.
        total: bytes of the file on disk.
    """

    stream: io.TextIOWrapper
    head: bytes
    position: Callable[[], int]
    total: int

    def lines(self) -> Iterator[Line]:
        """Every line; lines end with LF, CR LF or CR."""
        number = 0
        while text := self.stream.readline(LONGEST):
            number += 1
            cut = len(text) >= LONGEST and text[-1] not in "\r\n"
            if cut:
                while (rest := self.stream.readline(LONGEST)) and rest[-1] not in "\r\n":
                    pass
            yield Line(number, text, cut)


@contextmanager
def open_text(file: Path, gzipped: bool) -> Iterator[TextFile]:
    """Open a file whose name promises text.

    Raises:
        DataError: it is something else, UTF-16, or damaged gzip (also while it is read).
    """
    try:
        with file.open("rb") as raw:
            unpacked = gzip.GzipFile(fileobj=raw) if gzipped else raw
            head = unpacked.read(_HEAD)
            _refuse_other(file, head)
            unpacked.seek(0)
            with io.TextIOWrapper(
                unpacked, encoding="utf-8-sig", errors="surrogateescape", newline=""
            ) as stream:
                yield TextFile(stream, head, raw.tell, file.stat().st_size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:  # here, or while rows are read
        raise DataError(
            f"{file}: the gzip file is damaged or cut short ({error})", "copy it again"
        ) from None


def _refuse_other(file: Path, head: bytes) -> None:
    if head and (found := identify(head)) is not None:
        raise DataError(f"{file}: is {found[0]}", found[1])
    if utf16_order(head[:8192]) is not None:
        raise DataError(f"{file}: is UTF-16, not UTF-8", "save it as UTF-8")
