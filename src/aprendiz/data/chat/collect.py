"""A list of findings that stays short however broken the file is."""

from __future__ import annotations

from dataclasses import replace

from aprendiz.data.records import Finding, Severity

MOST_OF_A_KIND = 1000
"""Findings kept of each kind; one more then counts the rest."""


class Findings:
    """Gathers findings about one file; a million lines with the same fault cost a thousand."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._kept: list[Finding] = []
        self._met: dict[str, int] = {}
        self._rest: dict[str, Finding] = {}

    def add(
        self, line: int, kind: str, severity: Severity, message: str, hint: str, count: int = 1
    ) -> None:
        """Keep a finding, or only count it when there are enough of its kind."""
        met = self._met[kind] = self._met.get(kind, 0) + 1
        if met <= MOST_OF_A_KIND:
            self._kept.append(Finding(self._file, line, kind, severity, message, hint, count))
        elif met == MOST_OF_A_KIND + 1:
            message = f"the same fault ({kind}) again from here on"
            self._rest[kind] = Finding(self._file, line, kind, severity, message, hint)
        else:
            self._rest[kind] = replace(self._rest[kind], count=self._rest[kind].count + 1)

    def of_kind(self, kind: str) -> int:
        """How many findings of a kind were met, kept or not."""
        return self._met.get(kind, 0)

    def forget(self, kind: str) -> None:
        """Drop what was met of a kind, to say it in another way."""
        self._kept = [found for found in self._kept if found.kind != kind]
        self._met.pop(kind, None)
        self._rest.pop(kind, None)

    def in_order(self) -> tuple[Finding, ...]:
        """The findings by line; within a line as they were met."""
        return tuple(sorted([*self._kept, *self._rest.values()], key=lambda found: found.line))
