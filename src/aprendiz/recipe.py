"""Recipes: YAML in, a checked object out, and a commented template back.

A method declares its settings as a subclass of :class:`Recipe` (in its own
``recipe.py``); this file reads, overrides, checks and prints them, and knows no
method by name.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aprendiz.errors import RecipeError


@dataclass(frozen=True)
class Range:
    """Numbers that a search may try.

    Attributes:
        low: the smallest.
        high: the largest.
        log: drawn evenly over their logarithms.
    """

    low: float
    high: float
    log: bool = False


@dataclass(frozen=True)
class Choice:
    """Values that a search may try, in no order."""

    values: tuple[str | int | float, ...]


class Recipe(BaseModel):
    """What every recipe has. A method adds its own settings, at most fifteen in all.

    The docstring under a setting is its documentation: it becomes the comment in
    ``aprendiz recipe new`` and the row in the reference.
    """

    SEARCHED: ClassVar[Mapping[str, Range | Choice]] = {}
    """Settings that ``train --search`` may change, and between which values."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    method: str
    """Which method learns; `aprendiz recipe new METHOD` prints its template."""

    seed: int = Field(default=13, ge=0, le=2**31 - 1)
    """Fixes every random choice; the same seed gives the same predictions."""


AnyRecipe = TypeVar("AnyRecipe", bound=Recipe)


def read(path: Path) -> dict[str, Any]:
    """Read a recipe file into plain values, not yet checked.

    Raises:
        RecipeError: no such file, not YAML (with the line), or not a mapping.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise RecipeError(
            f"{path}: there is no such recipe", "aprendiz recipe new METHOD > recipe.yaml"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    try:
        values = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error)
        raise RecipeError(f"{path}{line}: not valid YAML ({problem})") from None
    if not isinstance(values, dict):
        raise RecipeError(f"{path}: a recipe is a list of `setting: value` lines")
    return {str(key): value for key, value in values.items()}


def override(values: Mapping[str, Any], assignments: Sequence[str]) -> dict[str, Any]:
    """Apply ``key=value`` pairs, each value read as YAML (so ``3``, ``true``, ``1e-4`` work).

    Raises:
        RecipeError: an assignment without ``=`` or with a value that is not YAML.
    """
    changed = dict(values)
    for assignment in assignments:
        key, equals, raw = assignment.partition("=")
        if not equals or not key.strip():
            raise RecipeError(
                f"--set {assignment}: not of the form key=value", "for example --set epochs=5"
            )
        try:
            changed[key.strip()] = yaml.safe_load(raw)
        except yaml.YAMLError:
            raise RecipeError(f"--set {assignment}: {raw!r} is not a plain value") from None
    return changed


def build(values: Mapping[str, Any], kind: type[AnyRecipe], source: str = "recipe") -> AnyRecipe:
    """Check plain values against a method's settings and fill in its defaults.

    Args:
        values: plain values, as :func:`read` and :func:`override` give them.
        kind: the method's recipe class.
        source: what to call the values in a message (a path, or "--set").

    Raises:
        RecipeError: every unknown key and wrong value, all in one message.
    """
    try:
        return kind.model_validate(_numbers_from_text(values, kind))
    except ValidationError as error:
        by_key: dict[str, list[dict[str, Any]]] = {}
        for fault in error.errors():
            by_key.setdefault(str((*fault["loc"], "recipe")[0]), []).append(dict(fault))
        faults = [_say(key, told, kind) for key, told in by_key.items()]
    method = values.get("method", "METHOD")
    raise RecipeError(
        f"{source}: " + "; ".join(faults),
        f"aprendiz recipe new {method} prints every setting with its meaning",
    )


def _numbers_from_text(values: Mapping[str, Any], kind: type[Recipe]) -> dict[str, Any]:
    """YAML 1.1 reads ``5e-5`` as text; people mean the number."""
    read_as_numbers = dict(values)
    for key, value in values.items():
        field = kind.model_fields.get(key)
        if isinstance(value, str) and field is not None and "float" in str(field.annotation):
            try:
                read_as_numbers[key] = float(value)
            except ValueError:
                continue
    return read_as_numbers


def _say(key: str, faults: Sequence[dict[str, Any]], kind: type[Recipe]) -> str:
    """What is wrong with one setting; one that may be of several kinds has a fault for each."""
    if faults[0]["type"] == "extra_forbidden":
        near = difflib.get_close_matches(key, list(kind.model_fields), n=1)
        guess = f" (did you mean {near[0]!r}?)" if near else ""
        return f"there is no setting {key!r}{guess}"
    asked = " or ".join(str(fault["msg"]).removeprefix("Input ").lower() for fault in faults)
    return f"{key} = {faults[0].get('input')!r}: {asked}"


def dump(recipe: Recipe) -> str:
    """The filled recipe as YAML, every setting written out."""
    return yaml.safe_dump(recipe.model_dump(mode="json"), sort_keys=False, allow_unicode=True)


def template(kind: type[Recipe], method: str) -> str:
    """A complete recipe with every default and, above each setting, what it means."""
    blocks = []
    for name, field in kind.model_fields.items():
        comment = "\n".join(f"# {line.strip()}" for line in (field.description or "").splitlines())
        value = method if name == "method" else field.get_default(call_default_factory=True)
        written = yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True).strip()
        blocks.append(f"{comment}\n{written}" if comment else written)
    return "\n\n".join(blocks) + "\n"
