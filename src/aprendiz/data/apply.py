"""A patch file onto a file of examples: the repaired copy, everything else as it was."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from aprendiz.data.check import no_rows, refuse
from aprendiz.data.read import Reading, read_examples
from aprendiz.data.records import Example
from aprendiz.data.repair import Repaired, read_patch, repair
from aprendiz.data.verbatim import Verbatim, rows_as, verbatim, write_text
from aprendiz.errors import DataError

_WRITTEN = (".csv", ".json", ".jsonl", ".tsv")


def apply_patch(
    data: str,
    patch: str | Path,
    out: str | Path,
    *,
    text_column: str | None = None,
    label_column: str | None = None,
) -> Repaired:
    """Write a repaired copy of a file; the file itself is not touched.

    A copy in the same format (CSV, TSV, JSON Lines) keeps every other column and the very
    bytes of every row that is not relabelled.

    Args:
        data: the examples.
        patch: the decisions.
        out: the new file; its suffix says the format.
        text_column: name of the column with the text, when it cannot be found.
        label_column: name of the column with the label, when it cannot be found.

    Raises:
        DataError: a file cannot be used, the patch does not fit it, or ``out`` is the
            original or of a format that cannot be written.
    """
    goal = Path(out)
    if goal.suffix.lower() not in _WRITTEN:
        raise DataError(
            f"{goal}: examples cannot be written as {goal.suffix or 'a file without suffix'}",
            f"name it {', '.join(_WRITTEN)}",
        )
    if goal.exists() and Path(data).exists() and goal.samefile(data):
        raise DataError(f"{goal}: is the original, which is not touched", "give another --out")
    reading = read_examples(data, text=text_column, label=label_column)
    refuse([*reading.findings, *no_rows([reading])])
    repaired = repair(reading.examples, read_patch(Path(patch)), str(patch))
    raw = verbatim(reading)
    if raw is not None and raw.suffix == goal.suffix.lower():
        write_text(goal, _as_it_was(reading, repaired.rows, raw))
    else:
        by_label = "by label" in reading.format
        write_text(goal, rows_as(goal.suffix.lower(), repaired.rows, by_label=by_label))
    return repaired


def _as_it_was(reading: Reading, rows: Sequence[Example], raw: Verbatim) -> str:
    label_of = {row.line: row.label for row in reading.examples}
    body = [raw.head]
    for row in rows:
        if not row.line:
            body.append(raw.added(row.text, row.label, reading.text_column or "text"))
        elif row.label == label_of[row.line]:
            body.append(raw.rows[row.line])
        else:
            body.append(raw.relabelled(row.line, row.label))
    return "".join(body)
