"""What a client may do with jobs: create, cancel, pause, resume. The supervisor does the rest."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Collection, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aprendiz.errors import MissingExtra
from aprendiz.platform import names, said
from aprendiz.platform.files import Files, Verdict
from aprendiz.platform.ids import new_id, now
from aprendiz.platform.names import Base
from aprendiz.platform.order import (
    AUTO,
    HYPERPARAMETERS,
    TRAINING,
    VALIDATION,
    Order,
    Plan,
    check_hyperparameters,
    plan,
)
from aprendiz.platform.records import (
    EventRecord,
    FileRecord,
    JobError,
    JobRecord,
    JobRequest,
    JobStatus,
    Refusal,
)
from aprendiz.platform.store.store import Store
from aprendiz.settings import Settings

LEAST_EXAMPLES = 10  # as both vendors have it
_SUFFIX = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_MOST_PAIRS, _LONGEST_KEY, _LONGEST_VALUE = 16, 64, 512
_SEEDS = 2**31
_LORA_NEEDS = ("torch", "transformers", "peft", "trl")

_CANCELLABLE: frozenset[JobStatus] = frozenset({"validating_files", "queued", "running", "paused"})
_PAUSABLE: frozenset[JobStatus] = frozenset({"queued", "running"})


class Jobs:
    """The jobs of one home.

    Args:
        folder: where each job has a folder of its own, named by its id.
        wake: called after every change, so that the supervisor acts on it at once.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        files: Files,
        settings: Settings,
        wake: Callable[[], None],
    ) -> None:
        self._folder = folder
        self._store = store
        self._files = files
        self._settings = settings
        self._wake = wake
        folder.mkdir(parents=True, exist_ok=True)

    def create(self, request: JobRequest) -> JobRecord:
        """Take a job in. Two equal requests make two jobs, as at the vendors.

        A file with faults makes a job that will fail and say why, also as there. Answers that
        are not a small closed set are learnt by a language model; where the name asked for is
        that of a method which only labels, they are refused at once.

        Raises:
            Refusal: 400, something asked for is impossible, or a library is missing; 404,
                unknown model.
        """
        _check_request(request)
        base = names.find(request.model, self._settings)
        training = self._file(request.training_file, "training_file")
        validation = (
            self._file(request.validation_file, "validation_file")
            if request.validation_file is not None
            else None
        )
        verdict = self._files.verdict(training)
        fault = _fault(verdict, training, "training_file", LEAST_EXAMPLES)
        asked_for = base
        if fault is None and verdict.open_because:
            base = _for_open_answers(base, verdict)
        if names.learns_conversations(base.method):
            _refuse_without_libraries()
        if fault is None and validation is not None:
            fault = _fault(self._files.verdict(validation), validation, "validation_file", 1)

        seed = secrets.randbelow(_SEEDS) if request.seed is None else request.seed
        asked = {name: request.hyperparameters.get(name, AUTO) for name in HYPERPARAMETERS}
        chosen = (
            plan(base.method, base.base_model, asked, verdict.examples, seed)
            if fault is None
            else Plan({}, {}, (), 0)
        )
        job = JobRecord(
            id=new_id("ftjob-"),
            created_at=now(),
            model=base.shown,
            method=base.method,
            base_model=base.base_model,
            training_file=training.id,
            validation_file=validation.id if validation else None,
            seed=seed,
            suffix=request.suffix,
            metadata=dict(request.metadata) if request.metadata else None,
            asked=asked,
            extra=dict(request.extra),
        )
        order = Order(
            job=job.id,
            model=base.shown,
            recipe=chosen.recipe,
            resolved=chosen.resolved,
            ignored=chosen.ignored,
            steps=chosen.steps,
            validated=validation is not None,
            fault=fault,
            several_turns=verdict.several_turns,
        )
        self._make_folder(order, training, validation)
        events = [said.created(job.id)]
        if base != asked_for:
            events.append(said.open_answers(job.id, verdict.open_because, base.base_model))
        self._store.add_job(job, events)
        self._wake()
        return job

    def cancel(self, id: str) -> JobRecord:
        """End a job that has not ended. Its training process is stopped.

        Raises:
            Refusal: 404, no such job; 400, it has ended.
        """
        return self._move(
            id, "cancelled", _CANCELLABLE, said.event(id, said.CANCELLED),
            finished_at=now(), estimated_finish=None,
        )  # fmt: skip

    def pause(self, id: str) -> JobRecord:
        """Put a job aside. What it has learnt up to its last checkpoint is kept.

        Raises:
            Refusal: 404, no such job; 400, it is neither queued nor running.
        """
        return self._move(
            id, "paused", _PAUSABLE, said.event(id, said.PAUSED), estimated_finish=None
        )

    def resume(self, id: str) -> JobRecord:
        """Let a paused job go on, from its last checkpoint, when its turn comes.

        Raises:
            Refusal: 404, no such job; 400, it is not paused.
        """
        return self._move(id, "queued", {"paused"}, said.event(id, said.RESUMED))

    def delete(self, id: str) -> None:
        """Forget a job that has ended. Its models answer on; the rest of its folder goes at the
        next start.

        Raises:
            Refusal: 404, no such job; 400, it has not ended.
        """
        self._store.delete_job(id)

    def _move(
        self,
        id: str,
        to: JobStatus,
        from_: Collection[JobStatus],
        event: EventRecord,
        **values: Any,
    ) -> JobRecord:
        moved = self._store.transition(id, from_, to, [event], **values)
        if moved is None:
            job = self._store.job(id)
            raise Refusal(
                400,
                f"Job '{id}' is {job.status}; for this it must be {' or '.join(sorted(from_))}.",
                code="invalid_job_state",
                param="fine_tuning_job_id",
            )
        self._wake()
        return moved

    def _file(self, id: str, param: str) -> FileRecord:
        try:
            record = self._store.file(id)
        except Refusal:
            raise Refusal(
                400, f"There is no file '{id}'.", code="invalid_file", param=param
            ) from None
        if record.purpose != "fine-tune":
            raise Refusal(
                400,
                f"File '{id}' has the purpose '{record.purpose}', not 'fine-tune'.",
                code="invalid_file",
                param=param,
            )
        return record

    def _make_folder(
        self, order: Order, training: FileRecord, validation: FileRecord | None
    ) -> None:
        """The job's own hold on everything it needs, whatever happens to the files later."""
        folder = self._folder / order.job
        folder.mkdir()
        try:
            _hold(self._files.path(training), folder / TRAINING)
            if validation is not None:
                _hold(self._files.path(validation), folder / VALIDATION)
            order.write(folder)
        except FileNotFoundError as error:
            shutil.rmtree(folder, ignore_errors=True)
            which = (
                "validation_file"
                if error.filename2 == str(folder / VALIDATION)
                else "training_file"
            )
            raise Refusal(
                400, "The file was deleted meanwhile.", code="invalid_file", param=which
            ) from None


