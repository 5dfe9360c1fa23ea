"""The chapters of a model card that differ where a text may have several labels.

``card.py`` puts them in the places of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aprendiz.artifact.decision import LabelRules
from aprendiz.artifact.markdown import code, figure, percent, plain, span, table

_SCORES = (
    ("Micro F1", "micro_f1"),
    ("Macro F1", "macro_f1"),
    ("Micro precision", "micro_precision"),
    ("Micro recall", "micro_recall"),
    ("Subset accuracy", "subset_accuracy"),
    ("Hamming loss (lower is better)", "hamming_loss"),
)
_LABELS_SHOWN = 200


def introduction(
    name: str, learnt: str, labels: int, told: Mapping[str, Any] | None, measured: str
) -> str:
    """Title, what it does, and how well in one sentence.

    Args:
        name: of the model.
        learnt: by which method, on what, with which version.
        labels: how many.
        told: ``MultiEvaluation.as_dict()``, if rows were held out.
        measured: which rows those were, in words.
    """
    lines = [
        f"# {plain(name)}",
        f"A text classifier: it reads a text and gives it any number of {labels} labels, also "
        f"none, with a probability for each. {learnt}",
    ]
    if told is not None:
        low, high = told["subset_accuracy_ci"]
        lines.append(
            f"**Every label right on {percent(told['subset_accuracy'])} of {told['n']:,} "
            f"{measured} (95 % interval {percent(low)} to {percent(high)}); micro F1 "
            f"{figure(told['micro_f1'])} ({span(told['micro_f1_ci'])}).**"
        )
    return "\n\n".join(lines)


def scores(told: Mapping[str, Any], measured: str) -> str:
    """The main figures; ``measured``: on which rows, in words."""
    rows = [(name, figure(told[key]), span(told[f"{key}_ci"])) for name, key in _SCORES]
    head = f"On {told['n']:,} {measured}:"
    notes = "Subset accuracy has Wilson's interval, the others a bootstrap over rows."
    return f"{head}\n\n{table(('figure', 'value', '95 % interval'), rows)}\n\n{notes}"


def when_it_answers(rules: LabelRules) -> str:
    """From which probability on each label is given, and what it means when none is."""
    none = (
        "`out_of_scope`: the text is about none of them, as some texts were that it learnt from."
        if rules.some_have_none
        else "`needs_clarification`: every text that it learnt from had a label, so it does not know."
    )
    rows = [
        (
            code(label),
            f"{rule.threshold:.3f}" if rule.threshold <= 1 else "never given",
            f"{rule.have:,}",
            f"{rule.right:,} of {rule.given:,}",
        )
        for label, rule in list(rules.each.items())[:_LABELS_SHOWN]
    ]
    head = ("label", "from a probability of", "rows that have it", "rightly given")
    return (
        f"It {rules.in_words()}. Where it gives at least one, the decision is `answer`; where it "
        f"gives none, {none}\n\n{table(head, rows)}"
    )


def limits(told: Mapping[str, Any] | None) -> str:
    """Its weakest labels."""
    said = (
        "- Labels are told apart from the rest one by one: it knows nothing of which go together."
    )
    if told is None:
        return said
    weakest = sorted(
        (one for one in told["per_label"] if one["support"]), key=lambda one: one["f1"]
    )
    rows = [
        (code(one["label"]), f"{figure(one['f1'])} ({span(one['f1_ci'])})", f"{one['support']:,}")
        for one in weakest[:5]
        if one["f1"] < 1
    ]
    return (
        f"{said}\n\n{table(('weakest labels', 'F1 (95 % interval)', 'rows'), rows)}"
        if rows
        else said
    )
