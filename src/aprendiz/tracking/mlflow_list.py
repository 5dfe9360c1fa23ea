"""Reads runs back out of the MLflow store; ``past_runs`` is its door."""

from __future__ import annotations

from datetime import UTC, datetime

from mlflow.entities import Run

from aprendiz.errors import ProviderError
from aprendiz.settings import Settings
from aprendiz.tracking.mlflow_run import MODEL_FOLDER_TAG
from aprendiz.tracking.mlflow_store import open_store, quiet, why
from aprendiz.tracking.past_runs import PastRun


def latest(settings: Settings, limit: int) -> list[PastRun]:
    """See :func:`aprendiz.tracking.past_runs.past_runs`."""
    store = open_store(settings, lambda _: None)
    try:
        with quiet():
            found = store.client.search_runs(
                [store.experiment_id], order_by=["attributes.start_time DESC"], max_results=limit
            )
    except Exception as error:
        raise ProviderError(
            f"the runs at {store.shown} cannot be read: {why(error, store.secrets)}"
        ) from None
    return [_plain(run) for run in found]


def _plain(run: Run) -> PastRun:
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


def _score(run: Run) -> tuple[str, float | None, int | None]:
    """The final accuracy and its number of rows; the test part goes before the other."""
    for part in ("test", "validation"):
        accuracy = run.data.metrics.get(f"final_{part}_accuracy")
        if accuracy is not None:
            rows = run.data.params.get(f"{part}_rows", "")
            return part, accuracy, int(rows) if rows.isdecimal() else None
    return "", None, None
