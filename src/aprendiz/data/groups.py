"""Which customer or conversation each row belongs to: one more column of a file."""

from __future__ import annotations

from dataclasses import replace

from aprendiz.data.check import refuse
from aprendiz.data.read import Reading, read_examples
from aprendiz.data.records import Finding


def read_groups(reading: Reading, column: str) -> list[str]:
    """The group of every row of a file that has been read without errors.

    Args:
        reading: what was read.
        column: name of the column whose equal values belong together.

    Returns:
        One group for each of ``reading.examples``, in their order.

    Raises:
        DataError: there is no such column, or rows without a value in it; names them all.
    """
    if reading.text_column is None:
        message = f"a {reading.format} file has no columns, so no column {column!r} to group by"
        hint = "write one record a line, with text, label and the group"
        refuse([Finding(reading.source, 0, "missing_columns", "error", message, hint)])
    # The reader checks a label's presence, type and characters; a group's are the same.
    found = read_examples(reading.source, text=reading.text_column, label=column)
    refuse(_about_group(finding, column) for finding in found.findings)
    return [row.label for row in found.examples]


def _about_group(finding: Finding, column: str) -> Finding:
    hint = f"give every row a value in {column!r}, or leave out --group"
    if finding.kind == "missing_label":
        message = f"the row has no value in the column to group by, {column!r}"
        return replace(finding, kind="missing_group", message=message, hint=hint)
    if finding.kind == "missing_columns":
        message = finding.message.replace("label column", "column")
        names = finding.hint.removeprefix("--label-column ")
        return replace(finding, message=message, hint=f"--group {names}")
    return finding
