"""``aprendiz data stats``: what a file of examples or conversations is made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aprendiz.cli.terminal import Terminal
from aprendiz.errors import DataError

if TYPE_CHECKING:
    from aprendiz.data.records import Finding
    from aprendiz.data.stats.chats import ChatStatistics
    from aprendiz.data.stats.text_values import TextStatistics


def stats(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Examples (.json .jsonl .csv .tsv .parquet, also .gz, hf://…) or conversations "
            "(.jsonl); several are described together.",
        ),
    ],
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write a page with pictures as well.")
    ] = None,
    text_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column with the text, if not found.")
    ] = None,
    label_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column with the label, if not found.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Labels, lengths, words, languages, copies, and the labels that are hard to tell apart."""
    if report is not None and report.suffix.lower() not in (".html", ".htm"):
        raise typer.BadParameter(f"{report} does not end in .html", param_hint="--report")
    with Terminal() as screen:
        described = _describe(files, text_column, label_column, screen)
        if report is not None:
            from aprendiz.report.data_page import render

            report.parent.mkdir(parents=True, exist_ok=True)
            report.write_text(render(described), encoding="utf-8")
            screen.say(f"report: {report}")
    if as_json:
        typer.echo(json.dumps(described.as_dict(), ensure_ascii=False, indent=2))
    else:
        from aprendiz.cli.stats_screen import lines

        typer.echo("\n".join(lines(described)))


def _describe(
    files: Sequence[str], text: str | None, label: str | None, screen: Terminal
) -> TextStatistics | ChatStatistics:
    from aprendiz.data.sniff import is_chat

    chats = [file for file in files if is_chat(file)]
    if not chats:
        return _describe_texts(files, text, label, screen)
    if len(chats) < len(files):
        other = next(file for file in files if file not in chats)
        raise DataError(
            f"{chats[0]} holds conversations, {other} labelled texts",
            "describe them one after the other",
        )
    from aprendiz.data.stats.chats import describe_chats

    described = describe_chats(files, tell=screen.progress)
    if not described.rows:
        raise _nothing_usable(files)
    return described


def _describe_texts(
    files: Sequence[str], text: str | None, label: str | None, screen: Terminal
) -> TextStatistics:
    from aprendiz.data.read import read_examples
    from aprendiz.data.stats.texts import describe_texts
    from aprendiz.neural.token_counts import embedded_tokens

    readings = [read_examples(file, text=text, label=label, tell=screen.progress) for file in files]
    if not any(reading.examples for reading in readings):
        findings = [finding for reading in readings for finding in reading.findings]
        raise _nothing_usable(files, findings)
    return describe_texts(readings, tokens=embedded_tokens(), tell=screen.progress)


def _nothing_usable(files: Sequence[str], findings: Sequence[Finding] = ()) -> DataError:
    return DataError(
        f"no usable row in {', '.join(files)}",
        f"aprendiz data check {files[0]} names every fault",
        findings,
    )
