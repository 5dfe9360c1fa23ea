"""What ``finetune`` looks over before it trains, a dry run included."""

from __future__ import annotations

from aprendiz.data.dataset import Dataset
from aprendiz.data.multi_dataset import MultiDataset
from aprendiz.errors import RecipeError
from aprendiz.interfaces import Observer
from aprendiz.methods.finetune.recipe import FinetuneRecipe


def check(dataset: Dataset, recipe: FinetuneRecipe, tell: Observer) -> None:
    """Stop where the textbook recipe meets rows with lists of labels.

    Raises:
        RecipeError: its head cannot take up a calibration a label, so its probabilities would
            not mean what they say.
    """
    if recipe.plain and isinstance(dataset, MultiDataset):
        raise RecipeError(
            "plain: the textbook recipe learns one label a text, and these rows have lists of them",
            "leave out `plain`, or set it to false",
        )
