"""What ``data check`` found, on one page of a terminal: grouped by kind, worst first.

However many findings there are, the page has about ``MOST_LINES`` lines: with more kinds,
fewer places of each are shown, and at last only the kinds. ``--json`` and ``--report`` have all.
"""

from __future__ import annotations

import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from aprendiz.data.chat.records import ChatReading
    from aprendiz.data.examine import Diagnosis
    from aprendiz.data.mend import Mended
    from aprendiz.data.read import Reading
    from aprendiz.data.records import Finding

MOST_LINES = 25
_PLACES = 5  # of one kind, where there is room
_FILES_IN_FULL = 2
_FILES = 6
_COLOURS = {"error": typer.colors.RED, "warning": typer.colors.YELLOW, "info": typer.colors.BLUE}

Line = tuple[str, str]
"""What stands on a line, and its style: a colour, ``bold``, ``dim`` or nothing."""


def show(diagnosis: Diagnosis, mended: Mended | None = None, report: Path | None = None) -> None:
    """Print the page on stdout."""
    head = _repaired(mended) + _files(diagnosis)
    foot = _verdict(diagnosis, report)
    groups = _groups(diagnosis.findings)
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    for text, style in (*head, *_fitting(groups, MOST_LINES - len(head) - len(foot)), *foot):
        if width and len(text) > width:
            text = text[: width - 1] + "…"
        bold = style == "bold" or (style in _COLOURS.values() and not text.startswith(" "))
        colour = style if style in _COLOURS.values() or style == typer.colors.GREEN else None
        typer.secho(text, fg=colour, bold=bold or None, dim=style == "dim" or None)


def _groups(findings: Sequence[Finding]) -> dict[tuple[str, str], list[Finding]]:
    """Findings by severity and kind, the kinds in the order of their worst finding."""
    kinds: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        kinds.setdefault((finding.severity, finding.kind), []).append(finding)
    return kinds


def _fitting(groups: dict[tuple[str, str], list[Finding]], room: int) -> list[Line]:
    """The groups with as many places of each as the room allows."""
    for places in range(_PLACES, 0, -1):
        lines = [
            line for (severity, kind), alike in groups.items()
            for line in _in_full(severity, kind, alike, places)
        ]  # fmt: skip
        if len(lines) <= room:
            return lines
    lines = [
        line for (severity, kind), alike in groups.items()
        for line in _in_two_lines(severity, kind, alike)
    ]  # fmt: skip
    if len(lines) + 1 <= room:
        return [("", ""), *lines]
    lines = [_in_brief(severity, kind, alike) for (severity, kind), alike in groups.items()]
    if len(lines) + 2 > room:
        hidden = len(lines) - max(1, room - 2)
        lines = [*lines[:-hidden], (f"… and {hidden} more kinds: see --json or --report", "dim")]
    return [("", ""), *lines]


def _in_full(severity: str, kind: str, alike: Sequence[Finding], places: int) -> list[Line]:
    lines: list[Line] = [("", ""), (f"{severity} {kind} ({_count(alike):,})", _COLOURS[severity])]
    lines += [(f"  {_place(finding)}: {finding.message}", "") for finding in alike[:places]]
    if len(alike) > places:
        lines.append((f"  … and {_count(alike[places:]):,} more", ""))
    hints = dict.fromkeys(finding.hint for finding in alike[:places] if finding.hint)
    return lines + [(f"  → {hint}", "dim") for hint in hints]


def _in_two_lines(severity: str, kind: str, alike: Sequence[Finding]) -> list[Line]:
    first = alike[0]
    hint = f"  → {first.hint}" if first.hint else ""
    name = f"{severity} {kind} ({_count(alike):,}){hint}"
    return [(name, _COLOURS[severity]), (f"  {_place(first)}: {first.message}", "")]


def _in_brief(severity: str, kind: str, alike: Sequence[Finding]) -> Line:
    first = alike[0]
    return f"{severity} {kind} ({_count(alike):,})  {_place(first)}: {first.message}", ""


def _count(alike: Sequence[Finding]) -> int:
    return sum(finding.count for finding in alike)


