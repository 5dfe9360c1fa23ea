"""What was trained before: the runs in the store as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aprendiz.errors import MissingExtra, ProviderError
from aprendiz.settings import Settings
from aprendiz.tracking import library
from aprendiz.tracking.reach import sqlite_file

if TYPE_CHECKING:
    from aprendiz.tracking.mlflow_store import Store

MODEL_FOLDER_TAG = "aprendiz.model_folder"
"""The tag by which a run names its model folder."""


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
    if not _store_made(settings):
        return []
    store = _open(settings)
    try:
        found = store.client.search_runs(
            [store.experiment_id], order_by=["attributes.start_time DESC"], max_results=limit
        )
    except Exception as error:
        raise ProviderError(
            f"the runs at {store.shown} cannot be read: {store.clean(str(error))}"
        ) from None
    return [_plain(run) for run in found]


def page(settings: Settings) -> str | None:
    """Where MLflow's pages list our runs, after a server's address; none before the first run.

    Raises:
        MissingExtra: MLflow is not installed.
        ProviderError: the store cannot be reached.
    """
    if not _store_made(settings):
        return None
    store = _open(settings)
    from aprendiz.tracking.mlflow_store import runs_page

    return runs_page(store.experiment_id)


def _store_made(settings: Settings) -> bool:
    if not library.mlflow_installed():
        raise MissingExtra("track", "mlflow")
    file = sqlite_file(settings.tracking_uri)
    return file is None or file.exists()


def _open(settings: Settings) -> Store:
    library.prepare(settings)
    from aprendiz.tracking.mlflow_store import open_store

    return open_store(settings, lambda _: None)


def _plain(run: Any) -> PastRun:
    """One of MLflow's runs (``mlflow.entities.Run``, not named here: this file is light)."""
    begin, end = run.info.start_time, run.info.end_time
    part, accuracy, n = _score(run)
    return PastRun(
        run_id=run.info.run_id,
        name=run.info.run_name or "",
        started=datetime.fromtimestamp(begin / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round((end - begin) / 1000, 1) if end else None,
        status=run.info.status.lower(),
        method=run.data.params.get("method", ""),
        accuracy=accuracy,
        n=n,
        part=part,
        model=run.data.tags.get(MODEL_FOLDER_TAG, ""),
    )


def _score(run: Any) -> tuple[str, float | None, int | None]:
    """The final accuracy and its number of rows; the test part goes before the other."""
    for part in ("test", "validation"):
        accuracy = run.data.metrics.get(f"final_{part}_accuracy")
        if accuracy is not None:
            rows = run.data.params.get(f"{part}_rows", "")
            return part, accuracy, int(rows) if rows.isdecimal() else None
    return "", None, None
