"""What competes: methods and recipes under a name each, in order from cheap to dear.

The order is that of the method catalogue, and within a method the order given. It is not
measured, so that the same comparison always climbs the same ladder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aprendiz.errors import RecipeError
from aprendiz.methods import catalogue
from aprendiz.recipe import Recipe

DEFAULT = ("tfidf", "probe", "finetune")

Recipes = Mapping[str, catalogue.AnyRecipe] | Sequence[str | Path]
"""Recipes by the name they shall have; or recipe files, named after themselves."""


@dataclass(frozen=True, slots=True)
class Variant:
    """A method with its settings.

    Attributes:
        name: the method's, or the recipe's.
        recipe: filled; its seed is that of a training, not the variant's.
    """

    name: str
    recipe: Recipe

    def seeded(self, seed: int) -> Recipe:
        """The recipe of one training."""
        return self.recipe.model_copy(update={"seed": seed})


def choose(
    methods: Sequence[str] | None, recipes: Recipes = (), overrides: Sequence[str] = ()
) -> tuple[Variant, ...]:
    """The variants asked for, from cheap to dear.

    Args:
        methods: names of methods, each with its defaults; ``None`` for ``tfidf``, ``probe``
            and ``finetune``, or for none of them where recipes are given.
        recipes: more variants.
        overrides: ``name.setting=value``.

    Raises:
        RecipeError: a name, setting or value that there is not; a name twice; a method that
            gives no labels; fewer than two to compare.
    """
    named = _named(recipes)
    if methods is None:
        methods = () if named else DEFAULT
    asked: list[tuple[str, str | None, catalogue.AnyRecipe]] = [
        *((name, name, None) for name in methods),
        *((name, None, recipe) for name, recipe in named),
    ]
    names = [name for name, _, _ in asked]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise RecipeError(f"two are called {twice[0]!r}", "give the recipe file another name")
    settings = _settings(names, overrides)
    variants = [
        Variant(name, _label_recipe(name, method, recipe, settings.get(name, ())))
        for name, method, recipe in asked
    ]
    if len(variants) < 2:
        raise RecipeError(
            "a comparison needs at least two methods", "--methods tfidf,probe, or --recipe FILE"
        )
    ladder = list(catalogue.METHODS)
    return tuple(sorted(variants, key=lambda each: ladder.index(each.recipe.method)))


def _named(recipes: Recipes) -> list[tuple[str, catalogue.AnyRecipe]]:
    if isinstance(recipes, Mapping):
        return list(recipes.items())
    return [(Path(place).stem, place) for place in recipes]


def _settings(names: Sequence[str], overrides: Sequence[str]) -> dict[str, list[str]]:
    """``setting=value`` by name; a name may have dots in it."""
    told: dict[str, list[str]] = {}
    for override in overrides:
        key, _, _ = override.partition("=")
        name = next(
            (n for n in sorted(names, key=len, reverse=True) if key.startswith(f"{n}.")), ""
        )
        setting = override[len(name) + 1 :]
        if not name:
            raise RecipeError(
                f"--set {override}: does not say whose setting it is",
                f"--set NAME.setting=value, where NAME is one of: {', '.join(names)}",
            )
        if setting.partition("=")[0].strip() in ("seed", "method"):
            raise RecipeError(
                f"--set {override}: is the comparison's to choose",
                "--seed is the first seed, --seeds how many, --methods which methods",
            )
        told.setdefault(name, []).append(setting)
    return told


def _label_recipe(
    name: str, method: str | None, recipe: catalogue.AnyRecipe, overrides: Sequence[str]
) -> Recipe:
    if "/" in name or name.startswith(".") or not name.strip():
        raise RecipeError(f"{name!r} cannot be the name of a folder", "choose another name")
    chosen = catalogue.choose_recipe(method, recipe, overrides)
    if catalogue.find(chosen.method).abilities.learns != "labels":
        raise RecipeError(
            f"{name}: {chosen.method!r} learns from conversations and gives no labels",
            "compare methods that answer with a label; chat models: aprendiz evaluate --against",
        )
    return chosen