def _hold(file: Path, name: Path) -> None:
    """A second name for the same bytes; a copy where the disk knows no such thing."""
    try:
        os.link(file, name)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(file, name)


def _fault(verdict: Verdict, file: FileRecord, param: str, least: int) -> JobError | None:
    """Why a job with this file fails, in the vendor's words with our lines."""
    part = param.partition("_")[0]
    if verdict.faults:
        return JobError(
            verdict.code,
            f"The job failed due to a file format error in the {part} file. "
            f"{file.filename}: {verdict.faults}",
            param,
        )
    if verdict.examples < least:
        return JobError(
            "invalid_n_examples",
            f"{part.capitalize()} file has {verdict.examples} example(s), but must have at "
            f"least {least} examples",
            param,
        )
    return None


def _for_open_answers(base: Base, verdict: Verdict) -> Base:
    """What learns answers that are no labels, under the name that was asked for."""
    if able := base.for_open_answers():
        return able
    raise Refusal(
        400,
        f"The answers in the training file are not a small closed set, because "
        f"{verdict.open_because}. {base.method} learns labels only: ask for the model 'lora', "
        "or 'lora:BASE' with a language model of yours; or give this name an open_base_model in "
        "the service's table of names.",
        code="unsupported_training_file",
        param="training_file",
    )


def _refuse_without_libraries() -> None:
    """A language model cannot be trained without them, which the client should learn at once."""
    for library in _LORA_NEEDS:
        if find_spec(library) is None:
            missing = MissingExtra("lora", library)
            raise Refusal(
                400,
                f"A language model would have to learn here, and {missing.message} where the "
                f"service runs: {missing.hint}",
                code="missing_library",
                param="model",
            )


def _check_request(request: JobRequest) -> None:
    if request.method != "supervised":
        raise Refusal(
            400,
            f"The method '{request.method}' is not offered here; only 'supervised' is.",
            code="unsupported_method",
            param="method.type",
        )
    check_hyperparameters(request.hyperparameters)
    if request.suffix is not None and not _SUFFIX.fullmatch(request.suffix):
        raise Refusal(
            400,
            "A suffix has 1 to 64 letters, digits, '-', '_' or '.'.",
            code="invalid_suffix",
            param="suffix",
        )
    if request.seed is not None and not 0 <= request.seed < _SEEDS:
        raise Refusal(400, f"A seed is from 0 to {_SEEDS - 1}.", code="invalid_seed", param="seed")
    _check_metadata(request.metadata or {})
    try:
        json.dumps(dict(request.extra), allow_nan=False)
    except (TypeError, ValueError):
        raise Refusal(400, "A field holds a value that JSON does not have.") from None


def _check_metadata(metadata: Mapping[str, Any]) -> None:
    fault = ""
    if len(metadata) > _MOST_PAIRS:
        fault = f"has {len(metadata)} pairs; {_MOST_PAIRS} are the most"
    for key, value in metadata.items():
        if not isinstance(value, str):
            fault = f"has a value under {key!r} that is not text"
        elif len(key) > _LONGEST_KEY or len(value) > _LONGEST_VALUE:
            fault = (
                f"has a pair, {key[:_LONGEST_KEY]!r}, that is too long: a key has at most "
                f"{_LONGEST_KEY} characters, a value {_LONGEST_VALUE}"
            )
    if fault:
        raise Refusal(400, f"The metadata {fault}.", code="invalid_metadata", param="metadata")
