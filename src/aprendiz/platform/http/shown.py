"""How a record becomes what a client gets back; the shapes themselves stand in ``shapes.py``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from aprendiz.platform.http.shapes import Job
from aprendiz.platform.names import Base
from aprendiz.platform.records import (
    CheckpointRecord,
    DeploymentRecord,
    EventRecord,
    FileRecord,
    JobRecord,
    ModelRecord,
    Page,
)

ORGANIZATION = "org-local"

R = TypeVar("R")


def listing(page: Page[R], show: Callable[[R], dict[str, Any]]) -> dict[str, Any]:
    """A page as both vendors' clients read it."""
    data = [show(row) for row in page.rows]
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": page.has_more,
    }


def deleted(id: str, kind: str) -> dict[str, Any]:
    """What a successful DELETE answers."""
    return {"id": id, "object": kind, "deleted": True}


def show_file(record: FileRecord) -> dict[str, Any]:
    """A file; one that is still being looked at is ``uploaded``."""
    return {
        "id": record.id,
        "object": "file",
        "bytes": record.bytes,
        "created_at": record.created_at,
        "filename": record.filename,
        "purpose": record.purpose,
        "status": "uploaded" if record.status == "pending" else record.status,
        "status_details": record.status_details,
        "expires_at": record.expires_at,
    }


def show_job(record: JobRecord) -> dict[str, Any]:
    """A job in OpenAI's shape (with Azure's ``suffix``), plus what its client sent beside it."""
    numbers = _numbers(record)
    error = record.error
    return {
        **{name: value for name, value in record.extra.items() if name not in Job.model_fields},
        "object": "fine_tuning.job",
        "id": record.id,
        "created_at": record.created_at,
        "finished_at": record.finished_at,
        "estimated_finish": record.estimated_finish,
        "model": record.model,
        "fine_tuned_model": record.fine_tuned_model,
        "organization_id": ORGANIZATION,
        "status": record.status,
        "training_file": record.training_file,
        "validation_file": record.validation_file,
        "result_files": [record.result_file] if record.result_file else [],
        "trained_tokens": record.trained_tokens,
        "error": error and {"code": error.code, "message": error.message, "param": error.param},
        "seed": record.seed,
        "hyperparameters": numbers,
        "method": {"type": "supervised", "supervised": {"hyperparameters": numbers}},
        "integrations": record.extra.get("integrations") or [],
        "metadata": dict(record.metadata) if record.metadata else None,
        "user_provided_suffix": record.suffix,
        "suffix": record.suffix,
        "usage_metrics": None,
        "shared_with_openai": False,
    }


def _numbers(record: JobRecord) -> dict[str, Any]:
    """The hyper-parameters: what is in force, else what was asked for; others as they came."""
    known: Mapping[str, float | str] = record.resolved or record.asked
    kept = record.extra.get("hyperparameters")
    numbers: dict[str, Any] = dict(kept) if isinstance(kept, dict) else {}
    for name in ("n_epochs", "batch_size", "learning_rate_multiplier"):
        value = known.get(name, "auto")
        whole = name != "learning_rate_multiplier" and not isinstance(value, str)
        numbers[name] = int(value) if whole else value
    return numbers


def show_event(record: EventRecord) -> dict[str, Any]:
    """An event."""
    return {
        "object": "fine_tuning.job.event",
        "id": record.id,
        "created_at": record.created_at,
        "level": record.level,
        "message": record.message,
        "type": record.type,
        "data": dict(record.data) if record.data is not None else None,
    }


def show_checkpoint(record: CheckpointRecord) -> dict[str, Any]:
    """A checkpoint."""
    return {
        "object": "fine_tuning.job.checkpoint",
        "id": record.id,
        "created_at": record.created_at,
        "fine_tuned_model_checkpoint": record.model,
        "fine_tuning_job_id": record.job,
        "step_number": record.step,
        "metrics": {"step": record.step, **record.metrics},
    }


def show_model(record: ModelRecord) -> dict[str, Any]:
    """A tuned model."""
    return _model(
        record.id, record.created_at, ORGANIZATION, base=record.base, job=record.job, chats=True
    )


def show_base(base: Base, name: str = "") -> dict[str, Any]:
    """A base model, under the name it was asked for by. When it was made is not known: 0."""
    shown = _model(name or base.shown, 0, "aprendiz", base=None, job=None, chats=False)
    if base.shutdown_date is None:
        return shown
    midnight = datetime.fromisoformat(base.shutdown_date).replace(tzinfo=UTC)
    ends = int(midnight.timestamp())
    return {
        **shown,
        "shutdown_date": base.shutdown_date,
        "deprecation": {"fine_tune": ends, "inference": ends},
    }


def _model(
    id: str, created: int, owner: str, *, base: str | None, job: str | None, chats: bool
) -> dict[str, Any]:
    return {
        "id": id,
        "object": "model",
        "created": created,
        "owned_by": owner,
        "shutdown_date": None,
        "created_at": created,
        "status": "succeeded",
        "model": base,
        "fine_tune": job,
        "capabilities": {
            "fine_tune": True,
            "inference": chats,
            "completion": False,
            "chat_completion": chats,
            "embeddings": False,
        },
        "lifecycle_status": "generally-available",
        "deprecation": {"fine_tune": None, "inference": None},
    }


def show_deployment(record: DeploymentRecord) -> dict[str, Any]:
    """A deployment as Azure's data plane shows it."""
    return {
        "object": "deployment",
        "id": record.name,
        "model": record.model,
        "owner": "organization-owner",
        "status": "succeeded",
        "created_at": record.created_at,
        "updated_at": record.updated_at,
        "scale_settings": {
            "scale_type": "standard",
            "capacity": record.sku.get("capacity", 1),
        },
    }


def show_arm_deployment(record: DeploymentRecord, scope: str) -> dict[str, Any]:
    """A deployment as the Azure Resource Manager shows it; it is ready as soon as it exists."""
    return {
        "id": f"{record.scope or scope}/deployments/{record.name}",
        "name": record.name,
        "type": "Microsoft.CognitiveServices/accounts/deployments",
        "sku": dict(record.sku),
        "properties": {
            "model": {"format": "OpenAI", "name": record.model, "version": "1"},
            "provisioningState": "Succeeded",
        },
    }
