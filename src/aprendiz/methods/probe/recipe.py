"""Settings of the ``probe`` method."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from aprendiz.recipe import Range, Recipe


class ProbeRecipe(Recipe):
    """A frozen encoder whose sentence embeddings feed a multinomial logistic regression."""

    SEARCHED: ClassVar = {"regularization": Range(0.1, 1_000, log=True)}

    method: Literal["probe"] = "probe"
    """Which method learns."""

    base_model: str = "all-MiniLM-L6-v2"
    """Encoder: a folder, an installed package, or owner/name[@revision] on the hub."""

    max_length: int = Field(default=128, ge=8, le=8192)
    """Longest text in tokens; what is longer is cut."""

    regularization: Annotated[float, Field(gt=0)] | Literal["auto"] = "auto"
    """Inverse strength of the head's penalty (C); `auto` chooses it by cross-validation."""


RECIPE = ProbeRecipe
