"""The assistant kind of project: its ``project.yaml``, its six steps, its last words.

Each step is a function in a file beside this one; here stands only what it reads and makes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import Field

from aprendiz._version import __version__
from aprendiz.projects.assistant import closing as last_words
from aprendiz.projects.assistant import learning, measuring
from aprendiz.projects.steps import Project, Step


class AssistantProject(Project):
    """A chat model tuned on conversations. Paths are relative to the project's folder."""

    data: str | tuple[str, ...]
    """Conversations to learn from, in any form that is read: a file, or several."""

    validation: str | None = None
    """Conversations that may choose a checkpoint; without it they are held out of `data`."""

    test: str
    """Conversations kept for measuring; a row may say its `kind`, such as `known` or `unseen`."""

    questions: str | None = None
    """Questions with their answers to put to the finished model at the end."""

    holdout: float | None = Field(default=None, ge=0, lt=1)
    """Share of `data` held out as validation; 0.2 without a validation file."""

    recipe: str
    """Recipe file."""

    recipe_settings: tuple[str, ...] = ()
    """Settings changed on top of the recipe, each `key=value`."""

    max_tokens: int = Field(default=256, ge=1, le=32_768)
    """Longest reply when it is measured."""

    exports: tuple[str, ...] = ("hf", "gguf")
    """What to export the tuned model to; an empty list exports nothing."""


#: Keys whose value is a path or an address.
SOURCES = ("data", "validation", "test", "questions", "recipe")


def _files(*names: str) -> Callable[[AssistantProject], list[str]]:
    def named(project: AssistantProject) -> list[str]:
        held = [getattr(project, name) for name in names if name != "data"]
        learnt = learning.sources(project) if "data" in names else ()
        return [*learnt, *filter(None, held)]

    return named


def _recipe(project: AssistantProject) -> dict[str, object]:
    return learning.recipe(project).model_dump(mode="json")


STEPS = (
    Step(
        "check",
        "the conversations, checked, and what of them will be learnt",
        learning.check,
        outputs=(learning.CHECKED, learning.PREVIEW, learning.TRAIN),
        files=_files("data", "validation", "test"),
        settings=lambda project: {"recipe": _recipe(project)},
    ),
    Step(
        "stats",
        "lengths, topics and keywords",
        learning.describe,
        outputs=(learning.FIGURES, learning.DESCRIBED),
        files=_files("data"),
    ),
    Step(
        "train",
        "adapters learnt on the base model",
        learning.train,
        outputs=(learning.MODEL,),
        needs=("check",),
        files=_files("validation"),
        # The filled recipe: a comment changed in its file changes nothing here.
        settings=lambda project: {
            "recipe": _recipe(project),
            "holdout": project.holdout,
            "aprendiz": __version__,
        },
    ),
    Step(
        "evaluate",
        "the base and the tuned model asked the same, row by row",
        measuring.evaluate,
        outputs=measuring.OUTPUTS,
        needs=("train",),
        files=_files("test"),
        settings=lambda project: {"max_tokens": project.max_tokens},
    ),
    Step(
        "questions",
        "questions put to the tuned model",
        measuring.answer_questions,
        outputs=(measuring.ANSWERED, measuring.CONVERSATIONS),
        needs=("train",),
        files=_files("questions"),
        settings=lambda project: {"max_tokens": project.max_tokens},
    ),
    Step(
        "export",
        "the model merged and handed over, each form asked again",
        measuring.export,
        outputs=(measuring.EXPORTS,),
        needs=("train",),
        settings=lambda project: {"exports": list(project.exports)},
    ),
)


def closing(output: Path) -> dict[str, Any]:
    """What to tell at the end: base against tuned, time, and where everything lies."""
    return last_words.closing(output)
