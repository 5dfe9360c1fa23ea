"""What people are told about their data before a training begins, line by line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from aprendiz.data.records import Finding

_WARNINGS_TOLD = 5


class _Reading(Protocol):
    """A file that was read, of examples or of conversations."""

    def in_words(self) -> str: ...


def brief(readings: Sequence[_Reading], findings: Sequence[Finding], split: str) -> Iterator[str]:
    """The files, the first warnings, and how the rows were divided."""
    for reading in readings:
        yield reading.in_words()
    warnings = [finding for finding in findings if finding.severity == "warning"]
    for finding in warnings[:_WARNINGS_TOLD]:
        yield f"warning: {finding.file}:{finding.line}: {finding.message}"
    if len(warnings) > _WARNINGS_TOLD:
        more = len(warnings) - _WARNINGS_TOLD
        yield f"… and {more} more warnings: aprendiz data check shows them"
    yield split
