"""A run recorded with MLflow, over a run in memory that holds everything whatever happens.

Training is never slowed down and never stopped by its diary: figures go through an
outbox, failures are told once and tried again, and what is not on the allow-list
below is not sent at all.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import mlflow.pyfunc
import pandas as pd
from mlflow.entities import Metric, Param
from mlflow.models import Model, ModelSignature
from mlflow.types import ColSpec, DataType, Schema
from mlflow.types.schema import Map

from aprendiz._version import __version__
from aprendiz.interfaces import RunStatus
from aprendiz.settings import Settings
from aprendiz.tracking import lease
from aprendiz.tracking.lease import Lease
from aprendiz.tracking.memory import MemoryRun
from aprendiz.tracking.mlflow_store import (
    LEASE_TAG,
    STATUSES,
    Store,
    open_store,
    quiet,
    runs_page,
    why,
)
from aprendiz.tracking.nesting import PARENT_TAG, outer_run
from aprendiz.tracking.outbox import Outbox
from aprendiz.tracking.past_runs import MODEL_FOLDER_TAG
from aprendiz.tracking.reach import why_unreachable

RECORDED_PARAMS = (
    # what was asked for
    "method", "seed", "base_model", "plain", "epochs", "batch_size", "learning_rate",
    "head_learning_rate", "scheduler", "warmup", "weight_decay", "label_smoothing",
    "early_stopping", "metric", "max_length", "precision", "regularization", "word_ngrams",
    "character_ngrams", "max_features", "provider", "learning_rate_multiplier",
    "prompt_loss_weight", "training_type", "suffix", "system_prompt", "language", "concurrency",
    "price_per_million_tokens", "retirement_days", "yes_really", "rank", "alpha", "dropout",
    "variant", "four_bit", "packing",
    # what it learnt from
    "data_fingerprint", "labels", "train_rows", "validation_rows", "test_rows",
    # what did it
    "aprendiz_version", "device",
)  # fmt: skip
"""The only settings that are sent as parameters; the whole recipe goes along as a file.

An allow-list keeps secrets and clutter out, and stays far below the hundred that one
request may carry and the two hundred that Azure ML allows a run.
"""

LONGEST_VALUE = 500
"""Characters of a parameter: what Azure ML and older servers take (newer ones take 6,000)."""

_LONGEST_NAME = 250
_CLOSING_SECONDS = 30.0
_RETRY_SECONDS = 30.0
_SIGNATURE = ModelSignature(
    inputs=Schema([ColSpec(DataType.string, "text")]),
    outputs=Schema(
        [
            ColSpec(DataType.string, "label"),
            ColSpec(DataType.double, "confidence"),
            ColSpec(DataType.boolean, "abstained"),
            ColSpec(DataType.string, "decision"),
            ColSpec(Map(DataType.double), "probabilities"),
        ]
    ),
)


def start(
    settings: Settings, *, name: str, say: Callable[[str], None], memory: MemoryRun
) -> MlflowRun:
    """Open a run, or go on with the one that ``memory``'s journal names.

    Raises:
        ProviderError: the store cannot be reached or used.
    """
    store = open_store(settings, say)
    held = lease.take(store.leases, store.place)
    try:
        run_id = _resume(store, memory, held) or _create(store, name, held)
    except Exception:
        held.give_back()
        raise
    memory.note(run_id=run_id, store=store.place)
    return MlflowRun(store, run_id, held, memory, say, settings.tracking_uri)


class MlflowRun:
    """One MLflow run; see :func:`start`.

    Attributes:
        run_id: its identity at the store.
        history: every metrics call, as :class:`MemoryRun` keeps it.
        address: what to open or run to look at it.
    """

    def __init__(
        self,
        store: Store,
        run_id: str,
        held: Lease,
        memory: MemoryRun,
        say: Callable[[str], None],
        uri: str,
    ) -> None:
        self.run_id = run_id
        self.address = _address(store, run_id)
        self._store = store
        self._lease = held
        self._memory = memory
        self._say = say
        self._uri = uri
        with quiet():
            started = store.client.get_run(run_id)
        self._artifacts = _local_folder(started.info.artifact_uri)
        self._sent = dict(started.data.params)
        self._warned = False
        self._failed_at: float | None = None
        self._missing: list[str] = []
        self._outbox: Outbox[Metric | Param] = Outbox(self._deliver, self._failed)

    @property
    def history(self) -> list[dict[str, float]]:
        """Every metrics call, in order, whether it could be sent or not."""
        return self._memory.history

    @history.setter
    def history(self, entries: list[dict[str, float]]) -> None:
        self._memory.history = entries

    @property
    def status(self) -> RunStatus | None:
        """How the run ended; ``None`` while it goes on."""
        return self._memory.status

    def params(self, values: Mapping[str, object]) -> None:
        """Record the settings that are on the allow-list, each once, cut to what servers take."""
        self._memory.params(values)
        fresh = {
            name: self._store.clean(str(values[name]))[:LONGEST_VALUE]
            for name in RECORDED_PARAMS
            if name in values and values[name] is not None and name not in self._sent
        }
        self._sent.update(fresh)
        self._outbox.put([Param(name, value) for name, value in fresh.items()])

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Record figures at a step; returns at once."""
        if self.status is not None:
            return
        self._memory.metrics(values, step)
        now = int(time.time() * 1000)
        self._outbox.put(
            [Metric(_name(name), float(value), now, step) for name, value in values.items()]
        )

    def artifact(self, path: Path, folder: str = "") -> None:
        """Send a file, or a folder under its own name, into ``folder`` of the run."""

        def send() -> None:
            if path.is_dir():
                inside = f"{folder}/{path.name}" if folder else path.name
                self._store.client.log_artifacts(self.run_id, str(path), inside)
            else:
                self._store.client.log_artifact(self.run_id, str(path), folder or None)

        self._attempt(path.name, send)

    def model(self, folder: Path) -> None:
        """Record a model folder so that ``mlflow models serve -m runs:/RUN_ID/model`` answers."""
        self._attempt("model", lambda: self._send_model(folder.resolve()))

    def close(self, status: RunStatus) -> None:
        """Send what is left and end the run; the first call counts."""
        if self.status is not None:
            return
        self._memory.close(status)
        left = self._outbox.close(_CLOSING_SECONDS)
        try:
            if left:
                self._missing.append(f"{left} figures")
                self._lease.leave(status)
            else:
                with quiet():
                    self._store.client.set_terminated(self.run_id, STATUSES[status])
                self._lease.give_back()
        except Exception as error:
            self._failed(error)
            self._lease.leave(status)
        if self._missing:
            self._say(
                f"warning: not recorded at {self._store.shown}: {', '.join(self._missing)}; "
                "the model folder has them"
            )
        elif self._warned:
            self._say(f"{self._store.shown} answered again: the run is complete there")

    def _deliver(self, batch: Sequence[Metric | Param]) -> None:
        self._store.client.log_batch(
            self.run_id,
            metrics=[item for item in batch if isinstance(item, Metric)],
            params=[item for item in batch if isinstance(item, Param)],
        )
        self._failed_at = None

    def _attempt(self, what: str, send: Callable[[], None]) -> None:
        """Send a file; while the store is known to be gone, note it as missing at once."""
        if self.status is not None:
            return
        if self._failed_at is not None:
            recent = time.monotonic() - self._failed_at < _RETRY_SECONDS
            if recent or why_unreachable(self._uri):
                self._missing.append(what)
                return
        try:
            with quiet():
                send()
            self._failed_at = None
        except Exception as error:
            self._missing.append(what)
            self._failed(error)

    def _failed(self, error: Exception) -> None:
        self._failed_at = time.monotonic()
        if self._warned:
            return
        self._warned = True
        self._say(
            f"warning: recording at {self._store.shown} failed "
            f"({why(error, self._store.secrets)}); training goes on and keeps its own history"
        )

    def _send_model(self, folder: Path) -> None:
        client = self._store.client
        if self._artifacts is not None:
            # Straight to its place: going through a temporary folder would copy it twice.
            saved = _save_model(folder, self._artifacts / "model", self.run_id)
        else:
            with tempfile.TemporaryDirectory(prefix="aprendiz-") as aside:
                saved = _save_model(folder, Path(aside) / "model", self.run_id)
                client.log_artifacts(self.run_id, str(Path(aside) / "model"), "model")
        # By this tag MLflow's pages know which folder of a run is a model.
        history = json.dumps([saved.get_tags_dict()])
        client.set_tag(self.run_id, "mlflow.log-model.history", history)
        client.set_tag(self.run_id, MODEL_FOLDER_TAG, str(folder))


