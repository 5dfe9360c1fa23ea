"""One HTML page with everything that ``data check`` found; it needs no other file and no network.

Works without any extra. Whatever comes from the data is escaped, and the page forbids itself
scripts and outside addresses, so a report about hostile texts is safe to open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from aprendiz.data.chat.records import ChatReading
from aprendiz.data.checks.language import NAMES
from aprendiz.data.examine import Diagnosis
from aprendiz.data.kinds import KINDS
from aprendiz.data.read import Reading
from aprendiz.data.records import Finding

_WIDE = ' class="text"'
_LONG = ("what", "what to do", "what it means")  # columns with whole sentences
_SHOWN = 200  # findings of one kind; the page says how many more there are


def render(diagnosis: Diagnosis) -> str:
    """The page as HTML."""
    room = resources.files("aprendiz.report")
    groups = _grouped(diagnosis.findings)
    files = [
        *(_file(role, reading) for role, reading in diagnosis.readings),
        *(_chat_file(role, reading) for role, reading in diagnosis.chats),
    ]
    names = [row[0] for row in files]
    title = Path(names[0]).name + (f" and {len(names) - 1} more" if len(names) > 1 else "")
    return Template((room / "doctor.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        css=(room / "page.css").read_text(encoding="utf-8"),
        verdict=escape(verdict(diagnosis)),
        files=_table("files", ("file", "used", "format", "rows", "labels or length"), files),
        estimate=_estimate(diagnosis),
        summary=_summary(groups),
        groups="\n".join(_group(kind, alike) for kind, alike in groups.items()),
    )


def verdict(diagnosis: Diagnosis) -> str:
    """Whether a training would take the data, in one sentence."""
    counts = _by_severity(diagnosis.findings)
    warnings = f"{counts['warning']:,} {'warning' if counts['warning'] == 1 else 'warnings'}"
    if not diagnosis.ok:
        errors = "1 error stops" if counts["error"] == 1 else f"{counts['error']:,} errors stop"
        return f"Not usable yet: {errors} a training; {warnings} besides."
    if counts["warning"]:
        return f"Usable: {diagnosis.rows:,} rows, with {warnings}."
    return f"Usable: {diagnosis.rows:,} rows, no faults."


def _by_severity(findings: Iterable[Finding]) -> Counter[str]:
    counts = Counter[str]()
    for finding in findings:
        counts[finding.severity] += finding.count
    return counts


def _grouped(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.kind, []).append(finding)
    return groups


def _file(role: str, reading: Reading) -> tuple[str, ...]:
    counts = Counter(row.label for row in reading.examples)
    labels = ""
    if counts:
        labels = (
            f"{len(counts):,} labels, {min(counts.values()):,} to {max(counts.values()):,} rows"
        )
    form = ", ".join(filter(None, (reading.format, reading.encoding)))
    rows = f"{len(reading.examples):,} of {reading.rows:,}"
    return reading.source, _used(role), form, rows, labels


def _chat_file(role: str, reading: ChatReading) -> tuple[str, ...]:
    lengths = [len(each.messages) for each in reading.conversations]
    length = f"{min(lengths)} to {max(lengths)} messages" if lengths else ""
    rows = f"{len(reading.conversations):,} of {reading.rows:,}"
    return reading.source, _used(role), "conversations", rows, length


def _used(role: str) -> str:
    return "to learn from" if role == "train" else "held out"


def _estimate(diagnosis: Diagnosis) -> str:
    said = []
    if diagnosis.language:
        said.append(f"Main language: {NAMES[diagnosis.language]}.")
    if diagnosis.estimate:
        said.append(f"Rules of {diagnosis.service}. {diagnosis.estimate.in_words()}.")
    return f"<p>{escape(' '.join(said))}</p>" if said else ""


def _summary(groups: dict[str, list[Finding]]) -> str:
    if not groups:
        return "<p>Nothing.</p>"
    rows = []
    for kind, alike in groups.items():
        count = f"{sum(each.count for each in alike):,}"
        meaning = KINDS[kind].meaning if kind in KINDS else ""
        mended = "yes" if kind in KINDS and KINDS[kind].mended else ""
        link = f'<a href="#{escape(kind)}">{escape(kind)}</a>'
        rows.append((link, alike[0].severity, count, escape(meaning), mended))
    head = ("kind", "severity", "rows", "what it means", "--fix repairs it")
    return _table("kinds", head, rows, escaped=True)


def _group(kind: str, alike: Sequence[Finding]) -> str:
    rows = [(_place(each), each.message, each.hint) for each in alike[:_SHOWN]]
    count = sum(each.count for each in alike)
    hidden = sum(each.count for each in alike[_SHOWN:])
    more = f'<p class="quiet">… and {hidden:,} more: --json has them.</p>' if hidden else ""
    name = escape(kind)
    return (
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{escape(alike[0].severity)} {name} '
        f"({count:,})</h2>\n{_table(kind, ('where', 'what', 'what to do'), rows)}{more}\n</section>"
    )


def _place(finding: Finding) -> str:
    return f"{finding.file}:{finding.line}" if finding.line else finding.file


def _table(
    name: str, head: Sequence[str], rows: Iterable[Sequence[str]], escaped: bool = False
) -> str:
    """A table as ``page.html`` makes them; its first column names the row."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in head)
    body = []
    for row in rows:
        first, *others = row if escaped else map(escape, row)
        cells = "".join(
            f'<td{_WIDE if title in _LONG else ""} dir="auto">{value}</td>'
            for title, value in zip(head[1:], others, strict=True)
        )
        body.append(f'<tr><th scope="row" class="label">{first}</th>{cells}</tr>')
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">\n<table>\n'
        f"<thead><tr>{titles}</tr></thead>\n<tbody>\n{chr(10).join(body)}\n</tbody>\n"
        "</table>\n</div>\n"
    )
