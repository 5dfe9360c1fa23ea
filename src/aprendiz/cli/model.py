"""Commands that take a model folder: ``evaluate``, ``predict``, ``report``."""

from __future__ import annotations

import json as jsons
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from aprendiz.cli.terminal import Terminal
from aprendiz.errors import DataError

Folder = Annotated[Path, typer.Argument(metavar="MODEL", help="model folder")]
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
            against=against,
            answers=answers,
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
        doubt = "  (not sure: ask again)" if each.abstained else ""
        print(f"{each.label}\t{each.confidence:.3f}\t{each.text}{doubt}")


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
