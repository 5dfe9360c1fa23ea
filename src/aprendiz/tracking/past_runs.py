"""What was trained before: the runs in the store as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from aprendiz.errors import MissingExtra
from aprendiz.settings import Settings
from aprendiz.tracking import library
from aprendiz.tracking.reach import sqlite_file


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run of the store.

    Attributes:
        run_id: its identity there.
        name: what it was called.
        started: UTC time in ISO 8601.
        seconds: from beginning to end; ``None`` while it goes on.
        status: ``running``, ``finished``, ``failed`` or ``killed``.
        method: which method learnt; empty if unknown.
        accuracy: on ``part``; ``None`` if nothing was measured.
        n: rows that ``accuracy`` was measured on.
        part: ``test``, ``validation`` or empty.
        model: the model folder; empty if none was made.
    """

    run_id: str
    name: str
    started: str
    seconds: float | None
    status: str
    method: str
    accuracy: float | None
    n: int | None
    part: str
    model: str

    def as_dict(self) -> dict[str, object]:
        """The run as plain values for JSON."""
        return asdict(self)


def past_runs(settings: Settings, limit: int) -> list[PastRun]:
    """The latest runs, newest first; killed ones that nobody closed are closed on the way.

    Raises:
        MissingExtra: MLflow is not installed.
        ProviderError: the store cannot be reached.
    """
    if not library.mlflow_installed():
        raise MissingExtra("track", "mlflow")
    file = sqlite_file(settings.tracking_uri)
    if file is not None and not file.exists():
        return []
    library.prepare(settings)
    from aprendiz.tracking import mlflow_list

    return mlflow_list.latest(settings, limit)
