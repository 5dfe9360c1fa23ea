"""``aprendiz data check``: name what is wrong with examples, and repair what is certain."""

from __future__ import annotations

import json
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from aprendiz.cli.terminal import Terminal

if TYPE_CHECKING:
    from aprendiz.data.chat.records import ChatReading
    from aprendiz.data.examine import Diagnosis
    from aprendiz.data.mend import Mended
    from aprendiz.data.read import Reading


class Service(StrEnum):
    """Whose rules a file of conversations must keep."""

    LORA = "lora"
    OPENAI = "openai"
    AZURE = "azure"
    PLATFORM = "platform"


def check(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Examples to learn from: .json .jsonl .csv .tsv .parquet (also .gz), hf://…; "
            "or conversations (.jsonl .json).",
        ),
    ],
    against: Annotated[
        list[str] | None,
        typer.Option(metavar="FILE", help="Validation or test data to compare with; repeatable."),
    ] = None,
    text_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column with the text, if not found.")
    ] = None,
    label_column: Annotated[
        str | None, typer.Option(metavar="NAME", help="Column with the label, if not found.")
    ] = None,
    max_length: Annotated[
        int, typer.Option(min=8, help="Tokens that the base model reads; longer texts are named.")
    ] = 128,
    service: Annotated[
        Service, typer.Option("--for", help="For conversations: whose rules they must keep.")
    ] = Service.LORA,
    model: Annotated[
        str, typer.Option(metavar="NAME", help="For conversations: the model that shall learn.")
    ] = "",
    price: Annotated[
        float | None,
        typer.Option(min=0, help="For conversations: price of a million tokens, for the cost."),
    ] = None,
    fix: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT",
            help="Write a repaired copy and OUT.diff, and check the copy. Safe repairs only.",
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write everything on one HTML page.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="End with 2 if there is a warning, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Name every fault of the examples by file and line. Ends with 2 if there is an error."""
    from aprendiz.data.examine import Question, examine
    from aprendiz.data.mend import mend

    mended = None
    if fix is not None:
        if len(files) > 1:
            raise typer.BadParameter("--fix repairs one file at a time", param_hint="--fix")
        mended = mend(files[0], fix, text=text_column, label=label_column)
        files = [str(fix)]
    question = Question(
        files, against or (), text_column, label_column, service, model, price, max_length
    )
    with Terminal(quiet=as_json) as terminal:
        diagnosis = examine(question, terminal.progress)
    if report is not None:
        from aprendiz.report.doctor import render

        report.write_text(render(diagnosis), encoding="utf-8")
    if as_json:
        typer.echo(json.dumps(_document(diagnosis, mended), indent=2))
    else:
        from aprendiz.cli.findings_on_screen import show

        show(diagnosis, mended, report)
    warned = any(finding.severity == "warning" for finding in diagnosis.findings)
    if not diagnosis.ok or (strict and warned):
        raise typer.Exit(2)


def _document(diagnosis: Diagnosis, mended: Mended | None) -> dict[str, object]:
    counts = Counter[str]()
    for finding in diagnosis.findings:
        counts[finding.kind] += finding.count
    document: dict[str, object] = {
        "ok": diagnosis.ok,
        "language": diagnosis.language,
        "files": [
            *(_file(role, reading) for role, reading in diagnosis.readings),
            *(_chat_file(role, reading) for role, reading in diagnosis.chats),
        ],
        "counts": dict(counts.most_common()),
        "findings": [finding.as_dict() for finding in diagnosis.findings],
    }
    if diagnosis.estimate is not None:
        estimate = diagnosis.estimate
        names = ("examples", "tokens", "epochs", "billed_tokens", "cost", "longest", "exact")
        document["estimate"] = {name: getattr(estimate, name) for name in names}
        document["service"] = diagnosis.service
    if mended is not None:
        document["fixed"] = {
            "file": str(mended.out),
            "diff": str(mended.diff) if mended.diff else None,
            "repaired": dict(mended.repaired),
        }
    return document


def _file(role: str, reading: Reading) -> dict[str, object]:
    return {
        "file": reading.source,
        "role": role,
        "format": reading.format,
        "encoding": reading.encoding,
        "text_column": reading.text_column,
        "label_column": reading.label_column,
        "rows": reading.rows,
        "examples": len(reading.examples),
        "labels": dict(Counter(row.label for row in reading.examples).most_common()),
    }


def _chat_file(role: str, reading: ChatReading) -> dict[str, object]:
    return {
        "file": reading.source,
        "role": role,
        "format": f"chat {reading.format}",
        "rows": reading.rows,
        "conversations": len(reading.conversations),
        "bytes": reading.bytes,
    }
