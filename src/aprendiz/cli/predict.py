"""``aprendiz predict``: texts on the command line, from stdin, or a file of millions of rows."""

from __future__ import annotations

import json as jsons
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aprendiz.cli.terminal import console
from aprendiz.data.files import FORMATS
from aprendiz.errors import DataError
from aprendiz.interfaces import Prediction

if TYPE_CHECKING:
    from aprendiz.prediction.predict_file import Moved


def predict(
    model: Annotated[Path, typer.Argument(metavar="MODEL", help="model folder")],
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", help="texts, or - for stdin")
    ] = None,
    file: Annotated[
        Path | None,
        typer.Option(help="one text a line; with --out also CSV, TSV, JSON, JSONL, .gz, Parquet"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="write the answers to this .csv, .jsonl or .parquet")
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="name of the text column")] = None,
    columns: Annotated[
        str | None, typer.Option(help="input columns to carry along: a,b,c, or * for all")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="replace OUT, or start over what was interrupted")
    ] = False,
    threshold: Annotated[
        float | None, typer.Option(min=0.0, max=1.0, help="confidence under which it asks again")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
) -> None:
    """Answer texts, or every row of a file, with a label and its confidence."""
    if out is not None:
        if file is None or texts:
            raise DataError("predict: --out needs --file, and no other text", "--file FILE")
        _whole_file(model, file, out, text_column, columns, force, threshold, json)
        return
    if text_column or columns or force:
        raise DataError("predict: --text-column, --columns and --force go with --out", "--out FILE")
    if file is not None and texts:
        raise DataError("predict: --file and texts were given", "give one of them")
    _a_few(model, _lines(file) if file else list(texts or []), threshold, json)


def _a_few(model: Path, given: list[str], threshold: float | None, json: bool) -> None:
    from aprendiz import workflow

    if given == ["-"]:
        given = _piped()
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


def _piped() -> list[str]:
    try:
        return [line.rstrip("\n") for line in sys.stdin]
    except UnicodeDecodeError as error:
        raise DataError(f"stdin: not UTF-8 ({error})", "pipe it through iconv -t UTF-8") from None


def _lines(file: Path) -> list[str]:
    if file.suffix.lower() in {*FORMATS, ".gz"}:
        raise DataError(f"{file}: is answered into a file, not on the screen", "--out FILE")
    try:
        with file.open(encoding="utf-8-sig") as stream:
            return [line.rstrip("\n") for line in stream]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{file}: cannot be read as UTF-8 text ({error})", "save it as UTF-8"
        ) from None


def _whole_file(
    model: Path,
    file: Path,
    out: Path,
    text_column: str | None,
    columns: str | None,
    force: bool,
    threshold: float | None,
    json: bool,
) -> None:
    from aprendiz import workflow
    from aprendiz.prediction.predict_file import predict_file

    carried = [name.strip() for name in (columns or "").split(",") if name.strip()]
    loaded = workflow.load(model)
    with _bar(file.name) as moved:
        told = predict_file(
            loaded,
            file,
            out,
            text_column=text_column,
            columns=carried,
            threshold=threshold,
            force=force,
            moved=moved,
        )
    print(jsons.dumps(told.as_dict(), ensure_ascii=False) if json else told.in_words())


@contextmanager
def _bar(name: str) -> Iterator[Moved]:
    """A bar on stderr with rows, rate and time left; nothing where that is no terminal."""
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        Progress,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    progress = Progress(
        TextColumn(escape(name)),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f}/s"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console(),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    task = progress.add_task(name, total=None, rows=0, rate=0.0)
    begun: list[int] = []

    def moved(rows: int, position: int, total: int) -> None:
        elapsed = progress.tasks[0].elapsed or 0.0
        begun[:] = begun or [rows]  # rows of an earlier run do not count as speed
        rate = (rows - begun[0]) / elapsed if elapsed else 0.0
        progress.update(task, completed=position, total=total, rows=rows, rate=rate)

    with progress:
        yield moved
