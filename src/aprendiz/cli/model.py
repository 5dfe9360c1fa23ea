"""Commands that take a model folder: ``evaluate``, ``report``, ``threshold``."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated, Literal

import typer

from aprendiz.cli.terminal import Terminal
from aprendiz.cli.wanted import Cost, Coverage, FalseAlarms, Precision, Sets, Threshold

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
