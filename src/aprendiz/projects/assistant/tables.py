"""What was measured as tables: base against tuned by kind and by group, and the questions.

Plain values, CSV, Markdown and lines for the screen; nothing is measured here.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from aprendiz.assistants.questions import Answered
from aprendiz.data.excerpt import excerpt
from aprendiz.report.style import percent, percent_span

if TYPE_CHECKING:
    from aprendiz.evaluation.replies import AnswersEvaluation, Replies

_ALL = "all"
_HEAD = (
    "by", "group", "conversations",
    "base_right", "base", "base_low", "base_high",
    "tuned_right", "tuned", "tuned_low", "tuned_high",
)  # fmt: skip


def by_kind(told: AnswersEvaluation) -> dict[str, dict[str, float]]:
    """Fractions of right answers, ``{"base": {"known": …}, "tuned": {"known": …}}``.

    Where no row says its kind there is one kind, ``all``.
    """
    return {side: _fractions(replies) for side, replies in _sides(told)}


def as_csv(told: AnswersEvaluation) -> str:
    """One line a group; the fractions with their 95 % intervals."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(_HEAD)
    for field, group, base, tuned in _lines(told):
        cells = [
            cell
            for each in (base, tuned)
            for cell in (each["correct"], each["exact_match"], *each["exact_match_ci"])
        ]
        lines.writerow([field, group, tuned["n"], *cells])
    return out.getvalue()


def as_markdown(told: AnswersEvaluation) -> str:
    """The same for people, with the paired comparison."""
    head = "| by | group | conversations | base | 95 % interval | tuned | 95 % interval |"
    rows = [
        f"| {field} | {group} | {tuned['n']:,} | {percent(base['exact_match'])} | "
        f"{percent_span(base['exact_match_ci'])} | {percent(tuned['exact_match'])} | "
        f"{percent_span(tuned['exact_match_ci'])} |"
        for field, group, base, tuned in _lines(told)
    ]
    return "\n".join(
        [
            "# Base against tuned",
            "",
            f"Right final answers on {told.n:,} conversations of {told.source}, greedy replies.",
            "",
            head,
            "|---|---|---:|---:|---:|---:|---:|",
            *rows,
            "",
            "```text",
            told.in_words(),
            "```",
            "",
        ]
    )


def of_questions(answered: Sequence[Answered]) -> Iterator[str]:
    """A line for each question with right or wrong, and last how many are right."""
    judged = [each for each in answered if each.right is not None]
    for each in answered:
        mark = {True: "right", False: "wrong", None: "     "}[each.right]
        found = each.found if each.found is not None else each.reply.text
        yield f"  {mark}  {excerpt(each.question.text)} → {excerpt(found)}"
    if judged:
        right = sum(each.right is True for each in judged)
        yield f"{right} of {len(judged)} questions answered rightly"


def _lines(told: AnswersEvaluation) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    (_, base), (_, tuned) = _sides(told)
    lines = [(_ALL, _ALL, base.as_dict(rows=False), tuned.as_dict(rows=False))]
    for field, groups in tuned.by.items():
        lines += [(field, name, base.by[field][name], right) for name, right in groups.items()]
    return lines


def _sides(told: AnswersEvaluation) -> tuple[tuple[str, Replies], tuple[str, Replies]]:
    if told.other is None:
        raise ValueError("there is no other model to compare with")
    return ("base", told.other), ("tuned", told.replies)


def _fractions(replies: Replies) -> dict[str, float]:
    kinds = replies.by.get("kind")
    if not kinds:
        return {_ALL: replies.score.exact_match}
    return {name: each["exact_match"] for name, each in kinds.items()}
