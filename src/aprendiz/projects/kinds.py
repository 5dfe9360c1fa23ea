"""The table of project kinds, and reading a ``project.yaml`` of any of them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from aprendiz.errors import ProjectError
from aprendiz.projects import classifier
from aprendiz.projects.assistant import project as assistant
from aprendiz.projects.managed import project as managed
from aprendiz.projects.steps import Project, Step

NAME = "project.yaml"


@dataclass(frozen=True)
class Kind:
    """One kind of project.

    Attributes:
        project: the keys of its ``project.yaml``.
        steps: what is done, in this order.
        sources: keys whose value is a path relative to the project's folder, or an address,
            or a list of those.
        closing: what to tell when a run has ended, from the output folder.
        opening: what to tell before anything else, such as where data will be sent; empty
            for nothing.
    """

    project: type[Project]
    steps: tuple[Step, ...]
    sources: tuple[str, ...]
    closing: Callable[[Path], dict[str, Any]]
    opening: Callable[[Any], str] = lambda _project: ""


KINDS: dict[str, Kind] = {
    "classifier": Kind(
        classifier.ClassifierProject, classifier.STEPS, classifier.SOURCES, classifier.closing
    ),
    "assistant": Kind(
        assistant.AssistantProject, assistant.STEPS, assistant.SOURCES, assistant.closing
    ),
    "managed": Kind(
        managed.ManagedProject, managed.STEPS, managed.SOURCES, managed.closing, managed.opening
    ),
}


def read(folder: Path, changes: Mapping[str, object] | None = None) -> tuple[Project, Kind]:
    """Read and check a project.

    Args:
        folder: the folder with ``project.yaml``.
        changes: keys to replace, such as other data; a list is added to the file's.
            Paths in them are taken as they stand, those of the file as relative to
            ``folder``.

    Raises:
        ProjectError: no project there, not YAML, or a key that is unknown, missing,
            wrong, or names a file that does not exist; says every fault at once.
    """
    path = folder / NAME
    values = _values(path)
    kind = _kind(path, values)
    for key in kind.sources:
        if key in values:
            values[key] = _inside(folder, values[key])
    for key, value in (changes or {}).items():
        before = values.get(key)
        if isinstance(before, list) and isinstance(value, list):
            values[key] = [*before, *value]
        else:
            values[key] = value
    try:
        project = kind.project.model_validate(values)
    except ValidationError as error:
        raise ProjectError(f"{path}: " + "; ".join(_faults(error, kind.project))) from None
    for key in set(kind.sources) - set(changes or {}):
        given = values.get(key)
        for source in given if isinstance(given, list) else [given]:
            if isinstance(source, str) and "://" not in source and not Path(source).is_file():
                raise ProjectError(f"{path}: {key}: there is no file {source}")
    return project, kind


def _inside(folder: Path, source: Any) -> Any:
    """A path, or each of several, as relative to the project's folder; an address as it is."""
    if isinstance(source, list):
        return [_inside(folder, each) for each in source]
    return str(folder / source) if isinstance(source, str) and "://" not in source else source


def _values(path: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (FileNotFoundError, NotADirectoryError):
        raise ProjectError(
            f"{path.parent}: not a project (there is no {NAME} in it)",
            "give a folder such as projects/intents",
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        problem = getattr(error, "problem", None) or str(error)
        raise ProjectError(f"{path}{line}: not valid YAML ({problem})") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ProjectError(f"{path}: cannot be read as UTF-8 text ({error})") from None
    if not isinstance(values, dict):
        raise ProjectError(f"{path}: a project is a list of `key: value` lines")
    return {str(key): value for key, value in values.items()}


def _kind(path: Path, values: Mapping[str, Any]) -> Kind:
    name = values.get("kind", Project.model_fields["kind"].default)
    if not isinstance(name, str) or name not in KINDS:
        raise ProjectError(
            f"{path}: kind: there is no kind of project {name!r}",
            f"choose one of: {', '.join(KINDS)}",
        )
    return KINDS[name]


def _faults(error: ValidationError, kind: type[Project]) -> list[str]:
    told = []
    for fault in error.errors():
        key = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            near = difflib.get_close_matches(key, list(kind.model_fields), n=1)
            guess = f" (did you mean {near[0]!r}?)" if near else ""
            told.append(f"{key}: there is no such key{guess}")
        elif fault["type"] == "missing":
            told.append(f"{key}: is missing")
        else:
            told.append(f"{key}: {fault['input']!r}: {fault['msg'].lower()}")
    return told