def _create(store: Store, name: str, held: Lease) -> str:
    with quiet():
        run = store.client.create_run(
            store.experiment_id, run_name=store.clean(name), tags=_tags(held)
        )
    return str(run.info.run_id)


def _resume(store: Store, memory: MemoryRun, held: Lease) -> str | None:
    """Reopen the run that an interrupted training had begun in this very store."""
    run_id = memory.notes.get("run_id")
    if run_id is None or memory.notes.get("store") != store.place:
        return None
    with quiet():
        try:
            store.client.update_run(run_id, status="RUNNING")
        except mlflow.MlflowException:
            return None  # deleted since
        for key, value in _tags(held).items():
            store.client.set_tag(run_id, key, value)
    return run_id


def _tags(held: Lease) -> dict[str, str]:
    """Who records. Not the command line: people type secrets there."""
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        user = "unknown"
    outer = outer_run()
    return {
        **({PARENT_TAG: outer} if outer else {}),
        "mlflow.user": user,
        "mlflow.source.name": "aprendiz",
        "mlflow.source.type": "LOCAL",
        "aprendiz.version": __version__,
        "aprendiz.host": socket.gethostname(),
        "aprendiz.pid": str(os.getpid()),
        LEASE_TAG: held.token,
    }


def _save_model(folder: Path, target: Path, run_id: str) -> Model:
    """Write an MLflow model that holds the whole model folder; all or nothing."""
    described = Model(artifact_path="model", run_id=run_id)
    shutil.rmtree(target, ignore_errors=True)
    try:
        mlflow.pyfunc.save_model(
            str(target),
            mlflow_model=described,
            python_model=str(Path(__file__).with_name("mlflow_model.py")),
            artifacts={"model": str(folder)},
            signature=_SIGNATURE,
            input_example=pd.DataFrame({"text": ["a text to classify"]}),
            # Said, not inferred: inference would load the model in a second process.
            pip_requirements=[f"aprendiz[train]=={__version__}"],
        )
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        raise
    return described


def _name(name: str) -> str:
    """A metric's name with the characters that every server takes."""
    return re.sub(r"[^\w.\- /]", "_", name)[:_LONGEST_NAME]


def _local_folder(artifact_uri: str) -> Path | None:
    parts = urlsplit(artifact_uri)
    if parts.scheme == "file":
        return Path(url2pathname(parts.path))
    return Path(artifact_uri) if not parts.scheme else None


def _address(store: Store, run_id: str) -> str:
    if store.shown.startswith(("http://", "https://")):
        page = runs_page(store.experiment_id).replace("?", f"/{run_id}?")
        return f"{store.shown.rstrip('/')}/{page}"
    return "aprendiz runs --ui"
