"""The classifier kind of project: data, train, evaluate, report, predict.

Each step calls the workflow and writes its result; how a model learns, is measured or
is drawn is decided elsewhere.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from aprendiz import workflow
from aprendiz._version import __version__
from aprendiz.artifact.folder import can_resume
from aprendiz.data.dataset import Dataset
from aprendiz.data.prepare import Prepared, prepare
from aprendiz.data.records import Example
from aprendiz.data.sample import draw
from aprendiz.errors import JobStopped, ModelFolderError, ProjectError, ProviderError
from aprendiz.methods import catalogue
from aprendiz.projects.ledger import write_json
from aprendiz.projects.steps import Context, Project, Step
from aprendiz.recipe import Recipe

_PARTS = ("train", "validation", "test")


class Sample(BaseModel):
    """How many rows to draw from larger data."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    train: int = Field(ge=2)
    """Rows to learn from, drawn from `data`."""

    validation: int = Field(ge=2)
    """Rows that may choose a checkpoint, drawn from `validation`, or else from the rest of `data`."""


class ClassifierProject(Project):
    """A project that makes a text classifier. Paths are relative to the project's folder."""

    data: str
    """Examples to learn from: a file, or hf://owner/name[/config]:split."""

    validation: str | None = None
    """Rows that may choose a checkpoint; without it they are held out of `data`."""

    test: str | None = None
    """Rows kept for measuring; without it the validation rows are measured."""

    holdout: float | None = Field(default=None, ge=0, lt=1)
    """Share of `data` held out as validation; 0.2 without a validation file."""

    sample: Sample | None = None
    """Learn from a stratified sample of this size instead of holding out a share."""

    seed: int = Field(default=13, ge=0, le=2**31 - 1)
    """Fixes split and sample; the recipe's own seed leaves them as they are."""

    text_column: str | None = None
    """Name of the text column, when it cannot be found."""

    label_column: str | None = None
    """Name of the label column, when it cannot be found."""

    recipe: str
    """Recipe file."""

    recipe_settings: tuple[str, ...] = ()
    """Settings changed on top of the recipe, each `key=value`."""

    examples: tuple[str, ...] = Field(min_length=1)
    """Texts to answer at the end."""


#: Keys whose value is a path or an address.
SOURCES = ("data", "validation", "test", "recipe")


def _make_data(context: Context) -> None:
    project: ClassifierProject = context.project
    sampled = project.sample is not None
    holdout = 0.2 if project.holdout is None else project.holdout
    try:
        prepared = prepare(
            project.data,
            validation=project.validation,
            test=project.test,
            text_column=project.text_column,
            label_column=project.label_column,
            holdout=0.0 if sampled or project.validation else holdout,
            seed=project.seed,
        )
    except ProviderError as error:
        error.hint = f"{error.hint}: --data FILE --validation FILE --test FILE".lstrip(": ")
        raise
    dataset = _sampled(context, prepared.dataset) if sampled else prepared.dataset
    folder = context.output / "data"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for part in _PARTS:
        rows: tuple[Example, ...] = getattr(dataset, part)
        if rows:
            _write_rows(folder / f"{part}.jsonl", rows, context.folder)
            context.observer.say(f"{part}: {len(rows):,} rows")
    write_json(folder / "summary.json", _summary(context, prepared, dataset))


