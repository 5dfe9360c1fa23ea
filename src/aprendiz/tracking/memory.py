"""A run that lives in memory: enough for the report, and the part that can never fail.

With a journal (a file of JSON lines) the history outlives a ``kill -9``: a training
that is resumed gets its earlier curve back.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path

from aprendiz.interfaces import RunStatus


class MemoryRun:
    """Keeps the metrics history; every other kind of run wraps one of these.

    Args:
        journal: file that remembers the run between an interruption and its resume;
            what it holds is read back first.
    """

    address = ""
    """Where people can look at the run; empty, since there is nowhere to go."""

    run_id = ""
    """What a store calls the run; empty, since there is none."""

    def __init__(self, journal: Path | None = None) -> None:
        self.history: list[dict[str, float]] = []
        self.recorded_params: dict[str, object] = {}
        self.status: RunStatus | None = None
        self.notes: dict[str, str] = {}
        self._journal = journal
        self._resumed = False
        if journal is not None and journal.is_file():
            self._read_back(journal)

    def params(self, values: Mapping[str, object]) -> None:
        """Remember settings."""
        self.recorded_params.update(values)

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Append one entry; values that are not finite numbers are left out."""
        finite = {name: float(v) for name, v in values.items() if math.isfinite(float(v))}
        if self.status is not None or not finite:
            return
        if self._resumed and step > 0:
            # Training went back to its last checkpoint: what was recorded from here on
            # before the interruption is about to be learnt, and told, once more.
            self._go_back_to(step)
            self._write_down({"back_to": step})
            self._resumed = False
        entry = {"step": step, **finite}
        self.history.append(entry)
        self._write_down(entry)

    def artifact(self, path: Path, folder: str = "") -> None:
        """Nothing to do: the files are already on this machine."""

    def model(self, folder: Path) -> None:
        """Nothing to do: the model folder is already on this machine."""

    def close(self, status: RunStatus) -> None:
        """Note how it ended; the first call counts."""
        self.status = self.status or status

    def note(self, **values: str) -> None:
        """Keep plain facts about the run itself (its name elsewhere) in the journal."""
        self.notes.update(values)
        self._write_down({"notes": values})

    def _go_back_to(self, step: float) -> None:
        self.history = [entry for entry in self.history if entry["step"] < step]

    def _write_down(self, line: Mapping[str, object]) -> None:
        if self._journal is None:
            return
        try:
            with self._journal.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(line) + "\n")
        except OSError:
            self._journal = None  # a full disk is for the training to notice, not for its diary

    def _read_back(self, journal: Path) -> None:
        text = journal.read_text(encoding="utf-8", errors="replace")
        for line in text.splitlines():
            try:
                told = json.loads(line)
            except ValueError:
                continue  # the line that was being written when the process was killed
            if "notes" in told:
                self.notes.update(told["notes"])
            elif "back_to" in told:
                self._go_back_to(told["back_to"])
            elif "step" in told:
                self.history.append(told)
        if text and not text.endswith("\n"):
            with journal.open("a", encoding="utf-8") as stream:
                stream.write("\n")
        self._resumed = bool(self.history)
