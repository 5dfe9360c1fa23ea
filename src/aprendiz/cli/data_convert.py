"""``aprendiz data convert``: the same examples or conversations in another form."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated

import typer

from aprendiz.cli.data_check import Service


def convert(
    data: Annotated[
        str, typer.Argument(metavar="FILE", help="examples or conversations, in any form")
    ],
    out: Annotated[
        Path,
        typer.Argument(
            metavar="OUT",
            help="new file: .jsonl or .json; examples also .csv or .tsv",
        ),
    ],
    service: Annotated[
        Service | None,
        typer.Option("--for", help="for conversations: write only what it takes, by its rules"),
    ] = None,
    text_column: Annotated[str | None, typer.Option(help="name of the text column")] = None,
    label_column: Annotated[str | None, typer.Option(help="name of the label column")] = None,
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
) -> None:
    """Write pairs or ShareGPT as messages, CSV as JSON Lines, and the like."""
    from aprendiz.data.convert import convert as write
    from aprendiz.data.examine import SERVICES

    written = write(
        data,
        out,
        service=SERVICES[service] if service else None,
        text_column=text_column,
        label_column=label_column,
    )
    print(jsons.dumps(written.as_dict(), ensure_ascii=False) if json else written.in_words())