def _sampled(context: Context, dataset: Dataset) -> Dataset:
    project: ClassifierProject = context.project
    wanted = project.sample
    assert wanted is not None
    count = wanted.train
    if not project.validation:
        # From small data both parts are drawn in the proportion that was asked for.
        both = wanted.train + wanted.validation
        distinct = len({row.text for row in dataset.train})
        count = min(count, distinct * wanted.train // both)
    try:
        train, rest = draw(dataset.train, count, project.seed)
        pool = dataset.validation if project.validation else rest
        validation, _ = draw(pool, wanted.validation, project.seed)
    except ValueError as error:
        raise ProjectError(
            f"{context.folder / 'project.yaml'}: sample: {error}",
            "give more data or ask for a larger sample",
        ) from None
    split = f"{len(train):,} drawn to learn from, {len(validation):,} as validation"
    return Dataset.of(train, validation, dataset.test, f"{split} (by label, seed {project.seed})")


def _write_rows(path: Path, rows: Iterable[Example], folder: Path) -> None:
    with path.open("w", encoding="utf-8") as stream:
        for row in rows:
            source = f"{_shown(row.file, folder)}:{row.line}"
            line = {"text": row.text, "label": row.label, "source": source}
            stream.write(json.dumps(line, ensure_ascii=False) + "\n")


def _summary(context: Context, prepared: Prepared, dataset: Dataset) -> dict[str, Any]:
    parts = {
        part: {"rows": len(rows), "labels": _counts(rows, dataset.labels)}
        for part in _PARTS
        if (rows := getattr(dataset, part))
    }
    return {
        "project": context.project.name,
        "split": dataset.split,
        "seed": context.project.seed,
        "parts": parts,
        "sources": [
            {
                "source": _shown(reading.source, context.folder),
                "format": reading.format,
                "rows": reading.rows,
                "text_column": reading.text_column,
                "label_column": reading.label_column,
            }
            for reading in prepared.readings
        ],
        "findings": [
            {**finding.as_dict(), "file": _shown(finding.file, context.folder)}
            for finding in prepared.findings
        ],
    }


def _counts(rows: Iterable[Example], labels: tuple[str, ...]) -> dict[str, int]:
    counts = dict.fromkeys(labels, 0)
    for row in rows:
        counts[row.label] += 1
    return counts


def _shown(source: str, folder: Path) -> str:
    """A source without this machine's folders, so that the result is the same on every machine."""
    if "://" in source:
        return source
    path = Path(source)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name


def _train(context: Context) -> None:
    out = context.output / "model"
    if not context.fresh and can_resume(out):
        try:
            return _learn(context, out, resume=True)
        except ModelFolderError as error:
            context.observer.say(f"not resumed: {error.message}")
    return _learn(context, out, resume=False)


def _learn(context: Context, out: Path, resume: bool) -> None:
    data = context.output / "data"
    try:
        workflow.train(
            data / "train.jsonl",
            validation=_part(data, "validation"),
            test=_part(data, "test"),
            holdout=0.0,
            recipe=_recipe(context.project),
            out=out,
            resume=resume,
            observer=context.observer,
        )
    except JobStopped as stopped:
        hint = "the same command goes on from there" if can_resume(out) else ""
        raise JobStopped(stopped.message, hint) from None


def _recipe(project: ClassifierProject) -> Recipe:
    return catalogue.choose_recipe(None, project.recipe, project.recipe_settings)


def _part(data: Path, part: str) -> Path | None:
    path = data / f"{part}.jsonl"
    return path if path.is_file() else None


def _evaluate(context: Context) -> None:
    data = context.output / "data"
    part = "test" if _part(data, "test") else "validation"
    evaluation = workflow.evaluate(
        context.output / "model", data / f"{part}.jsonl", observer=context.observer
    )
    context.observer.say(evaluation.in_words())
    write_json(context.output / "evaluation.json", {"part": part, **evaluation.as_dict()})


def _report(context: Context) -> None:
    # The training has drawn them inside the model folder, which stays whole on its own.
    page = workflow.report(context.output / "model")
    plots = context.output / "plots"
    shutil.copyfile(page, context.output / "report.html")
    shutil.rmtree(plots, ignore_errors=True)
    shutil.copytree(page.parent / "plots", plots)


def _predict(context: Context) -> None:
    model = workflow.load(context.output / "model")
    answers = [each.as_dict() for each in model.predict(context.project.examples)]
    write_json(context.output / "prediction.json", answers)


def _data_settings(project: ClassifierProject) -> dict[str, object]:
    keys = {*SOURCES, "holdout", "sample", "seed", "text_column", "label_column"} - {"recipe"}
    values = project.model_dump(mode="json", include=keys)
    # Which parts there are counts, and what is in them; not the folder they lie in.
    return {k: bool(v) if k in SOURCES else v for k, v in values.items()}


STEPS = (
    Step(
        "data",
        "read, check and divide the examples",
        _make_data,
        outputs=("data",),
        files=lambda project: [each for key in SOURCES[:3] if (each := getattr(project, key))],
        settings=_data_settings,
    ),
    Step(
        "train",
        "learn from them",
        _train,
        outputs=("model",),
        needs=("data",),
        # The filled recipe: a comment changed in its file changes nothing here.
        settings=lambda project: {
            "recipe": _recipe(project).model_dump(mode="json"),
            "aprendiz": __version__,
        },
    ),
    Step(
        "evaluate",
        "measure the saved model on rows it has not seen",
        _evaluate,
        outputs=("evaluation.json",),
        needs=("data", "train"),
    ),
    Step(
        "report",
        "report and plots",
        _report,
        outputs=("report.html", "plots"),
        needs=("train",),
    ),
    Step(
        "predict",
        "answer the example",
        _predict,
        outputs=("prediction.json",),
        needs=("train",),
        settings=lambda project: {"examples": list(project.examples)},
    ),
)


def closing(output: Path) -> dict[str, Any]:
    """What to tell at the end: model, report, main figures and predictions, as far as they exist."""
    told: dict[str, Any] = {}
    for key, name in (("model", "model"), ("report", "report.html")):
        if (output / name).exists():
            told[key] = str(output / name)
    for key, name in (("evaluation", "evaluation.json"), ("predictions", "prediction.json")):
        if (output / name).is_file():
            told[key] = json.loads((output / name).read_text(encoding="utf-8"))
    return told
