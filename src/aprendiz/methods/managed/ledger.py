"""What has been sent to a provider, on disk before anything is built on it.

A job costs money and must not be created twice. So each id is written down the moment it
is known, and the intention to create a job before the request goes out: whoever comes
back after a ``kill -9`` finds either the job's id or the knowledge that there may be one.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

NAME = "job.json"


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of the training so far.

    Attributes:
        training_file: id of the uploaded training file; empty until there is one.
        validation_file: the same for the validation file.
        asked_at: when a job was asked for (Unix seconds); 0 when none was, or when the
            provider certainly refused.
        job: the job's id; empty until it is known.
    """

    training_file: str = ""
    validation_file: str = ""
    asked_at: float = 0.0
    job: str = ""


class Ledger:
    """The entry of one training, kept in a folder that survives interruptions."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self.entry = Entry()
        if self._path.is_file():
            self.entry = Entry(**json.loads(self._path.read_text(encoding="utf-8")))

    def note(self, **values: Any) -> None:
        """Change the entry; on disk when this returns."""
        self.entry = replace(self.entry, **values)
        aside = self._path.with_suffix(".partial")
        with aside.open("w", encoding="utf-8") as stream:
            json.dump(asdict(self.entry), stream)
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def forget(self) -> None:
        """Remove the entry and the files beside it: there is nothing to go on with."""
        for path in self._path.parent.iterdir():
            path.unlink()
        self.entry = Entry()
