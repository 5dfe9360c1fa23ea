"""The card's chapter on when the model answers: its rules, and what they do to held-out rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aprendiz.artifact import multi_card
from aprendiz.artifact.decision import Decisions
from aprendiz.artifact.markdown import code, figure, span, table

WHEN = "When it answers"


def when_it_answers(decisions: Decisions, evaluation: Mapping[str, Any] | None) -> str:
    """The chapter, as Markdown.

    Args:
        decisions: the rules.
        evaluation: ``Evaluation.as_dict()`` of the held-out rows, if there were any.
    """
    if decisions.several is not None:
        return multi_card.when_it_answers(decisions.several)
    blocks = ["\n".join(_rules(decisions))]
    told = (evaluation or {}).get("decisions")
    if told:
        blocks += ["On the rows of the scores above:", _measured(told)]
    outside = (evaluation or {}).get("scope")
    if outside:
        blocks.append(_outside(outside))
    return "\n\n".join(blocks)


def tells_rules(card: str) -> bool:
    """Whether a card has the chapter."""
    return f"\n## {WHEN}\n" in card


def with_other_rules(card: str, decisions: Decisions) -> str:
    """A card whose chapter says other rules; what the old ones did is no longer said."""
    before, heading, rest = card.partition(f"\n## {WHEN}\n")
    if not heading:
        return card
    after = rest.partition("\n## ")[2]
    return f"{before}{heading}\n{when_it_answers(decisions, None)}\n\n## {after}"


def _rules(decisions: Decisions) -> list[str]:
    rule = decisions.answer
    because = "" if rule.asked == "confidence" else f", chosen for a {rule.asked} of {rule.goal:g}"
    lines = [f"- `answer`: from a confidence of {rule.threshold:.3g} on{because}."]
    if not rule.met:
        lines[0] += " The rows it was chosen on do not show that this is reached."
    lines.append("- `needs_clarification`: under it. Ask again; it is between labels.")
    if decisions.scope is not None:
        scope = decisions.scope
        lines.append(
            f"- `out_of_scope`: the text looks less like its examples than {scope.threshold:.3g} of "
            f"the texts that are about its labels do ({scope.detector}; made from {scope.n:,} rows"
            + (
                f" and {scope.learnt_from:,} labelled {code(decisions.oos_label)})."
                if scope.learnt_from
                else ")."
            )
        )
    if decisions.sets is not None:
        lines.append(
            f"- With each answer stand the labels that cannot be ruled out. On texts like those it "
            f"was made from the true label is missing in at most {decisions.sets.alpha:g} of cases "
            f"(split conformal prediction, {decisions.sets.n:,} rows, {decisions.sets.rows})."
        )
    return lines


def _measured(told: Mapping[str, Any]) -> str:
    rows = [
        ("answered", figure(told["coverage"]), span(told["coverage_ci"]), f"{told['answered']:,}"),
        (
            "of those, right",
            figure(told["precision"]),
            span(told["precision_ci"]),
            f"{told['right']:,}",
        ),
        ("asked again", "", "", f"{told['needs_clarification']:,}"),
        ("called out of scope", "", "", f"{told['out_of_scope']:,}"),
    ]
    if told["sets"]:
        sets = told["sets"]
        rows.append(
            (
                f"sets with the true label ({sets['mean_size']:.2f} labels each)",
                figure(sets["coverage"]),
                span(sets["coverage_ci"]),
                f"{sets['held']:,}",
            )
        )
    return table(("", "share", "95 % interval", "rows"), rows)


def _outside(told: Mapping[str, Any]) -> str:
    return (
        f"Of {told['outside']:,} rows about none of its labels it finds {figure(told['recall'])} "
        f"({span(told['recall_ci'])}) and answers {figure(told['answered'])}; of those about its "
        f"labels it sends {figure(told['false_alarms'])} away ({span(told['false_alarms_ci'])}). "
        f"AUROC {figure(told['auroc'])} ({span(told['auroc_ci'])}), by {told['by']}."
    )
