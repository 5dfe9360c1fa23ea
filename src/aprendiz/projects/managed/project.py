"""The managed kind of project: its ``project.yaml``, its eight steps, its first and last words.

Each step is a function in a file beside this one; here stands only what it reads and makes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from aprendiz._version import __version__
from aprendiz.projects.managed import destination, examples, job, testing
from aprendiz.projects.steps import Project, Step
from aprendiz.settings import get_settings


class ManagedProject(Project):
    """A classifier tuned on a service. Paths are relative to the project's folder.

    Where it goes, the base model, epochs, batch size and learning rate are settings of the
    machine (``.env``), since they belong to an account rather than to the data.
    """

    data: str
    """Examples to learn from."""

    test: str
    """Other texts with their intents, which may say their `kind` and a `note`."""

    language: Literal["en", "es"] = "en"
    """Language of the system message."""

    seed: int = Field(default=42, ge=0, le=2**31 - 1)
    """Fixes split and order."""

    recipe_settings: tuple[str, ...] = ()
    """Settings of the managed recipe changed on top of the machine's, each `key=value`."""


#: Keys whose value is a path or an address.
SOURCES = ("data", "test")

STEPS = (
    Step(
        "create",
        "the examples, checked",
        examples.create,
        outputs=(examples.RAW,),
        files=lambda project: [project.data],
    ),
    Step(
        "prompts",
        "each example as three messages",
        examples.prompts,
        outputs=(examples.PROMPTS,),
        needs=("create",),
        settings=lambda project: {"language": project.language},
    ),
    Step(
        "split",
        "a part to learn from, a part to validate with",
        examples.divide,
        outputs=(examples.TRAIN, examples.VALIDATION),
        needs=("prompts",),
        settings=lambda project: {
            "seed": project.seed,
            "holdout": examples.shares(get_settings()),
        },
    ),
    Step(
        "prepare",
        "both parts by the services' rules, tokens counted",
        examples.prepare,
        outputs=(examples.SUMMARY,),
        needs=("split",),
        settings=lambda project: {
            "seed": project.seed,
            "model": get_settings().azure_openai_model,
            "epochs": get_settings().fine_tuning_epochs,
        },
    ),
    Step(
        "finetune",
        "a job on the service, followed to its end",
        job.finetune,
        outputs=(job.TUNED, job.MODEL),
        needs=("split", "prepare"),
        settings=lambda project: {
            "service": destination.fingerprint(get_settings()),
            "recipe": job.recipe(project, "").model_dump(mode="json"),
            "aprendiz": __version__,
        },
    ),
    Step(
        "deploy",
        "the tuned model made ready to answer",
        job.deploy,
        outputs=(job.DEPLOYED,),
        needs=("finetune",),
        settings=lambda project: {"name": get_settings().fine_tuned_model_deployment},
    ),
    Step(
        "test",
        "new cases put to it",
        testing.run_cases,
        outputs=(testing.RESULTS,),
        needs=("finetune", "deploy"),
        files=lambda project: [project.test],
    ),
    Step(
        "analyse",
        "a grade, and what would make it better",
        testing.analyse_results,
        outputs=(testing.ANALYSIS,),
        needs=("split", "finetune", "test"),
    ),
)


def opening(_project: ManagedProject) -> str:
    """Where the examples will go: said before anything is done."""
    return destination.in_words(get_settings())


def closing(output: Path) -> dict[str, Any]:
    """What to tell at the end: model, figures on the test cases, grade and suggestions."""
    told: dict[str, Any] = {}
    if (output / job.MODEL).is_dir():
        told["model"] = str(output / job.MODEL)
    if (output / testing.RESULTS).is_file():
        values = _read(output / testing.RESULTS)
        named = ("n", "correct", "accuracy", "accuracy_ci", "unanswered", "by_intent", "by_kind")
        told["evaluation"] = {"part": "test", **{name: values[name] for name in named}}
    if (output / testing.ANALYSIS).is_file():
        values = _read(output / testing.ANALYSIS)
        told["grade"] = values["grade"]
        told["suggestions"] = values["suggestions"]
        told["next_steps"] = values["next_steps"]
        told["analysis"] = str(output / testing.ANALYSIS)
    return told


def _read(path: Path) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return values
