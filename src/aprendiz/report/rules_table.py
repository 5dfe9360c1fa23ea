"""The page's table of decisions: each word the model says, its rule, and how often it said it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aprendiz.artifact.decision import Decisions
from aprendiz.evaluation.metrics import Evaluation
from aprendiz.report.style import span


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A line of the table.

    Attributes:
        word: what the model says.
        rule: when it says it.
        inside: rows about one of its labels to which it says it, in words.
        outside: rows about none of them, likewise; empty where none were measured.
    """

    word: str
    rule: str
    inside: str
    outside: str


def rule_rows(decisions: Decisions, told: Evaluation) -> list[RuleRow]:
    """The three decisions, in the order in which they are told apart."""
    return list(_rows(decisions, told))


def _rows(decisions: Decisions, told: Evaluation) -> Iterator[RuleRow]:
    counted, outside = told.decisions, told.scope
    if decisions.scope is not None:
        rule = decisions.scope
        found = f"{outside.recall:.3f} ({span(outside.recall_ci)})" if outside else ""
        sent = f"{counted.out_of_scope:,}" if counted else ""
        yield RuleRow(
            "out_of_scope", f"scope under {rule.threshold:g}: {rule.detector}", sent, found
        )
    answer = decisions.answer
    asked = f"{counted.needs_clarification:,}" if counted else ""
    yield RuleRow("needs_clarification", f"confidence under {answer.threshold:.3f}", asked, "")
    aim = "" if answer.asked == "confidence" else f", for a {answer.asked} of {answer.goal:g}"
    missed = "" if answer.met else " (not shown to be reached)"
    right = ""
    if counted:
        right = (
            f"{counted.answered.answered:,}, of those {counted.answered.precision:.3f} right "
            f"({span(counted.answered.precision_ci)})"
        )
    slips = f"{outside.answered:.3f} ({span(outside.answered_ci)})" if outside else ""
    yield RuleRow("answer", f"from there on{aim}{missed}", right, slips)


def scope_sentence(told: Evaluation) -> str:
    """How well texts about none of the labels are told apart; empty where none were measured."""
    if told.scope is None:
        return ""
    scope = told.scope
    return (
        f"{scope.outside:,} rows about none of the labels were measured besides: AUROC "
        f"{scope.auroc:.3f} ({span(scope.auroc_ci)}) by {scope.by}; {scope.false_alarms:.3f} of the "
        f"rows about a label were sent away ({span(scope.false_alarms_ci)})."
    )


def sets_sentence(decisions: Decisions, told: Evaluation) -> str:
    """What the label sets hold; empty where the model gives none."""
    if decisions.sets is None:
        return ""
    said = (
        f"Sets of labels that cannot be ruled out: the true one is missing in at most "
        f"{decisions.sets.alpha:g} of cases, as long as texts are like the {decisions.sets.n:,} rows "
        f"({decisions.sets.rows}) that their threshold was chosen on."
    )
    if told.decisions is not None and told.decisions.sets is not None:
        sets = told.decisions.sets
        said += (
            f" Here {sets.coverage:.3f} of them hold it ({span(sets.coverage_ci)}), with "
            f"{sets.mean_size:.2f} labels each."
        )
    return said
