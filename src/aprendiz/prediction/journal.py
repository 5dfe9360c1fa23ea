"""How far a prediction has come, so that it can go on after a kill -9 or a power cut.

``OUT.partial`` holds the rows; ``OUT.journal`` says how many of its bytes are sure to be on
disk and how many rows of the input they answer. What lies behind them is cut off and done again.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from io import FileIO
from pathlib import Path
from typing import Any

from aprendiz.errors import DataError

GOES_ON = "the same command goes on (without --force)"
"""What to do after any interruption."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What is surely written.

    Attributes:
        bytes: of the partial file.
        rows: of the input that they answer.
        broken: rows among them that could not be answered.
        abstained: rows among them that got a label nobody should act on.
        out_of_scope: rows among those that are about none of the labels.
    """

    bytes: int = 0
    rows: int = 0
    broken: int = 0
    abstained: int = 0
    out_of_scope: int = 0


class Journal:
    """The partial file and its journal, held against other processes; see :func:`keeping`."""

    def __init__(self, out: Path, work: dict[str, Any], stream: FileIO) -> None:
        self.partial = partial_of(out)
        self.progress = Progress()
        self._out = out
        self._work = work
        self._stream = stream

    def begin(self, first: bytes, force: bool) -> bool:
        """Go on where an earlier run of the same work was, or start; whether it goes on.

        Args:
            first: what a new file begins with.
            force: throw an earlier run away, and replace a finished output.

        Raises:
            DataError: the earlier run had another input, model or setting, or a finished
                output stands at the place.
        """
        told = None if force else _read(journal_of(self._out))
        if told is None and self._out.exists() and not force:
            raise DataError(f"{self._out}: stands there already", "--force replaces it")
        if told is not None:
            self._refuse_other(told["work"])
            self.progress = Progress(**told["progress"])
        size = os.fstat(self._stream.fileno()).st_size
        if told is None or size < self.progress.bytes:
            self.progress = Progress()
        self._stream.truncate(self.progress.bytes)
        if not self.progress.bytes:
            self.add(first, Progress())
        return self.progress.rows > 0

    def add(self, data: bytes, more: Progress) -> None:
        """Append some rows, and note them once they are on disk.

        Raises:
            DataError: the disk is full, or gone.
        """
        with writing(self._out):
            self._add(data, more)

    def _add(self, data: bytes, more: Progress) -> None:
        rest = memoryview(data)
        while rest:  # a disk that is nearly full takes a part
            rest = rest[self._stream.write(rest) :]
        os.fsync(self._stream.fileno())
        was = self.progress
        self.progress = replace(
            was,
            bytes=was.bytes + len(data),
            rows=was.rows + more.rows,
            broken=was.broken + more.broken,
            abstained=was.abstained + more.abstained,
            out_of_scope=was.out_of_scope + more.out_of_scope,
        )
        self._write()

    def finish(self, made: Path) -> None:
        """Give a finished file its name, and forget the way to it."""
        with made.open("rb") as stream:
            os.fsync(stream.fileno())
        made.replace(self._out)
        _sync_folder(self._out)
        self.partial.unlink(missing_ok=True)
        journal_of(self._out).unlink(missing_ok=True)

    def _refuse_other(self, earlier: dict[str, Any]) -> None:
        changed = [name for name, value in self._work.items() if earlier.get(name) != value]
        if changed:
            raise DataError(
                f"{self._out}: was begun with another {' and another '.join(changed)}",
                "give the same command again, or start over with --force",
            )

    def _write(self) -> None:
        journal = journal_of(self._out)
        aside = journal.with_name(f"{journal.name}.new")
        told = {"work": self._work, "progress": asdict(self.progress)}
        with aside.open("w", encoding="utf-8") as stream:
            json.dump(told, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(journal)
        _sync_folder(journal)


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """What the disk refuses is told as the user's to mend.

    Raises:
        DataError: the disk is full, or gone.
    """
    try:
        yield
    except OSError as error:
        raise DataError(
            f"{out}: cannot be written ({error.strerror or error})", f"mend that; {GOES_ON}"
        ) from None


def partial_of(out: Path) -> Path:
    """Where rows are written until the last one is there."""
    return out.with_name(f"{out.name}.partial")


def journal_of(out: Path) -> Path:
    """Where it is noted how far that is."""
    return out.with_name(f"{out.name}.journal")


@contextmanager
def keeping(out: Path, work: dict[str, Any]) -> Iterator[Journal]:
    """Hold the partial file of an output; the kernel lets go of it when a process dies.

    Args:
        out: the output.
        work: what the result depends on, by names that a person understands.

    Raises:
        DataError: another process writes it, or the place cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        # No buffer: what a full disk refused would be written once more on closing, and raise.
        stream = partial_of(out).open("ab", buffering=0)
    except OSError as error:
        raise DataError(f"{out}: cannot be written ({error.strerror})") from None
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DataError(
                f"{out}: another process is writing it", "wait for it to end, or choose another"
            ) from None
        try:
            yield Journal(out, work, stream)
        finally:
            if not stream.tell() and not journal_of(out).exists():
                partial_of(out).unlink(missing_ok=True)


def _read(journal: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(journal.read_text(encoding="utf-8"))
        Progress(**told["progress"])
        return told if isinstance(told["work"], dict) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
