"""Right and wrong answers to figures: exact match with its interval, and two models compared.

Knows only which answers were right and to which group (a concept, a language) each row
belongs. Judging an answer is for ``evaluation/maths``; labels have ``metrics`` instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from aprendiz.evaluation.intervals import Interval, wilson
from aprendiz.evaluation.paired import PairedChange, paired_change


@dataclass(frozen=True, slots=True)
class AnswersScore:
    """How many answers were right.

    Attributes:
        n: rows answered.
        correct: those answered rightly.
        exact_match: their share.
        exact_match_ci: its 95 % interval (Wilson's).
        by_group: the same for each group, in the order in which the groups first occur; empty
            inside a group.
    """

    n: int
    correct: int
    exact_match: float
    exact_match_ci: Interval
    by_group: Mapping[str, AnswersScore]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        told: dict[str, Any] = {
            "n": self.n,
            "correct": self.correct,
            "exact_match": self.exact_match,
            "exact_match_ci": list(self.exact_match_ci),
        }
        if self.by_group:
            told["by_group"] = {name: each.as_dict() for name, each in self.by_group.items()}
        return told


@dataclass(frozen=True, slots=True)
class AnswersComparison:
    """Two models on the same rows.

    Attributes:
        overall: the paired change over all rows, from the base to the tuned model: its
            interval (pairs drawn again) and McNemar's exact p.
        by_group: the same for each group.
    """

    overall: PairedChange
    by_group: Mapping[str, PairedChange]

    @property
    def difference(self) -> float:
        """Exact match of the tuned model less that of the base."""
        return self.overall.change

    @property
    def difference_ci(self) -> Interval:
        """Its 95 % interval."""
        return self.overall.change_ci

    @property
    def p_value(self) -> float:
        """How often chance alone would divide the rows on which they differ so unevenly."""
        return self.overall.p_value

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with ``before`` the base and ``after`` the tuned model."""
        told = self.overall.as_dict()
        groups = {name: each.as_dict() for name, each in self.by_group.items()}
        return {**told, "by_group": groups}

    def in_words(self) -> str:
        """The comparison over all rows for a person."""
        return self.overall.in_words().replace("accuracy:", "exact match:", 1)


def score_answers(right: Sequence[bool], groups: Sequence[str]) -> AnswersScore:
    """Exact match over all rows and by group.

    Args:
        right: whether each row was answered rightly.
        groups: the group of each row.

    Raises:
        ValueError: no rows, or not as many groups as rows.
    """
    rows = _rows_by_group(groups, len(right))
    return _score(
        right, {name: _score([right[row] for row in some]) for name, some in rows.items()}
    )


def compare_answers(
    base: Sequence[bool], tuned: Sequence[bool], groups: Sequence[str]
) -> AnswersComparison:
    """The change from one model to another on the same rows, over all and by group.

    Args:
        base: whether the first model has each row right.
        tuned: the same for the second.
        groups: the group of each row.

    Raises:
        ValueError: no rows, or not as many answers or groups for both.
    """
    rows = _rows_by_group(groups, len(base))
    before, after = np.array(base, dtype=bool), np.array(tuned, dtype=bool)
    overall = paired_change(before, after)
    return AnswersComparison(
        overall,
        {name: paired_change(before[some], after[some]) for name, some in rows.items()},
    )


def _score(
    right: Sequence[bool], by_group: Mapping[str, AnswersScore] | None = None
) -> AnswersScore:
    n, correct = len(right), sum(map(bool, right))
    return AnswersScore(n, correct, correct / n, wilson(correct, n), by_group or {})


def _rows_by_group(groups: Sequence[str], n: int) -> dict[str, list[int]]:
    if not n or len(groups) != n:
        raise ValueError(f"{n} answers and {len(groups)} groups: one group a row, and not none")
    rows: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    return rows
