"""A job's journal: what the training process says to the service, one JSON object a line.

The child appends, the service reads on from where it was; the file is all they share, so each
may die without the other losing anything. An entry is written once, however often a training
is interrupted and goes on: whoever reads the journal need not think of repetitions.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["begin", "metrics", "snapshot", "end", "error"]

_MOST_AT_ONCE = 1 << 20  # bytes taken in at a time
_DURABLE: frozenset[Kind] = frozenset({"snapshot", "end", "error"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One line.

    Attributes:
        kind: ``begin`` (a process began; ``steps`` in all), ``metrics`` (``step`` and figures),
            ``snapshot`` (``step``, ``folder`` inside the job's, figures), ``end`` (``steps``,
            ``tokens``, ``epochs``) or ``error`` (``code``, ``message``, ``param``).
        time: when it was written, Unix seconds.
        values: everything else.
    """

    kind: Kind
    time: float
    values: Mapping[str, Any]


class Journal:
    """The writing side. Only one process may have it open; the child holds a lock for that.

    Args:
        path: the file; one with half a line at its end (a process was killed while it wrote)
            loses that half, which nobody has read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: set[tuple[object, ...]] = set()
        path.touch()
        entries, whole = read(path, 0, most=path.stat().st_size)
        os.truncate(path, whole)
        self._known = {_identity(entry.kind, entry.values) for entry in entries}

    @property
    def ended(self) -> bool:
        """Whether the journal already tells of the end."""
        return ("end",) in self._known

    def write(self, kind: Kind, **values: Any) -> None:
        """Append an entry, unless it stands there already."""
        identity = _identity(kind, values)
        if kind != "begin" and identity in self._known:
            return
        self._known.add(identity)
        line = json.dumps({"kind": kind, "time": round(time.time(), 3), **values}) + "\n"
        with self._path.open("a", encoding="utf-8") as out:
            out.write(line)
            out.flush()
            if kind in _DURABLE:
                # The checkpoint that a resumed training starts from is marked whole only after
                # this; so no power cut can lose what came before the checkpoint.
                os.fsync(out.fileno())


def read(path: Path, offset: int, most: int = _MOST_AT_ONCE) -> tuple[list[Entry], int]:
    """Whole lines from ``offset`` on.

    Returns:
        The entries and the offset after the last of them, in bytes.

    Raises:
        ValueError: a whole line is not an entry: the file was damaged.
    """
    try:
        with path.open("rb") as stream:
            stream.seek(offset)
            piece = stream.read(most)
            if len(piece) == most and b"\n" not in piece:
                piece += stream.readline()
    except FileNotFoundError:
        return [], offset
    whole = piece[: piece.rfind(b"\n") + 1]
    return [_entry(line) for line in whole.splitlines()], offset + len(whole)


def finite(values: Mapping[str, float]) -> dict[str, float]:
    """The figures that are numbers; JSON has no word for the others."""
    return {name: float(value) for name, value in values.items() if math.isfinite(value)}


def _entry(line: bytes) -> Entry:
    values = json.loads(line)
    return Entry(values.pop("kind"), values.pop("time"), values)


def _identity(kind: Kind, values: Mapping[str, Any]) -> tuple[object, ...]:
    """What makes two entries the same: a step's loss and its validation are two."""
    if kind == "metrics":
        return (kind, values["step"], *sorted(values))
    if kind == "snapshot":
        return (kind, values["step"])
    return (kind,)