def _place(finding: Finding) -> str:
    return f"{finding.file}:{finding.line}" if finding.line else finding.file


def _repaired(mended: Mended | None) -> list[Line]:
    if mended is None:
        return []
    made = ", ".join(f"{kind} {count:,}" for kind, count in sorted(mended.repaired.items()))
    lines = [(f"repaired   {made or 'nothing: there was nothing certain to repair'}", "")]
    if mended.diff:
        lines.append((f"what       {mended.diff}", ""))
    return lines


def _files(diagnosis: Diagnosis) -> list[Line]:
    """Where the examples come from, so that a wrong guess cannot go unseen."""
    readings = [reading for _, reading in diagnosis.readings]
    chats = [reading for _, reading in diagnosis.chats]
    lines: list[Line] = []
    if len(readings) + len(chats) <= _FILES_IN_FULL:
        for reading in readings:
            lines += _reading(reading)
        for chat in chats:
            lines += _chat(chat)
    else:
        lines += [(reading.in_words(), "") for reading in readings]
        lines += [(f"{chat.source}: {chat.rows:,} conversations", "") for chat in chats]
        if hidden := len(lines) - _FILES:
            lines = (
                [*lines[:_FILES], (f"… and {hidden} more files", "dim")] if hidden > 0 else lines
            )
    if chats:
        lines.append((f"  rules    of {diagnosis.service} (--for)", ""))
    if diagnosis.estimate:
        lines.append((f"  tokens   {diagnosis.estimate.in_words()}", ""))
    return lines


def _reading(reading: Reading) -> list[Line]:
    lines: list[Line] = [(reading.source, "bold")]
    if not reading.format:
        return lines
    facts = [reading.format, reading.encoding] if reading.encoding else [reading.format]
    lines.append((f"  format   {', '.join(facts)}", ""))
    if reading.text_column is not None:
        columns = f"text from {reading.text_column!r}, label from {reading.label_column!r}"
        lines.append((f"  columns  {columns}", ""))
    used = len(reading.examples)
    chosen = used or reading.text_column is not None
    lost = reading.rows - used if chosen else 0
    unusable = f", {lost:,} of them unusable" if lost else ""
    lines.append((f"  rows     {reading.rows:,}{unusable}", ""))
    counts = Counter(row.label for row in reading.examples)
    if counts:
        least, most = min(counts.values()), max(counts.values())
        each = f"{least:,}" if least == most else f"{least:,} to {most:,}"
        said = f"{len(counts):,}, {each} {'row' if most == 1 else 'rows'} each"
        lines.append((f"  labels   {said}", ""))
    return lines


def _chat(chat: ChatReading) -> list[Line]:
    lost = chat.rows - len(chat.conversations)
    unusable = f", {lost:,} of them unusable" if lost else ""
    messages = Counter(len(each.messages) for each in chat.conversations)
    form = (
        "conversations, one a line" if chat.format == "jsonl" else "conversations, one JSON value"
    )
    lines = [(chat.source, "bold"), (f"  format   {form}", "")]
    lines.append((f"  rows     {chat.rows:,}{unusable}", ""))
    if messages:
        usual = f"{messages.most_common(1)[0][0]} messages in most, {max(messages)} at most"
        lines.append((f"  length   {usual}", ""))
    return lines


def _verdict(diagnosis: Diagnosis, report: Path | None) -> list[Line]:
    counts = Counter[str]()
    for finding in diagnosis.findings:
        counts[finding.severity] += finding.count
    said = ", ".join(
        f"{counts[severity]:,} {severity}{'' if counts[severity] == 1 else 's'}"
        for severity in ("error", "warning")
        if counts[severity]
    )
    lines: list[Line] = [("", "")]
    if report is not None:
        lines.append((f"report     {report}", ""))
    if counts["error"]:
        return [*lines, (f"Not usable yet: {said}.", _COLOURS["error"])]
    what = "conversations" if diagnosis.chats and not diagnosis.readings else "examples"
    verdict = f"Usable: {diagnosis.rows:,} {what}" + (f", {said}." if said else ", no faults.")
    return [*lines, (verdict, typer.colors.GREEN)]
