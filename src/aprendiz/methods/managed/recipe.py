"""Settings of the ``managed`` method."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aprendiz.recipe import Recipe

Auto = Literal["auto"]


class ManagedRecipe(Recipe):
    """A job on Azure OpenAI, OpenAI or `aprendiz platform`; the model folder is a pointer to it."""

    method: Literal["managed"] = "managed"
    """Which method learns."""

    provider: Literal["auto", "openai", "azure", "azure-v1"] = "auto"
    """Whom to ask: `auto` takes Azure when AZURE_OPENAI_ENDPOINT is set, else OpenAI's interface."""

    base_model: str = Field(default="gpt-4o-mini", min_length=1)
    """The model to tune, by the provider's name; a fine-tuned model's name goes on from it."""

    epochs: Annotated[int, Field(ge=1, le=50)] | Auto = "auto"
    """Passes over the training rows; `auto` leaves it to the provider."""

    batch_size: Annotated[int, Field(ge=1, le=256)] | Auto = "auto"
    """Rows in one step; `auto` leaves it to the provider."""

    learning_rate_multiplier: Annotated[float, Field(gt=0, le=10)] | Auto = "auto"
    """Factor on the provider's own learning rate; `auto` leaves it to the provider."""

    prompt_loss_weight: Annotated[float, Field(ge=0, le=1)] | None = None
    """Weight of the prompt in the loss (Azure's dated interface only); not sent when null."""

    training_type: Literal["Standard", "GlobalStandard", "Developer"] | None = None
    """Where Azure may train, which is also what it costs (Azure only); not sent when null."""

    suffix: str | None = Field(default=None, pattern=r"^[A-Za-z0-9_-]{1,40}$")
    """Word that the provider puts into the tuned model's name."""

    system_prompt: str | None = Field(default=None, min_length=1)
    """The task, said before every text; built from the labels when null."""

    language: Literal["en", "es"] = "en"
    """Language of the system prompt that is built from the labels."""

    concurrency: int = Field(default=4, ge=1, le=64)
    """Most questions under way at once when the tuned model is asked."""

    price_per_million_tokens: Annotated[float, Field(ge=0)] | None = None
    """Your provider's price for a million training tokens, to have the cost estimated."""

    retirement_days: int = Field(default=30, ge=0, le=3650)
    """Refuse a base model that its provider shuts down within so many days."""

    yes_really: bool = False
    """Tune it although the base model retires."""


RECIPE = ManagedRecipe
