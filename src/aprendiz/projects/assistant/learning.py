"""Steps 1 to 3: the conversations checked, described, and learnt from."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from aprendiz import workflow
from aprendiz.artifact.folder import can_resume
from aprendiz.data.briefing import brief
from aprendiz.data.chat.prepare import check_chats
from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.records import ChatReading, Conversation
from aprendiz.data.chat.write import write_conversations
from aprendiz.data.check import refuse
from aprendiz.data.stats.chats import describe_chats
from aprendiz.errors import JobStopped, ModelFolderError
from aprendiz.methods import catalogue
from aprendiz.projects.ledger import write_json
from aprendiz.projects.steps import Context
from aprendiz.recipe import Recipe

TRAIN = "data/train.jsonl"
CHECKED = "data/check.json"
PREVIEW = "data/preview.json"
FIGURES = "data/stats.json"
DESCRIBED = "data/stats.html"
MODEL = "model"

_PREVIEWED = 3


def recipe(project: Any) -> Recipe:
    """The project's recipe with the changes made to it."""
    return catalogue.choose_recipe(None, project.recipe, project.recipe_settings)


def sources(project: Any) -> tuple[str, ...]:
    """The files to learn from."""
    return (project.data,) if isinstance(project.data, str) else project.data


def check(context: Context) -> None:
    """Step 1: every file read and checked, the ones to learn from put together.

    Of the first rows it is kept which tokens will be learnt.
    """
    from aprendiz.assistants.preview import preview

    project = context.project
    learnt = [read_conversations(source) for source in sources(project)]
    held_out = [
        read_conversations(source) for source in (project.validation, project.test) if source
    ]
    findings = check_chats(learnt, against=held_out)
    refuse(findings)
    for line in brief((*learnt, *held_out), findings, ""):
        context.observer.say(line)
    train = context.output / TRAIN
    train.parent.mkdir(parents=True, exist_ok=True)
    write_conversations(train, _sourced(learnt, context.folder))
    files = [_file(reading, context.folder) for reading in (*learnt, *held_out)]
    shown = [{**each.as_dict(), "file": _shown(each.file, context.folder)} for each in findings]
    write_json(context.output / CHECKED, {"files": files, "findings": shown})
    rows = preview(train, recipe(project), rows=_PREVIEWED)
    write_json(context.output / PREVIEW, [{**row.as_dict(), "file": TRAIN} for row in rows])
    first = rows[0]
    context.observer.say(
        f"of the first conversation {first.trained} of {len(first.tokens)} tokens will be learnt: "
        f"{context.output / PREVIEW} shows which"
    )


def describe(context: Context) -> None:
    """Step 2: the conversations in figures, and as a page with pictures."""
    from aprendiz.report.data_page import render

    told = describe_chats(sources(context.project), tell=context.observer.progress)
    write_json(context.output / FIGURES, told.as_dict())
    (context.output / DESCRIBED).write_text(render(told), encoding="utf-8")
    context.observer.say(
        f"{told.rows:,} conversations, half of them with at most {told.lengths.p50:,} tokens"
    )


def train(context: Context) -> None:
    """Step 3: adapters learnt; an interrupted training of the same data and recipe goes on."""
    out = context.output / MODEL
    if not context.fresh and can_resume(out):
        try:
            return _learn(context, out, resume=True)
        except ModelFolderError as error:
            context.observer.say(f"not resumed: {error.message}")
    return _learn(context, out, resume=False)


def _learn(context: Context, out: Path, *, resume: bool) -> None:
    project = context.project
    try:
        workflow.train(
            context.output / TRAIN,
            validation=project.validation,
            holdout=project.holdout,
            recipe=recipe(project),
            out=out,
            resume=resume,
            observer=context.observer,
        )
    except JobStopped as stopped:
        hint = "the same command goes on from there" if can_resume(out) else ""
        raise JobStopped(stopped.message, hint) from None


def history(output: Path) -> list[dict[str, float]]:
    """The training's curves as the model folder keeps them."""
    path = output / MODEL / "history.json"
    told: list[dict[str, float]] = json.loads(path.read_text(encoding="utf-8"))
    return told


def _sourced(readings: Iterable[ChatReading], folder: Path) -> Iterator[Conversation]:
    """Every conversation with a field that says where it comes from."""
    for reading in readings:
        for each in reading.conversations:
            fields = json.loads(each.fields) if each.fields else {}
            fields["source"] = f"{_shown(each.file, folder)}:{each.line}"
            yield replace(each, fields=json.dumps(fields, ensure_ascii=False))


def _file(reading: ChatReading, folder: Path) -> dict[str, Any]:
    named = (each.field("concept") for each in reading.conversations)
    return {
        "file": _shown(reading.source, folder),
        "conversations": len(reading.conversations),
        "rows": reading.rows,
        "concepts": dict(sorted(Counter(str(each) for each in named if each is not None).items())),
    }


def _shown(source: str, folder: Path) -> str:
    """A source without this machine's folders, so that the result is the same everywhere."""
    path = Path(source)
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else path.name
