"""The whole error family. Raised anywhere below, shown in one place.

::

    AprendizError                 exit 1   our bug, unless a child says otherwise
    ├── DataError                 exit 2   examples we cannot use; carries every finding
    ├── RecipeError               exit 2   a setting that is unknown or out of range
    ├── ModelFolderError          exit 2   not a model folder, damaged, or in the way
    ├── SettingsError             exit 2   an environment variable or .env value we cannot use
    ├── ProjectError              exit 2   a project.yaml that does not add up
    ├── BaseModelError            exit 2   a base model that cannot be found or is not what it claims
    ├── ChatError                 exit 2   a conversation that a chat model cannot answer
    ├── ExportError               exit 2   an export that is not possible, or not the same model
    ├── MissingExtra              exit 3   a library that an extra would install
    ├── ProviderError             exit 4   a hub, tracking server or vendor said no
    └── JobStopped                exit 5   interrupted on purpose; says how to go on

A message says what happened and where; ``hint`` says what to do about it. The
terminal (``cli/main.py``) and the HTTP handler (``serving/app.py``) are the only
places that turn these into text for people.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aprendiz.data.records import Finding


class AprendizError(Exception):
    """Base of every error that aprendiz raises on purpose.

    Args:
        message: what happened and where, one sentence.
        hint: what the reader can do now; empty when there is nothing to do.
    """

    exit_code = 1

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class DataError(AprendizError):
    """The examples cannot be used as they are.

    ``findings`` holds every fault met, each with file and line, so that one run
    is enough to mend the file.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "", findings: Iterable[Finding] = ()) -> None:
        super().__init__(message, hint)
        self.findings = tuple(findings)


class RecipeError(AprendizError):
    """A recipe names a setting that does not exist or a value that is not allowed."""

    exit_code = 2


class ModelFolderError(AprendizError):
    """A folder is not a model folder, is damaged, or stands where one should be written."""

    exit_code = 2


class SettingsError(AprendizError):
    """A setting of this machine (environment or .env) cannot be used."""

    exit_code = 2


class ProjectError(AprendizError):
    """A project folder or its project.yaml does not add up."""

    exit_code = 2


class BaseModelError(AprendizError):
    """A base model cannot be found, or its weights are not the ones it claims to be."""

    exit_code = 2


class ChatError(AprendizError):
    """A conversation that a chat model cannot answer: too long, or with nothing to answer."""

    exit_code = 2


class ExportError(AprendizError):
    """A model cannot be exported, or what was exported does not give the same answers."""

    exit_code = 2


class MissingExtra(AprendizError):
    """A library is not installed that one of our extras would bring.

    Args:
        extra: the name in ``pip install 'aprendiz[extra]'``.
        library: the import that failed.
    """

    exit_code = 3

    def __init__(self, extra: str, library: str) -> None:
        super().__init__(
            f"this needs the library {library!r}, which is not installed",
            f"pip install 'aprendiz[{extra}]'",
        )
        self.extra = extra
        self.library = library


class ProviderError(AprendizError):
    """Something outside this machine (hub, tracking server, vendor) said no or said nothing."""

    exit_code = 4


class JobStopped(AprendizError):
    """Work was interrupted on purpose; the hint says how to go on with it."""

    exit_code = 5
