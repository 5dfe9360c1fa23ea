"""The shapes of what a client gets back; how a record becomes one stands in ``shown.py``.

The job, file, event and checkpoint shapes are those the official SDK accepts with
``_strict_response_validation=True`` (status ``paused`` excepted, which its types leave out
and its own examples have). Models and deployments are the union of both vendors' shapes.
Those of a chat stand in ``serving/chat_answers.py``.
"""

from __future__ import annotations

from typing import Any, Generic, Literal, TypeVar

from pydantic import Field

from aprendiz.serving.wire import Shown

T = TypeVar("T")


class ErrorDetail(Shown):
    """What went wrong and what to do."""

    message: str
    type: str
    param: str | None
    """The field at fault."""
    code: str
    """A stable short name for programs."""
    innererror: dict[str, Any] | None = None
    """The code once more, on Azure's paths only."""


class ErrorBody(Shown):
    """The one shape of every error."""

    error: ErrorDetail


class Health(Shown):
    """Whether the service should be sent requests."""

    status: Literal["ok", "draining"]


class Listing(Shown, Generic[T]):
    """One page of a list; ``after=last_id`` asks for the next while ``has_more`` is true."""

    object: Literal["list"]
    data: list[T]
    first_id: str | None
    last_id: str | None
    has_more: bool


class Deleted(Shown):
    """That something is gone."""

    id: str
    object: str
    deleted: Literal[True]


class File(Shown):
    """An uploaded file, or a job's results."""

    id: str
    object: Literal["file"]
    bytes: int
    created_at: int
    filename: str
    purpose: str
    status: Literal["uploaded", "processed", "error"]
    status_details: str | None
    """What is wrong with it: the vendor's code, the line, the reason."""
    expires_at: int | None


class Hyperparameters(Shown):
    """``"auto"`` until the files are read; then the numbers in force."""

    n_epochs: Literal["auto"] | int
    batch_size: Literal["auto"] | int
    learning_rate_multiplier: Literal["auto"] | float


class Supervised(Shown):
    """The settings of the supervised method."""

    hyperparameters: Hyperparameters


class Method(Shown):
    """How the job learns."""

    type: Literal["supervised"]
    supervised: Supervised


class JobFault(Shown):
    """Why the job failed."""

    code: str
    message: str
    param: str | None


class Job(Shown):
    """A fine-tuning job."""

    object: Literal["fine_tuning.job"]
    id: str
    created_at: int
    finished_at: int | None
    estimated_finish: int | None
    model: str
    fine_tuned_model: str | None
    organization_id: str
    status: Literal[
        "validating_files", "queued", "running", "paused", "succeeded", "failed", "cancelled"
    ]
    training_file: str
    validation_file: str | None
    result_files: list[str]
    trained_tokens: int | None
    error: JobFault | None
    seed: int
    hyperparameters: Hyperparameters
    method: Method
    integrations: list[dict[str, Any]]
    metadata: dict[str, str] | None
    user_provided_suffix: str | None
    suffix: str | None
    usage_metrics: None
    shared_with_openai: Literal[False]


class Event(Shown):
    """Something that happened to a job."""

    object: Literal["fine_tuning.job.event"]
    id: str
    created_at: int
    level: Literal["info", "warn", "error"]
    message: str
    type: Literal["message", "metrics"]
    data: dict[str, Any] | None


class Checkpoint(Shown):
    """A model kept on the way, ready to chat under its own name."""

    object: Literal["fine_tuning.job.checkpoint"]
    id: str
    created_at: int
    fine_tuned_model_checkpoint: str
    fine_tuning_job_id: str
    step_number: int
    metrics: dict[str, float]


class Model(Shown):
    """A base model that can be tuned, or a tuned one that can chat: both vendors' fields."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    shutdown_date: str | None
    """The day it is to be given up, `YYYY-MM-DD`."""
    created_at: int
    status: Literal["succeeded"]
    model: str | None
    """The base of a tuned model."""
    fine_tune: str | None
    """The job that made it."""
    capabilities: dict[str, bool]
    lifecycle_status: Literal["generally-available"]
    deprecation: dict[str, int | None]


class Deployment(Shown):
    """A name that Azure's clients call a model by."""

    object: Literal["deployment"]
    id: str
    model: str
    owner: str
    status: Literal["succeeded"]
    created_at: int
    updated_at: int
    scale_settings: dict[str, Any]


class ArmDeployment(Shown):
    """The same as the Azure Resource Manager shows it."""

    id: str
    name: str
    type: Literal["Microsoft.CognitiveServices/accounts/deployments"]
    sku: dict[str, Any]
    properties: dict[str, Any] = Field(examples=[{"provisioningState": "Succeeded"}])


class ArmListing(Shown):
    """A list as the Azure Resource Manager gives it."""

    value: list[ArmDeployment]
