"""A table: the rows of a file before anyone decides which columns matter.

Every format is turned into one of these (``delimited.py``, ``json_tables.py``,
``parquet.py``, ``hub.py``); ``read.py`` turns them into examples. What the columns
mean is decided in ``columns.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from aprendiz.data.records import Finding


@dataclass
class Table:
    """Rows of a file before anyone decides which columns matter.

    Attributes:
        format: for people, such as ``csv with semicolons``.
        columns: their names, in order; empty when the file could not be made out.
        lines: 1-based line on which each row starts.
        column: gives the values of the column at a position, one a row; None for a value
            that is not there.
        header_line: where the names stand; 0 if they have no place of their own.
        named: whether the names come from the file rather than from its form.
        refused: rows that are not in ``lines`` because a finding stands for them.
        findings: what is wrong with the file so far.
    """

    format: str
    columns: tuple[str, ...] = ()
    lines: Sequence[int] = ()
    column: Callable[[int], Sequence[object]] = lambda position: ()
    header_line: int = 0
    named: bool = True
    refused: int = 0
    findings: list[Finding] = field(default_factory=list)


def misnamed(file: str, format: str, suffix: str, looks: str) -> Table:
    """The empty table of a file that is not what its name says."""
    message = f"the file is named {suffix} but is {looks}"
    hint = "rename it after what is in it, or write it in the format of its name"
    return Table(format, findings=[Finding(file, 1, "wrong_format", "error", message, hint)])
