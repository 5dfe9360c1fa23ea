"""From a piece of a job's journal to what the store keeps of it. No database, no processes."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aprendiz.platform import said
from aprendiz.platform.ids import new_id, now
from aprendiz.platform.journal import Entry
from aprendiz.platform.names import checkpoint_name, tuned_name
from aprendiz.platform.records import (
    CheckpointRecord,
    EventRecord,
    FileRecord,
    JobError,
    JobRecord,
    ModelRecord,
)
from aprendiz.platform.store.jobs import Intake

#: Azure's columns, with OpenAI's name for the fifth.
COLUMNS = (
    "step",
    "train_loss",
    "train_mean_token_accuracy",
    "valid_loss",
    "valid_mean_token_accuracy",
    "full_valid_loss",
    "full_valid_mean_token_accuracy",
)

KeepResults = Callable[[], FileRecord]


class Reader:
    """Puts together the :class:`Intake` of a piece of one job's journal.

    Args:
        job: the job as it was when the piece was read.
        steps: optimiser steps in all.
        keep_results: called at the job's end; writes the results file to disk.
        estimate: when the job will probably end; ``None`` where nobody can say.
    """

    def __init__(
        self, job: JobRecord, steps: int, keep_results: KeepResults, estimate: int | None
    ) -> None:
        self._job = job
        self._steps = steps
        self._keep_results = keep_results
        self._name = tuned_name(job.model, job.suffix, job.id)
        self._values: dict[str, Any] = {"estimated_finish": estimate} if estimate else {}
        self._events: list[EventRecord] = []
        self._checkpoints: list[CheckpointRecord] = []
        self._models: list[ModelRecord] = []
        self._files: list[FileRecord] = []

    def intake(self, entries: Sequence[Entry]) -> Intake:
        """What the entries mean, in their order."""
        for entry in entries:
            match entry.kind:
                case "metrics":
                    self._metrics(entry)
                case "snapshot":
                    self._snapshot(entry)
                case "end":
                    self._end(entry)
                case "error":
                    self._error(entry)
        return Intake(
            self._values,
            tuple(self._events),
            tuple(self._checkpoints),
            tuple(self._models),
            tuple(self._files),
        )

    def _metrics(self, entry: Entry) -> None:
        values = dict(entry.values)
        step = int(values.pop("step"))
        self._events.append(said.figures(self._job.id, step, self._steps, values, entry.time))
        self._values["progress"] = (step, self._steps)

    def _snapshot(self, entry: Entry) -> None:
        step = int(entry.values["step"])
        model = checkpoint_name(self._name, step)
        at = int(entry.time)
        self._checkpoints.append(
            CheckpointRecord(
                new_id("ftckpt_"), self._job.id, at, step, model, dict(entry.values["figures"])
            )
        )
        self._models.append(self._model(model, str(entry.values["folder"]), at, step))
        self._events.append(said.checkpoint(self._job.id, step, model, entry.time))

    def _end(self, entry: Entry) -> None:
        results = self._keep_results()
        steps = int(entry.values["steps"])
        if steps < self._steps:
            # A journal of an earlier version does not tell its epochs.
            whole = entry.values.get("epochs", 0.0) >= (self._job.resolved or {}).get("n_epochs", 1)
            why = said.left_out if whole else said.stopped_early
            self._events.append(why(self._job.id, steps, self._steps))
        self._files.append(results)
        self._models.append(self._model(self._name, "model", now(), None))
        self._events += [
            said.model_made(self._job.id, self._name),
            said.event(self._job.id, said.COMPLETED),
        ]
        self._values |= {
            "status": "succeeded",
            "finished_at": now(),
            "estimated_finish": None,
            "progress": (steps, steps),
            "fine_tuned_model": self._name,
            "result_file": results.id,
            "trained_tokens": int(entry.values["tokens"]),
        }

    def _error(self, entry: Entry) -> None:
        error = JobError(**entry.values)
        self._values |= failed(error)
        self._events.append(said.event(self._job.id, error.message, "error"))

    def _model(self, name: str, folder: str, at: int, step: int | None) -> ModelRecord:
        place = f"jobs/{self._job.id}/{folder}"
        return ModelRecord(name, self._job.id, self._job.model, at, place, step)


def pace(entries: Iterable[Entry]) -> tuple[float, int] | None:
    """Time and step of the last figures among the entries."""
    steps = [
        (entry.time, int(entry.values["step"])) for entry in entries if entry.kind == "metrics"
    ]
    return steps[-1] if steps else None


def failed(error: JobError) -> dict[str, Any]:
    """The columns of a job that has failed."""
    return {
        "status": "failed",
        "finished_at": now(),
        "estimated_finish": None,
        "error": error,
    }


def results_csv(entries: Iterable[Entry]) -> bytes:
    """The results file: a row a step, a cell empty where there is no figure."""
    rows: dict[int, dict[str, Any]] = {}
    for entry in entries:
        if entry.kind == "metrics":
            rows.setdefault(int(entry.values["step"]), {}).update(entry.values)
    out = io.StringIO()
    table = csv.DictWriter(out, COLUMNS, restval="", extrasaction="ignore", lineterminator="\n")
    table.writeheader()
    table.writerows(rows[step] for step in sorted(rows))
    return out.getvalue().encode()
