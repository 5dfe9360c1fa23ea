"""Who still records: a locked file per open run, so that a killed one can be closed later.

The kernel gives a lock back when its process ends, however it ends. A lease file that
nobody holds therefore belongs to a run that nobody will close, on this machine and for
certain: no process numbers to be reused, no host names to be shared.
"""

from __future__ import annotations

import fcntl
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO


@dataclass
class Lease:
    """A file that is locked while its run is open.

    Attributes:
        token: its name; the run carries it as a tag, so that it can be found again.
        path: where the file lies.
    """

    token: str
    path: Path
    _stream: IO[str] = field(repr=False)

    def give_back(self) -> None:
        """The run is closed: forget it."""
        self.path.unlink(missing_ok=True)
        self._stream.close()

    def leave(self, status: str) -> None:
        """The run could not be closed: whoever comes next shall close it like this."""
        with suppress(OSError):
            told = json.loads(self.path.read_text(encoding="utf-8"))
            self._stream.seek(0)
            self._stream.write(json.dumps({**told, "status": status}))
            self._stream.truncate()
        self._stream.close()


@dataclass(frozen=True)
class Abandoned:
    """A run whose process has gone.

    Attributes:
        token: the tag it carries.
        status: how it ended if its process could still say so, else ``killed``.
    """

    token: str
    status: str


def take(folder: Path, store: str) -> Lease:
    """Make and lock a lease for a run about to be opened.

    Args:
        folder: where leases lie, one folder a machine.
        store: which tracking store and experiment the run is in, without credentials.

    Raises:
        OSError: the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    token = uuid.uuid4().hex
    hidden = folder / f".{token}"
    stream = hidden.open("w", encoding="utf-8")
    # Locked before it gets its name: nobody can find it unlocked.
    fcntl.flock(stream, fcntl.LOCK_EX)
    json.dump({"store": store, "pid": os.getpid()}, stream)
    stream.flush()
    path = folder / f"{token}.json"
    hidden.rename(path)
    return Lease(token, path, stream)


def abandoned(folder: Path, store: str) -> Iterator[Abandoned]:
    """Every run of a store that nobody holds, locked while it is looked at.

    Its lease is removed when the next one is asked for; a caller that raises or stops
    before that leaves it for another time.
    """
    for path in sorted(folder.glob("*.json")):
        try:
            stream = path.open("r+", encoding="utf-8")
        except OSError:
            continue  # closed in good order just now
        with stream:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                continue  # its run goes on
            try:
                told = json.load(stream)
            except ValueError:
                told = {}
            if told.get("store", store) != store:
                continue
            yield Abandoned(path.stem, told.get("status", "killed"))
            path.unlink(missing_ok=True)
