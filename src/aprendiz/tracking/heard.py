"""A run that somebody listens to: every figure it is told is also told to a listener."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from aprendiz.interfaces import Listener, Run, RunStatus


class HeardRun:
    """Passes everything on to ``run``, and the figures to ``listener`` as well."""

    def __init__(self, run: Run, listener: Listener) -> None:
        self._run = run
        self._listener = listener
        self.history = run.history
        self.address = run.address

    def params(self, values: Mapping[str, object]) -> None:
        """Pass on settings."""
        self._run.params(values)

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Pass on figures, and tell the listener those that were kept."""
        before = self._run.history[-1] if self._run.history else None
        self._run.metrics(values, step)
        self.history = self._run.history
        if self.history and self.history[-1] is not before:
            kept = {name: value for name, value in self.history[-1].items() if name != "step"}
            self._listener.figures(step, kept)

    def artifact(self, path: Path, folder: str = "") -> None:
        """Pass on a file or folder."""
        self._run.artifact(path, folder)

    def model(self, folder: Path) -> None:
        """Pass on a model folder."""
        self._run.model(folder)

    def close(self, status: RunStatus) -> None:
        """Pass on the end."""
        self._run.close(status)
