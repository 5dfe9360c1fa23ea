"""The plain values of the platform: what the store keeps and the HTTP side shows.

Every time is in whole Unix seconds. Nothing here knows SQL or HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

FileStatus = Literal["pending", "processed", "error"]
JobStatus = Literal[
    "validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled"
]
Level = Literal["info", "warn", "error"]

#: A job in one of these has ended; nothing moves it again.
ENDED: frozenset[JobStatus] = frozenset({"succeeded", "failed", "cancelled"})

T = TypeVar("T")


class Refusal(Exception):
    """A request that the protocol answers with an error.

    Args:
        status: HTTP status code (400, 401, 403, 404, 409, 413, 429, 503).
        message: one sentence for people.
        code: stable short name, such as ``invalid_n_examples`` or ``model_not_found``.
        param: the field at fault, such as ``training_file``.
    """

    def __init__(
        self, status: int, message: str, *, code: str | None = None, param: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.code = code
        self.param = param


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Part of a list: the rows after a cursor, and whether there are more after them."""

    rows: tuple[T, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class FileRecord:
    """An uploaded file, or a result file.

    Attributes:
        id: ``file-`` and 24 letters or digits.
        filename: the name the client gave.
        purpose: ``fine-tune``, ``fine-tune-results`` or another that the protocol has.
        bytes: size.
        created_at: when it was complete.
        status: ``processed`` only after its lines were checked; ``error`` says why in
            ``status_details``.
        status_details: what is wrong with it, with the line.
        expires_at: when it may be deleted; ``None`` for never.
    """

    id: str
    filename: str
    purpose: str
    bytes: int
    created_at: int
    status: FileStatus
    status_details: str | None = None
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed, in the vendor's terms."""

    code: str
    message: str
    param: str | None = None


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A fine-tuning job.

    Attributes:
        id: ``ftjob-`` and 24 letters or digits.
        model: the base model as shown to the client (its dated name where it has one).
        method: which of our methods learns: ``tfidf``, ``probe``, ``finetune``, ``lora``.
        base_model: our base model behind the asked-for name; empty for ``tfidf``.
        asked: hyper-parameters as asked for; each a number or ``"auto"``.
        resolved: the numbers in force, or ``None`` until the job has begun.
        progress: optimiser steps done and in all, or ``None``.
        extra: what the client sent and we only echo (``trainingType``, ``integrations``).
        journal_read: how many bytes of the child's journal have been taken in.
        attempt: how many times a child was started for it.
    """

    id: str
    created_at: int
    model: str
    method: str
    base_model: str
    training_file: str
    seed: int
    status: JobStatus = "validating_files"
    validation_file: str | None = None
    suffix: str | None = None
    metadata: Mapping[str, str] | None = None
    asked: Mapping[str, float | str] = field(default_factory=dict)
    resolved: Mapping[str, float] | None = None
    started_at: int | None = None
    finished_at: int | None = None
    estimated_finish: int | None = None
    progress: tuple[int, int] | None = None
    fine_tuned_model: str | None = None
    result_file: str | None = None
    trained_tokens: int | None = None
    error: JobError | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    journal_read: int = 0
    attempt: int = 0


@dataclass(frozen=True, slots=True)
class EventRecord:
    """Something that happened to a job; ``type`` is ``metrics`` when ``data`` holds figures."""

    id: str
    job: str
    created_at: int
    level: Level
    message: str
    type: Literal["message", "metrics"] = "message"
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class CheckpointRecord:
    """A model kept on the way; ``model`` is the name it answers chats under."""

    id: str
    job: str
    created_at: int
    step: int
    model: str
    metrics: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A model that can answer: a finished fine-tune or a checkpoint of one.

    Attributes:
        id: the name clients use, such as ``ft:gpt-4o-mini-2024-07-18:local:store:9x9umpsR``.
        job: the job that made it.
        base: the base model's name as shown to clients.
        folder: the model folder, relative to the platform's home.
        step: the checkpoint's step, or ``None`` for the finished model.
    """

    id: str
    job: str
    base: str
    created_at: int
    folder: str
    step: int | None = None


@dataclass(frozen=True, slots=True)
class DeploymentRecord:
    """A name that Azure's clients call a model by.

    Attributes:
        name: the deployment's name, unique.
        model: the model it answers with.
        sku: as sent (``{"name": "Standard", "capacity": 1}``), echoed.
        scope: the ARM path before ``/deployments`` it was made under; empty when it was
            not made through ARM.
    """

    name: str
    model: str
    created_at: int
    updated_at: int
    sku: Mapping[str, Any] = field(default_factory=dict)
    scope: str = ""


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """A key that may use the service; the key itself is nowhere kept.

    Attributes:
        id: short public name, shown in lists.
        name: what it is for, in the words of whoever made it.
        digest: SHA-256 of the key, hex.
    """

    id: str
    name: str
    digest: str
    created_at: int


@dataclass(frozen=True, slots=True)
class JobRequest:
    """A valid request for a job, before anything is looked up.

    Attributes:
        model: the name asked for, a vendor's or ours, or a fine-tuned model's.
        hyperparameters: ``n_epochs``, ``batch_size``, ``learning_rate_multiplier``; each a
            number or ``"auto"``; what is missing is ``"auto"``.
        seed: ``None`` to have one drawn.
        extra: fields that are kept and echoed but mean nothing here.
    """

    model: str
    training_file: str
    validation_file: str | None = None
    hyperparameters: Mapping[str, float | str] = field(default_factory=dict)
    method: str = "supervised"
    suffix: str | None = None
    seed: int | None = None
    metadata: Mapping[str, str] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
