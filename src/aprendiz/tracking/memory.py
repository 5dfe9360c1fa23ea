"""A run that lives in memory: enough for the report, and the part that can never fail."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

from aprendiz.interfaces import RunStatus


class MemoryRun:
    """Keeps the metrics history; every other kind of run wraps one of these."""

    def __init__(self) -> None:
        self.history: list[dict[str, float]] = []
        self.recorded_params: dict[str, object] = {}
        self.status: RunStatus | None = None

    def params(self, values: Mapping[str, object]) -> None:
        """Remember settings."""
        self.recorded_params.update(values)

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Append one entry; values that are not finite numbers are left out."""
        finite = {name: float(v) for name, v in values.items() if math.isfinite(float(v))}
        if self.status is None and finite:
            self.history.append({"step": step, **finite})

    def artifact(self, path: Path, folder: str = "") -> None:
        """Nothing to do: the files are already on this machine."""

    def close(self, status: RunStatus) -> None:
        """Note how it ended; the first call counts."""
        self.status = self.status or status
