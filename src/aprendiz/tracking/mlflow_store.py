"""Where runs are kept: open the MLflow store, close what was abandoned there.

An explicit ``MlflowClient`` throughout: MLflow's global tracking address and its
"active run" are left alone, so a program around us can use them for itself.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import RunStatus as MlflowStatus
from mlflow.exceptions import MlflowException

from aprendiz.errors import ProviderError
from aprendiz.settings import Settings
from aprendiz.tracking import lease
from aprendiz.tracking.reach import sqlite_file, why_unreachable
from aprendiz.tracking.redact import credentials_in, redact, without_credentials

STATUSES = {"finished": "FINISHED", "failed": "FAILED", "killed": "KILLED"}
LEASE_TAG = "aprendiz.lease"

_LONGEST_REASON = 200


@dataclass(frozen=True)
class Store:
    """An open tracking store.

    Attributes:
        shown: its address without credentials; the only one for people to see.
        client: talks to it.
        experiment_id: where our runs are.
        leases: folder of the leases of open runs on this machine.
        secrets: strings that must never be sent or shown.
    """

    shown: str
    client: MlflowClient
    experiment_id: str
    leases: Path
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def place(self) -> str:
        """Store and experiment in one word: what a lease is for."""
        return f"{self.shown}#{self.experiment_id}"

    def clean(self, text: str) -> str:
        """A text with every known secret taken out."""
        return redact(text, self.secrets)


def open_store(settings: Settings, say: Callable[[str], None]) -> Store:
    """Reach the store, make it on first use, and close the runs that were killed there.

    Raises:
        ProviderError: it cannot be reached or used; says why, without credentials.
    """
    uri = settings.tracking_uri
    shown = without_credentials(uri)
    secrets = known_secrets(settings)
    reason = why_unreachable(uri)
    if reason:
        raise _unusable(shown, redact(reason, secrets))
    file = sqlite_file(uri)
    if file is not None and file.stat().st_size == 0:
        say(f"making the store for runs, {file} (once; takes a few seconds)")
    _hush_retries()
    try:
        with quiet():
            client = MlflowClient(tracking_uri=uri)
            experiment = _experiment(client, settings.mlflow_experiment_name, file)
            store = Store(shown, client, experiment, settings.home_folder / "running", secrets)
            _close_abandoned(store)
    except Exception as error:
        raise _unusable(shown, why(error, secrets)) from None
    return store


def known_secrets(settings: Settings) -> tuple[str, ...]:
    """Every secret of this machine's settings that could slip into a text."""
    return (
        settings.mlflow_tracking_password.get_secret_value(),
        settings.mlflow_tracking_token.get_secret_value(),
        settings.hf_token.get_secret_value(),
        *credentials_in(settings.tracking_uri),
    )


def why(error: Exception, secrets: tuple[str, ...]) -> str:
    """The first line of an error, short and without secrets."""
    lines = redact(str(error), secrets).strip().splitlines()
    reason = lines[0] if lines else type(error).__name__
    return reason if len(reason) <= _LONGEST_REASON else reason[:_LONGEST_REASON] + "…"


def runs_page(experiment_id: str) -> str:
    """Where MLflow's pages list our runs, after the server's address.

    Without the question at its end MLflow 3 shows its pages for chat applications.
    """
    return f"#/experiments/{experiment_id}/runs?workflowType=machine_learning"


@contextmanager
def quiet() -> Iterator[None]:
    """Keep MLflow's logs, warnings and links off the terminal, and all of it off stdout."""
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _unusable(shown: str, reason: str) -> ProviderError:
    return ProviderError(
        f"runs cannot be recorded at {shown}: {reason}",
        "check MLFLOW_TRACKING_URI and its credentials, or train with --no-track",
    )


def _experiment(client: MlflowClient, name: str, file: Path | None) -> str:
    """The experiment's id; made, or taken back out of the bin, when needed."""
    found = client.get_experiment_by_name(name)
    if found is None:
        # Beside the SQLite file; a server knows best where its own files go.
        place = (file.parent / "mlartifacts" / name).as_uri() if file is not None else None
        try:
            return str(client.create_experiment(name, artifact_location=place))
        except MlflowException:
            found = client.get_experiment_by_name(name)  # another training was faster
            if found is None:
                raise
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    return str(found.experiment_id)


def _close_abandoned(store: Store) -> None:
    for left in lease.abandoned(store.leases, store.place):
        for run in store.client.search_runs(
            [store.experiment_id], f"tags.`{LEASE_TAG}` = '{left.token}'"
        ):
            if run.info.status == MlflowStatus.to_string(MlflowStatus.RUNNING):
                store.client.set_tag(run.info.run_id, "aprendiz.closed_by", "a later run")
                store.client.set_terminated(run.info.run_id, STATUSES[left.status])


class _OurRetries(logging.Filter):
    """Drops urllib3's account of each retried MLflow request; we say it once ourselves."""

    def filter(self, record: logging.LogRecord) -> bool:
        return "/mlflow" not in record.getMessage()


def _hush_retries() -> None:
    logger = logging.getLogger("urllib3.connectionpool")
    if not any(isinstance(each, _OurRetries) for each in logger.filters):
        logger.addFilter(_OurRetries())
