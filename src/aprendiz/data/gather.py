"""A list of findings that stays short however broken the data is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from aprendiz.data.records import Finding

MOST_OF_A_KIND = 10_000
"""Findings kept of each kind in each file; one more then counts the rest."""

_RANK = {"error": 0, "warning": 1, "info": 2}


class Gathered:
    """Takes findings as they come; a million alike cost no more than ten thousand."""

    def __init__(self, findings: Iterable[Finding] = ()) -> None:
        self._kept: list[Finding] = []
        self._met: dict[tuple[str, str], int] = {}
        self._rest: dict[tuple[str, str], Finding] = {}
        self.extend(findings)

    def add(self, found: Finding) -> None:
        """Keep a finding, or only count it when there are enough of its kind in its file."""
        key = (found.kind, found.file)
        met = self._met[key] = self._met.get(key, 0) + 1
        if met <= MOST_OF_A_KIND:
            self._kept.append(found)
        elif rest := self._rest.get(key):
            self._rest[key] = replace(rest, count=rest.count + found.count)
        else:
            message = f"{found.message} (and from here on more of {found.kind}, only counted)"
            self._rest[key] = replace(found, message=message)

    def extend(self, findings: Iterable[Finding]) -> None:
        """Take all of them."""
        for found in findings:
            self.add(found)

    def worst_first(self) -> list[Finding]:
        """Errors, then warnings, then information; each by file, line and kind."""
        return worst_first([*self._kept, *self._rest.values()])


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    """Errors, then warnings, then information; each by file, line and kind."""
    return sorted(
        findings, key=lambda found: (_RANK[found.severity], found.file, found.line, found.kind)
    )
