"""Every difference between providers' questions and answers ends in this file.

Status words, error objects on healthy jobs, missing fields, dates, the places where
hyper-parameters go: the SDK's objects come in, the plain values of ``records.py`` go out.
Who is asked, and when, is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from aprendiz.methods.managed.endpoint import Kind
from aprendiz.methods.managed.records import (
    Answer,
    Checkpoint,
    Deployment,
    FileStatus,
    Job,
    JobEvent,
    JobFault,
    JobRequest,
    JobStatus,
    Lifecycle,
    SentFile,
    State,
    Token,
)

_JOB_STATUS: dict[str, JobStatus] = {
    "validating_files": "validating",
    "created": "queued",
    "pending": "queued",
    "notrunning": "queued",
    "queued": "queued",
    "running": "running",
    "resuming": "running",
    "pausing": "paused",
    "paused": "paused",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
_FILE_STATUS: dict[str, FileStatus] = {
    "processed": "processed",
    "succeeded": "processed",
    "error": "error",
    "failed": "error",
    "deleting": "error",
    "deleted": "error",
}
DEPLOYED: dict[str, State] = {
    "succeeded": "ready",
    "accepted": "creating",
    "creating": "creating",
    "running": "creating",
    "notrunning": "creating",
    "updating": "creating",
}


_STEP = re.compile(r"\bstep (\d+)(?: ?/ ?(\d+))?", re.IGNORECASE)
_LOSS = re.compile(r"\b(training|validation|full validation) loss ?= ?([0-9.eE+-]+)")
_LOSSES = {
    "training": "train_loss",
    "validation": "valid_loss",
    "full validation": "full_valid_loss",
}


def request(kind: Kind, asked: JobRequest) -> dict[str, Any]:
    """The arguments of the SDK's ``create`` for a provider.

    Azure's dated interface takes hyper-parameters at the top and knows no ``method``; its
    ``trainingType`` is a field that the SDK does not have.
    """
    numbers = dict(asked.hyperparameters)
    body: dict[str, Any] = {
        "model": asked.model,
        "training_file": asked.training_file,
        "seed": asked.seed,
    }
    if asked.validation_file:
        body["validation_file"] = asked.validation_file
    if asked.suffix:
        body["suffix"] = asked.suffix
    if kind == "azure":
        body["hyperparameters"] = numbers
    else:
        body["method"] = {"type": "supervised", "supervised": {"hyperparameters": numbers}}
    if asked.training_type:
        body["extra_body"] = {"trainingType": asked.training_type}
    return body


def file(told: Any) -> SentFile:
    """An uploaded file; OpenAI no longer says a status, which means it is fine."""
    status = _FILE_STATUS.get(str(told.status or "processed").lower(), "pending")
    return SentFile(str(told.id), status, str(told.status_details or ""))


def job(told: Any) -> Job:
    """A job; a word for its status that we do not know is no end, so it is asked for again."""
    word = str(told.status or "")
    return Job(
        id=str(told.id),
        status=_JOB_STATUS.get(word.lower(), "running"),
        word=word,
        created_at=int(told.created_at or 0),
        model=str(told.model or ""),
        training_file=str(told.training_file or ""),
        tuned_model=str(told.fine_tuned_model or ""),
        finished_at=told.finished_at,
        estimated_finish=told.estimated_finish,
        hyperparameters=_numbers(told.hyperparameters),
        result_files=tuple(str(each) for each in told.result_files or ()),
        tokens=told.trained_tokens,
        fault=_fault(told.error),
    )


def _fault(error: Any) -> JobFault | None:
    """Healthy jobs may carry an error object with nothing in it."""
    if not error or not (error.code or error.message):
        return None
    return JobFault(str(error.code or ""), str(error.message or ""), str(error.param or ""))


def _numbers(values: Any) -> dict[str, float]:
    if values is not None and not isinstance(values, Mapping):
        values = values.model_dump()
    return {
        str(name): value
        for name, value in (values or {}).items()
        if isinstance(value, int | float) and not isinstance(value, bool)
    }


def event(told: Any) -> JobEvent:
    """An event; figures come as data, in the sentence, or both."""
    message = str(told.message or "")
    data = dict(told.data) if isinstance(told.data, Mapping) else {}
    figures = _numbers(data)
    for name, value in _LOSS.findall(message):
        figures.setdefault(_LOSSES[name], float(value))
    named = _STEP.search(message)
    step = int(figures.pop("step", 0) or (named[1] if named else 0))
    steps = int(figures.pop("total_steps", 0) or (named[2] if named and named[2] else 0))
    level = str(told.level or "info").lower()
    return JobEvent(
        id=str(told.id),
        created_at=int(told.created_at or 0),
        level="warning" if level.startswith("warn") else "error" if level == "error" else "info",
        message=message,
        figures=figures,
        step=step,
        steps=steps,
    )


def checkpoint(told: Any) -> Checkpoint:
    """A checkpoint with its figures."""
    figures = _numbers(told.metrics)
    step = int(told.step_number or figures.get("step", 0))
    figures.pop("step", None)
    return Checkpoint(str(told.id), step, str(told.fine_tuned_model_checkpoint or ""), figures)


def lifecycle(told: Any) -> Lifecycle:
    """A model's future: OpenAI says one day, Azure two, each may say nothing."""
    more: Mapping[str, Any] = told.model_extra or {}
    ends = more.get("deprecation") or {}
    able = (more.get("capabilities") or {}).get("fine_tune")
    return Lifecycle(
        model=str(told.id),
        tuned_until=_day(ends.get("fine_tune")),
        answers_until=_day(getattr(told, "shutdown_date", None)) or _day(ends.get("inference")),
        can_be_tuned=able if isinstance(able, bool) else None,
    )


def _day(told: Any) -> date | None:
    """OpenAI writes a date, Azure Unix seconds; either may be missing or 0."""
    if isinstance(told, str):
        try:
            return date.fromisoformat(told[:10])
        except ValueError:
            return None
    if isinstance(told, int | float) and told > 0:
        return datetime.fromtimestamp(told, UTC).date()
    return None


def deployment(row: Mapping[str, Any]) -> Deployment:
    """A row of Azure's list of deployments."""
    word = str(row.get("status") or "succeeded")
    state = DEPLOYED.get(word.lower(), "attention")
    return Deployment(str(row.get("id") or ""), str(row.get("model") or ""), state, word)


def answer(told: Any) -> Answer:
    """A chat reply; a refusal or a filtered one has no content and so no text."""
    choice = told.choices[0] if told.choices else None
    if choice is None or choice.message is None:
        return Answer("")
    content = choice.logprobs.content if choice.logprobs else None
    tokens = tuple(
        Token(
            each.token,
            float(each.logprob),
            tuple((other.token, float(other.logprob)) for other in each.top_logprobs or ()),
        )
        for each in content or ()
    )
    return Answer(choice.message.content or "", tokens)
