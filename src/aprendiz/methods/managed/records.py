"""Plain values of the client side: what every provider's answers are turned into.

Times are Unix seconds. Nothing here knows the SDK; ``provider.py`` does the turning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

FileStatus = Literal["pending", "processed", "error"]
JobStatus = Literal["validating", "queued", "running", "paused", "succeeded", "failed", "cancelled"]
State = Literal["ready", "creating", "attention", "absent"]

#: A job in one of these has ended.
ENDED: frozenset[JobStatus] = frozenset({"succeeded", "failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class SentFile:
    """An uploaded file; ``details`` says what is wrong when ``status`` is ``error``."""

    id: str
    status: FileStatus
    details: str = ""


@dataclass(frozen=True, slots=True)
class JobFault:
    """Why a job failed, in the provider's words."""

    code: str
    message: str
    param: str = ""


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What is asked of a provider; every hyper-parameter that is missing is left to it."""

    model: str
    training_file: str
    validation_file: str | None
    hyperparameters: Mapping[str, float]
    seed: int
    suffix: str | None = None
    training_type: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A fine-tuning job.

    Attributes:
        status: one of our words.
        word: the provider's own word for it.
        model: the base model, dated where the provider dates it.
        tuned_model: the result's name, empty until there is one.
        hyperparameters: the numbers in force; those still ``auto`` are left out.
        tokens: tokens that were trained on, which is what is billed.
        fault: why it failed.
    """

    id: str
    status: JobStatus
    word: str
    created_at: int
    model: str
    training_file: str
    tuned_model: str = ""
    finished_at: int | None = None
    estimated_finish: int | None = None
    hyperparameters: Mapping[str, float] = field(default_factory=dict)
    result_files: tuple[str, ...] = ()
    tokens: int | None = None
    fault: JobFault | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing will move it again."""
        return self.status in ENDED

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """Something that happened to a job.

    Attributes:
        figures: by the provider's names (``train_loss``, ``valid_loss`` …); empty for an
            event that is only a sentence.
        step: the optimiser step of the figures, 0 when there is none.
        steps: how many there will be, 0 when not said.
    """

    id: str
    created_at: int
    level: Literal["info", "warning", "error"]
    message: str
    figures: Mapping[str, float] = field(default_factory=dict)
    step: int = 0
    steps: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A model kept on the way; ``model`` is the name it answers under."""

    id: str
    step: int
    model: str
    figures: Mapping[str, float]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """What a provider says of a base model's future.

    Attributes:
        tuned_until: the day from which it can no longer be tuned.
        answers_until: the day on which it is shut down.
        can_be_tuned: ``None`` when the provider does not say.
    """

    model: str
    tuned_until: date | None = None
    answers_until: date | None = None
    can_be_tuned: bool | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A name that a model answers under; ``word`` is the provider's own word for its state."""

    name: str
    model: str
    state: State
    word: str


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an answer: log-probability (nats), and the pieces that stood beside it."""

    text: str
    logprob: float
    others: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A chat model's reply; ``tokens`` is empty when the provider gives no log-probabilities."""

    text: str
    tokens: tuple[Token, ...] = ()
