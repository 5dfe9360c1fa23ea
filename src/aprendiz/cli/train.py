"""``aprendiz train``: learn from a file of examples."""

from __future__ import annotations

import json as jsons
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from aprendiz.cli.terminal import Terminal
from aprendiz.cli.wanted import Cost, Coverage, FalseAlarms, Precision, Sets, Threshold
from aprendiz.data.records import OOS_LABEL
from aprendiz.methods.catalogue import AnyRecipe


def train(
    data: Annotated[
        str,
        typer.Option(help="examples or conversations: a file, or hf://owner/name[/config]:split"),
    ],
    out: Annotated[Path | None, typer.Option(help="model folder to make")] = None,
    validation: Annotated[
        str | None, typer.Option(help="rows that may choose the checkpoint")
    ] = None,
    test: Annotated[str | None, typer.Option(help="rows kept for measuring")] = None,
    split: Annotated[
        Path | None,
        typer.Option(help="frozen split of --data: split.json, or a folder (of a model) with one"),
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="tfidf, probe (the default), finetune, managed or lora")
    ] = None,
    recipe: Annotated[Path | None, typer.Option(help="recipe in YAML")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="change one setting: key=value")
    ] = None,
    search: Annotated[
        int | None,
        typer.Option(
            min=2,
            help="try so many settings first, judged on rows kept from the training rows, and "
            "train with the best (extra: search)",
        ),
    ] = None,
    holdout: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=0.9,
            help="share of --data held out for measuring; 0.2 unless a validation or test "
            "file is given, then 0",
        ),
    ] = None,
    precision: Precision = None,
    coverage: Coverage = None,
    cost: Cost = None,
    threshold: Threshold = None,
    sets: Sets = None,
    false_alarms: FalseAlarms = None,
    oos_label: Annotated[
        str,
        typer.Option(
            help="rows with this label are about none of the others: they teach what is out of "
            'scope; "" for none'
        ),
    ] = OOS_LABEL,
    text_column: Annotated[str | None, typer.Option(help="name of the text column")] = None,
    label_column: Annotated[str | None, typer.Option(help="name of the label column")] = None,
    label_separator: Annotated[
        str | None,
        typer.Option(help="between several labels in one CSV field, such as |"),
    ] = None,
    preview: Annotated[
        bool,
        typer.Option(
            "--preview",
            help="show what of the first conversations is trained; train nothing (lora)",
        ),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="check everything, train nothing")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="go on with an interrupted training")
    ] = False,
    yes_really: Annotated[
        bool, typer.Option("--yes-really", help="tune a base model although it retires (managed)")
    ] = False,
    track: Annotated[
        bool | None, typer.Option("--track/--no-track", help="record the run with MLflow")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
) -> None:
    """Learn from a file of examples, or of conversations, and write a model folder."""
    if preview:
        _preview(data, recipe or ({"method": method} if method else None), set_ or (), json)
        return
    if out is None:
        raise typer.BadParameter("a training needs a folder to write", param_hint="--out")
    from aprendiz import workflow

    overrides = [*(set_ or ()), *["yes_really=true"] * yes_really]
    chosen: AnyRecipe = recipe
    with Terminal() as terminal:
        if search and not dry_run:
            from aprendiz.trials.search import search as search_settings

            found = search_settings(
                data,
                trials=search,
                out=out,
                method=method,
                recipe=recipe,
                overrides=overrides,
                validation=validation,
                test=test,
                split=split,
                text_column=text_column,
                label_column=label_column,
                label_separator=label_separator,
                holdout=holdout,
                oos_label=oos_label,
                observer=terminal,
            )
            terminal.say(found.in_words())
            chosen, overrides = found.recipe, []
        told = workflow.train(
            data,
            out=out,
            validation=validation,
            test=test,
            split=split,
            method=method,
            recipe=chosen,
            overrides=overrides,
            holdout=holdout,
            text_column=text_column,
            label_column=label_column,
            label_separator=label_separator,
            dry_run=dry_run,
            resume=resume,
            track=track,
            observer=terminal,
            oos_label=oos_label,
            precision=precision,
            coverage=coverage,
            cost=cost,
            threshold=threshold,
            sets=sets,
            false_alarms=false_alarms,
        )
    print(jsons.dumps(told.as_dict(), ensure_ascii=False) if json else told.summary())


def _preview(data: str, recipe: AnyRecipe, overrides: Sequence[str], json: bool) -> None:
    from aprendiz.assistants.preview import preview
    from aprendiz.cli import preview_screen

    with Terminal() as terminal:
        rows = preview(data, recipe, overrides=overrides, observer=terminal)
    if json:
        print(jsons.dumps([row.as_dict() for row in rows], ensure_ascii=False))
    else:
        preview_screen.show(rows)
