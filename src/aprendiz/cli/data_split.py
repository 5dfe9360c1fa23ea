"""``aprendiz data split``: divide a file of examples or conversations once, for good."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aprendiz.cli.terminal import Terminal

if TYPE_CHECKING:
    from aprendiz.data.parts import Written

_SHOWN = 5  # rows left out


def split(
    data: Annotated[
        str, typer.Argument(metavar="FILE", help="examples or conversations to divide")
    ],
    out: Annotated[Path, typer.Option(help="folder for the parts and split.json")],
    validation: Annotated[
        float | None,
        typer.Option(min=0.0, max=0.9, help="share of each label for validation; 0.1"),
    ] = None,
    test: Annotated[
        float | None, typer.Option(min=0.0, max=0.9, help="share of each label for test; 0.2")
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN", help="keep equal values of this column (or field) on one side"
        ),
    ] = None,
    oos: Annotated[
        str | None,
        typer.Option(metavar="LABEL", help="label of out-of-scope rows, kept apart; oos"),
    ] = None,
    frozen: Annotated[
        Path | None,
        typer.Option(help="earlier split.json (or its folder): its rows stay where they are"),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="another seed, another choice; 13")] = None,
    text_column: Annotated[str | None, typer.Option(help="name of the text column")] = None,
    label_column: Annotated[str | None, typer.Option(help="name of the label column")] = None,
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
) -> None:
    """Divide examples or conversations into train, validation and test, copies on one side."""
    from aprendiz.data.chat.parts import write_chat_split
    from aprendiz.data.parts import write_split
    from aprendiz.data.sniff import is_chat

    asked = {"validation": validation, "test": test}
    shares = {part: share for part, share in asked.items() if share is not None}
    of_texts = {"--oos": oos, "--text-column": text_column, "--label-column": label_column}
    chats = is_chat(data)
    if chats and (strange := [name for name, value in of_texts.items() if value is not None]):
        raise typer.BadParameter("the file holds conversations", param_hint=strange[0])
    with Terminal() as terminal:

        def progress(done: int, total: int) -> None:
            terminal.progress("near duplicates", done, total)

        if chats:
            written: Written = write_chat_split(
                data,
                out,
                shares=shares,
                seed=seed,
                group=group,
                frozen=frozen,
                progress=progress,
            )
        else:
            written = write_split(
                data,
                out,
                shares=shares,
                seed=seed,
                group=group,
                oos=oos,
                frozen=frozen,
                text_column=text_column,
                label_column=label_column,
                progress=progress,
            )
        left_out = [finding for finding in written.findings if finding.kind == "left_out"]
        for finding in left_out[:_SHOWN]:
            terminal.say(f"{finding.file}:{finding.line}: {finding.message}")
        if len(left_out) > _SHOWN:
            terminal.say(f"… and {len(left_out) - _SHOWN:,} more, in {written.files['left_out']}")
    print(jsons.dumps(written.as_dict(), ensure_ascii=False) if json else written.in_words())
