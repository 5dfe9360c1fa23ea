"""``aprendiz compare``: which method the data needs."""

from __future__ import annotations

import json as jsons
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aprendiz.cli.terminal import Terminal
from aprendiz.data.records import OOS_LABEL

if TYPE_CHECKING:
    from aprendiz.report.comparison import Comparison
    from aprendiz.report.comparison_text import Table

_WIDTH = 98  # of the notes under a table


def compare(
    data: Annotated[str, typer.Option(help="examples: a file, or hf://owner/name[/config]:split")],
    out: Annotated[Path, typer.Option(help="folder for models, figures and the page")] = Path(
        "comparison"
    ),
    methods: Annotated[
        str | None,
        typer.Option(help="names with commas: tfidf,probe,finetune (the default), managed"),
    ] = None,
    recipe: Annotated[
        list[Path] | None, typer.Option(help="one more competitor, named after the file")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="change one setting: name.setting=value")
    ] = None,
    validation: Annotated[
        str | None, typer.Option(help="rows that may choose a checkpoint; needs --test")
    ] = None,
    test: Annotated[str | None, typer.Option(help="rows to measure on")] = None,
    split: Annotated[
        Path | None,
        typer.Option(help="frozen split of --data with test rows: split.json, or its folder"),
    ] = None,
    holdout: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=0.9,
            help="share of --data to measure on; 0.2 unless a test file or a split is given",
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="trainings of each, with other seeds")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="the first of them")] = 13,
    budget: Annotated[
        str | None,
        typer.Option(
            help="time to climb from cheap to dear, for example 2m; stops when more buys nothing"
        ),
    ] = None,
    worth: Annotated[
        float, typer.Option(min=0.0, max=0.5, help="a gain in accuracy that is smaller is none")
    ] = 0.01,
    text_column: Annotated[str | None, typer.Option(help="name of the text column")] = None,
    label_column: Annotated[str | None, typer.Option(help="name of the label column")] = None,
    oos_label: Annotated[
        str, typer.Option(help="label of rows that are about none of the others; empty for none")
    ] = OOS_LABEL,
    track: Annotated[
        bool | None, typer.Option("--track/--no-track", help="record the runs with MLflow")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
) -> None:
    """Train several methods on the same rows and say which is worth its cost."""
    from aprendiz.comparison.run import compare as run_comparison

    with Terminal() as terminal:
        told = run_comparison(
            data,
            out=out,
            methods=[each.strip() for each in methods.split(",")] if methods else None,
            recipes=recipe or (),
            overrides=set_ or (),
            validation=validation,
            test=test,
            split=split,
            holdout=holdout,
            seeds=seeds,
            seed=seed,
            budget=budget,
            worth=worth,
            text_column=text_column,
            label_column=label_column,
            oos_label=oos_label,
            track=track,
            observer=terminal,
        )
    if json:
        print(jsons.dumps(told.as_dict(), ensure_ascii=False))
    else:
        _show(told)


def _show(told: Comparison) -> None:
    from aprendiz.report import comparison_page, comparison_text

    for table in comparison_text.tables(told):
        _print_table(table)
    for remark in comparison_text.remarks(told):
        print(remark)
    chosen = next(each for each in told.methods if each.name == told.verdict.chosen)
    print(f"model:    {told.folder / chosen.model}")
    print(f"report:   {told.folder / comparison_page.PAGE}")
    print(f"\n{told.verdict.sentence}")


def _print_table(table: Table) -> None:
    """A table that is read without colours or lines, never narrower than what it holds."""
    widths = [max(map(len, column)) for column in zip(table.head, *table.rows, strict=True)]
    print(f"{table.title}\n")
    for line in (table.head, *table.rows):
        cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
        print(f"  {'  '.join(cells)}".rstrip())
    note = textwrap.fill(table.note, _WIDTH, initial_indent="  ", subsequent_indent="  ")
    print(f"\n{note}\n" if table.note else "")
