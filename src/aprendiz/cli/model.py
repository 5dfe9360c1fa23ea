"""Commands that take a model folder: ``evaluate``, ``predict``, ``report``, ``threshold``."""

from __future__ import annotations

import json as jsons
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from aprendiz.cli.terminal import Terminal
from aprendiz.cli.wanted import Cost, Coverage, FalseAlarms, Precision, Sets, Threshold
from aprendiz.errors import DataError
from aprendiz.interfaces import Prediction

Folder = Annotated[Path, typer.Argument(metavar="MODEL", help="model folder")]
Separator = Annotated[
    str | None, typer.Option(help="between several labels in one CSV field, such as |")
]
Json = Annotated[bool, typer.Option("--json", help="answer as one JSON document")]


def evaluate(
    model: Folder,
    data: Annotated[
        str, typer.Option(help="labelled rows, or conversations, the model has not seen")
    ],
    against: Annotated[
        str | None,
        typer.Option(help="chat models: another model or base to ask the same, and compare"),
    ] = None,
    answers: Annotated[
        Literal["maths", "text"] | None,
        typer.Option(help="chat models: how answers are compared: maths or text (found by itself)"),
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="name of the text column")] = None,
    label_column: Annotated[str | None, typer.Option(help="name of the label column")] = None,
    label_separator: Separator = None,
    oos_label: Annotated[
        str | None,
        typer.Option(
            help="label of rows about none of the model's labels; by default the training data's"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Measure a model on rows it has not seen, with confidence intervals."""
    from aprendiz import workflow

    with Terminal() as terminal:
        told = workflow.evaluate(
            model,
            data,
            text_column=text_column,
            label_column=label_column,
            label_separator=label_separator,
            against=against,
            answers=answers,
            oos_label=oos_label,
            observer=terminal,
        )
    print(jsons.dumps(told.as_dict(), ensure_ascii=False) if json else told.in_words())


def predict(
    model: Folder,
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="texts, or - for stdin")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="one text a line")] = None,
    threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="confidence under which it asks again")
    ] = None,
    json: Json = False,
) -> None:
    """Answer texts with a label and its confidence."""
    from aprendiz import workflow

    given = _lines(file) if file else list(texts or [])
    if given == ["-"]:
        given = [line.rstrip("\n") for line in sys.stdin]
    if not given:
        raise DataError(
            "predict: there is no text to answer", 'aprendiz predict MODEL "a text" (or --file, -)'
        )
    answers = workflow.load(model).predict(given, threshold)
    if json:
        print(jsons.dumps([each.as_dict() for each in answers], ensure_ascii=False))
        return
    for each in answers:
        print(f"{_named(each)}\t{each.text}{_doubt(each)}")


def _named(told: Prediction) -> str:
    """The label and its confidence; of a model of several labels, each label that it gives."""
    if told.labels is None:
        return f"{told.label}\t{told.confidence:.3f}"
    return ", ".join(f"{label} {told.scores[label]:.3f}" for label in told.labels) or "(none)"


def _doubt(told: Prediction) -> str:
    """What a person should know of an answer before acting on it."""
    others = [label for label in told.candidates if label != told.label]
    instead = f", or {', '.join(others)}" if others else ""
    if told.decision == "out_of_scope":
        return "  (out of scope: about none of the labels)"
    if told.decision == "needs_clarification":
        return f"  (not sure: ask again{instead})"
    return f"  ({instead.removeprefix(', ')})" if instead else ""


def threshold(
    model: Folder,
    data: Annotated[str, typer.Option(help="labelled rows the model has not seen")],
    precision: Precision = None,
    coverage: Coverage = None,
    cost: Cost = None,
    threshold: Threshold = None,
    sets: Sets = None,
    false_alarms: FalseAlarms = None,
    text_column: Annotated[str | None, typer.Option(help="name of the text column")] = None,
    label_column: Annotated[str | None, typer.Option(help="name of the label column")] = None,
    label_separator: Separator = None,
    json: Json = False,
) -> None:
    """Choose again when a model answers, on other rows; nothing is trained."""
    from aprendiz import workflow

    with Terminal() as terminal:
        told = workflow.threshold(
            model,
            data,
            text_column=text_column,
            label_column=label_column,
            label_separator=label_separator,
            observer=terminal,
            precision=precision,
            coverage=coverage,
            cost=cost,
            threshold=threshold,
            sets=sets,
            false_alarms=false_alarms,
        )
    print(jsons.dumps(told.model_dump(mode="json")) if json else told.in_words())


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: cannot be read as UTF-8 text ({error})") from None


def report(
    model: Folder,
    out: Annotated[
        Path | None, typer.Option(help="draw the report again, into this folder")
    ] = None,
    json: Json = False,
) -> None:
    """Say where a model's report lies, or draw it again elsewhere."""
    from aprendiz import workflow

    page = workflow.report(model, out)
    print(jsons.dumps({"report": str(page)}) if json else page)
