"""What a job says of itself: its events, in the words that clients know from the vendors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from aprendiz.platform.ids import new_id, now
from aprendiz.platform.records import EventRecord, Level

CANCELLED = "Fine-tuning job cancelled"
PAUSED = "Fine-tuning job paused"
RESUMED = "Fine-tuning job resumed"
STARTED = "Fine-tuning job started"
QUEUED = "Files validated, moving job to queued state"
COMPLETED = "The job has successfully completed"

_FIGURES = (
    ("train_loss", "training loss"),
    ("valid_loss", "validation loss"),
    ("full_valid_loss", "full validation loss"),
)


def event(
    job: str,
    message: str,
    level: Level = "info",
    *,
    kind: Literal["message", "metrics"] = "message",
    data: Mapping[str, Any] | None = None,
    at: float | None = None,
) -> EventRecord:
    """An event that happens now, or ``at`` a time in Unix seconds."""
    created = now() if at is None else int(at)
    return EventRecord(new_id("ftevent-"), job, created, level, message, kind, data)


def created(job: str) -> EventRecord:
    """The first of all."""
    return event(job, f"Created fine-tuning job: {job}")


def validating(job: str, training: str, validation: str | None) -> EventRecord:
    """The files are looked at."""
    also = f" and validation file: {validation}" if validation else ""
    return event(job, f"Validating training file: {training}{also}")


def figures(job: str, step: int, steps: int, values: Mapping[str, float], at: float) -> EventRecord:
    """Figures of a step, such as ``Step 1/300: training loss=0.22``."""
    told = ", ".join(f"{words}={values[name]:.2f}" for name, words in _FIGURES if name in values)
    data = {"step": step, "total_steps": steps, **values}
    return event(job, f"Step {step}/{steps}: {told}", kind="metrics", data=data, at=at)


def checkpoint(job: str, step: int, model: str, at: float) -> EventRecord:
    """A model was kept on the way."""
    return event(
        job, f"Checkpoint created at step {step}", data={"step": step, "model": model}, at=at
    )


def model_made(job: str, model: str) -> EventRecord:
    """The job has its model."""
    return event(job, f"New fine-tuned model created: {model}")


def stopped_early(job: str, step: int, steps: int) -> EventRecord:
    """The validation file ended the training before its last step."""
    message = (
        f"Stopped after step {step} of {steps}: more epochs no longer helped on the validation "
        "file; the model is the best one until then"
    )
    return event(job, message)


def left_out(job: str, step: int, steps: int) -> EventRecord:
    """Some conversations were too long for the model, so there was less to do."""
    message = (
        f"All epochs are done after step {step} of {steps}: conversations longer than the model "
        "reads were left out"
    )
    return event(job, message, "warn")


def open_answers(job: str, because: str, base_model: str) -> EventRecord:
    """A name that usually stands for a classifier gets a language model."""
    message = (
        f"The answers are no small closed set, because {because}. So a language model learns to "
        f"write them: lora on {base_model}"
    )
    return event(job, message)


def without_meaning(job: str, names: tuple[str, ...], method: str) -> EventRecord:
    """Hyper-parameters were asked for that the method does not have."""
    message = (
        f"{', '.join(names)}: asked for, but {method} learns from all examples at once and has "
        "no such setting; the numbers in force are shown with the job"
    )
    return event(job, message, "warn")
