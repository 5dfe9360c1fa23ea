"""The one table of methods. A method is a folder with three files that keep a promise.

- ``recipe.py`` (light): a class ``RECIPE``, a subclass of :class:`aprendiz.recipe.Recipe`;
- ``train.py`` (heavy): ``train(dataset, recipe, workspace) -> Trained``, which writes
  the model's own files into ``workspace.files``; where the table says ``several``, also
  ``train_multi`` from a ``MultiDataset``;
- ``predict.py`` (heavy): ``load(folder, labels) -> Classifier``, which needs nothing but
  those files; a ``ChatModel`` if the method learns from conversations (labels are empty);
- ``check.py`` (light, if there is anything to check): ``check(dataset, recipe, observer)``,
  called before a training and in a dry run.

``tests/contract`` holds every entry of the table to that promise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from aprendiz import recipe as recipes
from aprendiz.errors import MissingExtra, RecipeError
from aprendiz.interfaces import Abilities, ChatModel, Classifier, Observer, Trained, Workspace
from aprendiz.recipe import Recipe
from aprendiz.settings import set_library_default


@dataclass(frozen=True, slots=True)
class Method:
    """One row of the table: a name, when to choose it, what it can do."""

    name: str
    summary: str
    abilities: Abilities


METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        Method(
            "tfidf",
            "word and character n-grams with a linear model; about a second; the honest baseline",
            Abilities(
                extras=("train",), steps=False, uses_base_model=False, scope=True, several=True
            ),
        ),
        Method(
            "probe",
            "frozen encoder with a regularised linear head; seconds; strong with few examples",
            Abilities(
                extras=("train", "embedded"),
                steps=False,
                uses_base_model=True,
                scope=True,
                several=True,
            ),
        ),
        Method(
            "finetune",
            "the whole encoder, started from the probe; a minute or more; the most accurate",
            Abilities(
                extras=("train", "embedded"),
                steps=True,
                uses_base_model=True,
                scope=True,
                several=True,
            ),
        ),
        Method(
            "managed",
            "a job on Azure OpenAI, OpenAI or `aprendiz platform`; the folder is a pointer to it",
            Abilities(extras=("managed",), steps=True, uses_base_model=False),
        ),
        Method(
            "lora",
            "adapters on a language model that answers in its own words; learns from conversations",
            Abilities(extras=("lora",), steps=True, uses_base_model=True, learns="conversations"),
        ),
    )
}

DEFAULT = "probe"

AnyRecipe = Recipe | Mapping[str, Any] | Path | str | None


def find(name: str) -> Method:
    """The table's row for a name.

    Raises:
        RecipeError: there is no such method; lists those there are.
    """
    try:
        return METHODS[name]
    except (KeyError, TypeError):
        raise RecipeError(
            f"there is no method {name!r}", f"choose one of: {', '.join(METHODS)}"
        ) from None


def recipe_class(name: str) -> type[Recipe]:
    """The settings of a method. Light: loads no model library."""
    kind: type[Recipe] = import_module(f"aprendiz.methods.{find(name).name}.recipe").RECIPE
    return kind


def choose_recipe(
    method: str | None, recipe: AnyRecipe = None, overrides: Sequence[str] = ()
) -> Recipe:
    """The filled recipe that a method name, a recipe and ``key=value`` overrides ask for.

    Raises:
        RecipeError: they contradict each other, or a setting does not exist.
    """
    source = "recipe"
    if isinstance(recipe, Recipe):
        values = recipe.model_dump(mode="json")
    elif isinstance(recipe, Mapping):
        values = dict(recipe)
    elif recipe is not None:
        source = str(recipe)
        values = recipes.read(Path(recipe))
    else:
        values = {}
    values = recipes.override(values, overrides)
    asked = values.get("method")
    if method and asked and method != asked:
        raise RecipeError(f"{source} is for method {asked!r}, but {method!r} was asked for")
    name = method or asked or DEFAULT
    return recipes.build({**values, "method": name}, recipe_class(name), source)


def trainer(name: str) -> Callable[[Any, Any, Workspace], Trained]:
    """A method's ``train``: from a ``Dataset``, or a ``ChatDataset`` if it learns conversations.

    Raises:
        MissingExtra: a library it needs is not installed.
    """
    train: Callable[[Any, Any, Workspace], Trained] = _heavy(name, "train").train
    return train


def refuse_several(name: str) -> None:
    """Stop where a method cannot learn several labels a text.

    Raises:
        RecipeError: lists the methods that can.
    """
    if not find(name).abilities.several:
        able = " or ".join(row.name for row in METHODS.values() if row.abilities.several)
        raise RecipeError(
            f"{name}: does not learn texts with several labels, and these rows have lists of them",
            f"--method {able}",
        )


def multi_trainer(name: str) -> Callable[[Any, Any, Workspace], Trained]:
    """A method's ``train_multi``, from a ``MultiDataset`` (see :func:`refuse_several`).

    Raises:
        MissingExtra: a library it needs is not installed.
    """
    train: Callable[[Any, Any, Workspace], Trained] = _heavy(name, "train").train_multi
    return train


def checker(name: str) -> Callable[[Any, Any, Observer], None] | None:
    """What a method looks over before it is asked to train, if it has a ``check.py``.

    It raises what is wrong and tells an observer the rest; a dry run ends after it.
    """
    place = f"aprendiz.methods.{find(name).name}.check"
    if find_spec(place) is None:
        return None
    check: Callable[[Any, Any, Observer], None] = import_module(place).check
    return check


def loader(name: str) -> Callable[[Path, Sequence[str]], Classifier]:
    """A method's ``load``.

    Raises:
        MissingExtra: a library it needs is not installed.
    """
    load: Callable[[Path, Sequence[str]], Classifier] = _heavy(name, "predict").load
    return load


def chat_loader(name: str) -> Callable[[Path, Sequence[str]], ChatModel]:
    """The ``load`` of a method that learns from conversations.

    Raises:
        MissingExtra: a library it needs is not installed.
    """
    load: Callable[[Path, Sequence[str]], ChatModel] = _heavy(name, "predict").load
    return load


def _heavy(name: str, part: str) -> Any:
    method = find(name)
    # Read once, when torch is first loaded. By default its threads wait for each other by
    # spinning, which makes a training on a busy machine five times slower than it need be.
    set_library_default("GOMP_SPINCOUNT", "2000")
    try:
        return import_module(f"aprendiz.methods.{method.name}.{part}")
    except ModuleNotFoundError as error:
        missing = error.name or "?"
        if missing.split(".")[0] == "aprendiz":
            raise
        raise MissingExtra(method.abilities.extras[0], missing) from None
