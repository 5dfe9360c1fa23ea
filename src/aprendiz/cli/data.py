"""``aprendiz data``: look at files of examples before anything is learnt from them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aprendiz.data.read import Reading
    from aprendiz.data.records import Finding

_SHOWN = 5  # findings of one kind
_COLOURS = {"error": typer.colors.RED, "warning": typer.colors.YELLOW, "info": typer.colors.BLUE}

app = typer.Typer(help="Check files of examples.", no_args_is_help=True)


@app.callback()
def _data() -> None:
    """Check files of examples."""


@app.command()
def check(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE...",
            help="Examples to learn from: .json .jsonl .csv .tsv .parquet (also .gz), hf://…",
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
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Name every fault of the examples by file and line. Ends with 2 if there is an error."""
    from aprendiz.data.check import check as check_readings
    from aprendiz.data.read import read_examples

    learnt = [read_examples(file, text=text_column, label=label_column) for file in files]
    held = [read_examples(file, text=text_column, label=label_column) for file in against or ()]
    findings = check_readings(learnt, against=held)
    ok = not any(finding.severity == "error" for finding in findings)
    if as_json:
        typer.echo(json.dumps(_document(learnt, held, findings, ok), indent=2))
    else:
        for reading in (*learnt, *held):
            _show_reading(reading)
        _show_findings(findings)
        _show_verdict(findings, sum(len(reading.examples) for reading in (*learnt, *held)))
    if not ok:
        raise typer.Exit(2)


def _document(
    learnt: Sequence[Reading], held: Sequence[Reading], findings: Sequence[Finding], ok: bool
) -> dict[str, object]:
    roles = [*((reading, "train") for reading in learnt), *((each, "against") for each in held)]
    return {
        "ok": ok,
        "files": [
            {
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
            for reading, role in roles
        ],
        "findings": [finding.as_dict() for finding in findings],
    }


def _show_reading(reading: Reading) -> None:
    """Where a file's examples come from, so that a wrong guess cannot go unseen."""
    typer.secho(reading.source, bold=True)
    if not reading.format:
        return
    facts = [reading.format, reading.encoding] if reading.encoding else [reading.format]
    typer.echo(f"  format   {', '.join(facts)}")
    if reading.text_column is not None:
        columns = f"text from {reading.text_column!r}, label from {reading.label_column!r}"
        typer.echo(f"  columns  {columns}")
    used = len(reading.examples)
    chosen = used or reading.text_column is not None
    lost = reading.rows - used if chosen else 0
    unusable = f", {lost:,} of them unusable" if lost else ""
    typer.echo(f"  rows     {reading.rows:,}{unusable}")
    counts = Counter(row.label for row in reading.examples)
    if counts:
        least, most = min(counts.values()), max(counts.values())
        each = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        typer.echo(f"  labels   {len(counts):,}, {each} {'row' if most == 1 else 'rows'} each")


def _show_findings(findings: Sequence[Finding]) -> None:
    """Findings by kind, the kinds in the order of their worst finding."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((finding.severity, finding.kind), []).append(finding)
    for (severity, kind), alike in kinds.items():
        count = sum(finding.count for finding in alike)
        typer.echo()
        typer.secho(f"{severity} {kind} ({count:,})", fg=_COLOURS[severity], bold=True)
        for finding in alike[:_SHOWN]:
            place = f"{finding.file}:{finding.line}" if finding.line else finding.file
            typer.echo(f"  {place}: {finding.message}")
        if len(alike) > _SHOWN:
            typer.echo(f"  … and {len(alike) - _SHOWN:,} more")
        for hint in dict.fromkeys(each.hint for each in alike[:_SHOWN] if each.hint):
            typer.secho(f"  → {hint}", dim=True)


def _show_verdict(findings: Sequence[Finding], examples: int) -> None:
    counts = Counter[str]()
    for finding in findings:
        counts[finding.severity] += finding.count
    said = ", ".join(
        f"{counts[severity]:,} {severity}{'' if counts[severity] == 1 else 's'}"
        for severity in ("error", "warning")
        if counts[severity]
    )
    typer.echo()
    if counts["error"]:
        typer.secho(f"Not usable yet: {said}.", fg=typer.colors.RED, bold=True)
    else:
        verdict = f"Usable: {examples:,} examples" + (f", {said}." if said else ", no faults.")
        typer.secho(verdict, fg=typer.colors.GREEN, bold=True)
