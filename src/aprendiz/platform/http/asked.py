"""What a client may send as JSON, and the one function that reads it.

Bounds are the vendors' own. Fields that nobody knows are no error: they are kept with a job
(``trainingType``) and ignored elsewhere, as both vendors do. What a chat is made of stands in
``serving/chat_requests.py``, for ``aprendiz serve`` takes the same.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any, Literal, TypeVar

from fastapi import Request
from pydantic import BeforeValidator, Field, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from aprendiz.platform.http.errors import refusal_of_faults
from aprendiz.platform.records import JobRequest, Refusal
from aprendiz.serving.wire import NUMBER, Asked, Name, Text

T = TypeVar("T", bound="Asked")

AUTO = "auto"
_MOST_KEPT = 16 * 1024

_LARGEST = sys.float_info.max  # JSON has whole numbers of any length, a float has not


def _or_auto(least: float, most: float | None, *, whole: bool, above: bool = False) -> Any:
    """A type: the word ``"auto"``, or a number within bounds (``null`` stands for ``auto``)."""

    def check(value: Any) -> float | str:
        if value is None or value == AUTO:
            return AUTO
        right_kind = isinstance(value, int | float) and not isinstance(value, bool)
        low_enough = right_kind and value <= (_LARGEST if most is None else most)
        high_enough = right_kind and (value > least if above else value >= least)
        if not (low_enough and high_enough) or (whole and value != int(value)):
            raise PydanticCustomError("number_or_auto", words)
        return int(value) if whole else float(value)

    bounds = f"above {least:g}" if above else f"from {least:g} to {most:g}"
    words = f'must be "auto" or a {"whole " if whole else ""}number {bounds}'
    number: dict[str, Any] = {"type": "integer" if whole else "number"}
    number |= {"exclusiveMinimum" if above else "minimum": least}
    number |= {"maximum": most} if most is not None else {}
    schema = {"anyOf": [{"const": AUTO}, number, {"type": "null"}], "default": AUTO}
    return Annotated[Any, BeforeValidator(check), WithJsonSchema(schema)]


class AskedHyperparameters(Asked):
    """How to learn; what is missing is ``"auto"``, and the job shows which number that became."""

    n_epochs: _or_auto(1, 50, whole=True) = AUTO  # type: ignore[valid-type]
    """Passes over the training file."""
    batch_size: _or_auto(1, 256, whole=True) = AUTO  # type: ignore[valid-type]
    """Examples in a step."""
    learning_rate_multiplier: _or_auto(0, None, whole=False, above=True) = AUTO  # type: ignore[valid-type]
    """Factor on the method's own learning rate."""

    def values(self) -> dict[str, float | str]:
        """The three, each a number or ``"auto"``."""
        return {
            "n_epochs": self.n_epochs,
            "batch_size": self.batch_size,
            "learning_rate_multiplier": self.learning_rate_multiplier,
        }


class AskedSettings(Asked):
    """The settings of one method."""

    hyperparameters: AskedHyperparameters | None = None


class AskedMethod(Asked):
    """How the job learns. This service does ``supervised``; the others are refused."""

    type: Literal["supervised", "dpo", "reinforcement"]
    supervised: AskedSettings | None = None


class AskedWandb(Asked):
    """Where Weights & Biases would record the job."""

    project: Text
    name: Text | None = None
    entity: Text | None = None
    tags: list[Text] | None = None


class AskedIntegration(Asked):
    """A service to report to. It is kept and shown with the job; nothing is sent to it."""

    type: Literal["wandb"]
    wandb: AskedWandb


Metadata = Annotated[
    dict[
        Annotated[Text, Field(max_length=64)],
        Annotated[Text, Field(max_length=512)],
    ],
    Field(max_length=16),
]


class AskedJob(Asked):
    """The body of ``POST /fine_tuning/jobs``."""

    model: Name
    """A name from `aprendiz platform models`, or a model tuned here."""
    training_file: Name
    """Id of a processed file with the purpose `fine-tune`."""
    validation_file: Name | None = None
    method: AskedMethod | None = None
    hyperparameters: AskedHyperparameters | None = None
    """The older place for them; those under `method` win."""
    suffix: Annotated[Text, Field(min_length=1, max_length=64)] | None = None
    """Becomes part of the new model's name."""
    seed: Annotated[int, Field(ge=0, le=2**31 - 1), NUMBER] | None = None
    integrations: Annotated[list[AskedIntegration], Field(max_length=5)] | None = None
    metadata: Metadata | None = None

    def request(self) -> JobRequest:
        """The same for the service below.

        Raises:
            Refusal: a field that is only kept holds a number that JSON does not have.
        """
        method = self.method or AskedMethod(type="supervised")
        told = method.supervised.hyperparameters if method.supervised else None
        told = told or self.hyperparameters or AskedHyperparameters()
        extra = dict(self.model_extra or {})
        if told.model_extra:
            extra["hyperparameters"] = dict(told.model_extra)
        if self.integrations:
            extra["integrations"] = [
                each.model_dump(exclude_none=True) for each in self.integrations
            ]
        _refuse_unkeepable(extra)
        return JobRequest(
            model=self.model,
            training_file=self.training_file,
            validation_file=self.validation_file,
            hyperparameters=told.values(),
            method=method.type,
            suffix=self.suffix,
            seed=self.seed,
            metadata=self.metadata or None,
            extra=extra,
        )


class AskedDeployment(Asked):
    """The body of Azure's older ``POST /openai/deployments``."""

    model: Name
    """The tuned model, or a checkpoint of one."""
    id: Name | None = None
    """The deployment's name; the model's own name when not given."""
    scale_settings: dict[str, Any] | None = None


class AskedArmModel(Asked):
    """Which model a deployment answers with."""

    name: Name
    format: Text = "OpenAI"
    version: Text | None = None


class AskedArmProperties(Asked):
    """What a deployment is."""

    model: AskedArmModel


class AskedArmDeployment(Asked):
    """The body of ``PUT …/deployments/{name}`` at the Azure Resource Manager."""

    properties: AskedArmProperties
    sku: dict[str, Any] | None = None


async def read(request: Request, kind: type[T]) -> T:
    """The request's body as ``kind``.

    Raises:
        Refusal: 400, it is not JSON or not of this shape; names the field.
    """
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
    raise refusal_of_faults([dict(fault) for fault in faults])


def _refuse_unkeepable(values: dict[str, Any]) -> None:
    """What is kept with a job comes back in every list of jobs, so it must be JSON, and short."""
    try:
        size = len(json.dumps(values, allow_nan=False))
    except ValueError:
        raise Refusal(400, "The body holds a number that JSON does not have.") from None
    if size > _MOST_KEPT:
        raise Refusal(
            400,
            f"The fields beside the protocol's own take {size} characters; at most {_MOST_KEPT} "
            "are kept with a job.",
        )
