"""Step 8: a grade, the best and the weakest intent, what goes wrong, and what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from aprendiz.evaluation.grade import Grade, better, grade, rows_for, share, spread_of
from aprendiz.projects.managed import faults_in_answers, faults_in_curves, faults_in_examples
from aprendiz.projects.managed.evidence import Evidence
from aprendiz.projects.managed.suggestion import Suggestion

Finder = Callable[[Evidence], list[Suggestion]]

#: What is looked for: first what spoils the measurement, then what may give most.
FINDERS: tuple[Finder, ...] = (
    faults_in_examples.seen_before,
    faults_in_examples.repeats,
    faults_in_answers.unanswered,
    faults_in_curves.curves,
    faults_in_examples.imbalance,
    faults_in_answers.weak_intents,
    faults_in_answers.confused_pairs,
    faults_in_answers.uncovered,
    faults_in_answers.kinds_apart,
    faults_in_answers.doubtful_labels,
    faults_in_answers.abstention,
)
_NARROW = 0.05  # half the width of an interval that is good enough to compare two models


def analyse(evidence: Evidence) -> dict[str, Any]:
    """Everything about a tested model, as plain values for JSON.

    Returns:
        ``grade``, ``by_intent``, ``best_intent`` and ``weakest_intent`` (``None`` while all
        are alike), ``spread`` over the intents, ``confusions``, ``suggestions`` and
        ``next_steps``.

    Raises:
        ValueError: there are no answers.
    """
    right = len(evidence.answers) - len(evidence.wrong)
    earned = grade(right, len(evidence.answers))
    found = [suggestion for finder in FINDERS for suggestion in finder(evidence)]
    return {
        "grade": earned.as_dict(),
        "by_intent": {intent: share(*counts) for intent, counts in evidence.by_intent.items()},
        **_ends(evidence),
        "spread": spread_of(list(evidence.by_intent.values())),
        "confusions": _confusions(evidence),
        "suggestions": [suggestion.as_dict() for suggestion in found],
        "next_steps": next_steps(found, earned),
    }


def next_steps(found: Sequence[Suggestion], earned: Grade) -> list[str]:
    """What to do now, in order: the actions of the suggestions, then how to measure better."""
    steps = list(dict.fromkeys(suggestion.action for suggestion in found))
    if further := better(earned):
        letter, needed = further
        steps.append(
            f"for {letter}, {needed} of {earned.n} cases must be right: "
            f"{needed - earned.correct} more than now"
        )
    wanted = rows_for(earned.accuracy, _NARROW)
    if wanted > earned.n:
        steps.append(
            f"for an interval of ±{_NARROW:.0%}, test about {wanted} cases "
            f"instead of {earned.n} (now it is {earned.low:.0%} to {earned.high:.0%})"
        )
    return steps


def _ends(evidence: Evidence) -> dict[str, Any]:
    shares = {intent: right / n for intent, (right, n) in evidence.by_intent.items()}
    if len(set(shares.values())) == 1:
        return {"best_intent": None, "weakest_intent": None}
    return {
        key: {"intent": intent, **share(*evidence.by_intent[intent])}
        for key, intent in (
            ("best_intent", max(shares, key=lambda each: shares[each])),
            ("weakest_intent", min(shares, key=lambda each: shares[each])),
        )
    }


def _confusions(evidence: Evidence) -> list[dict[str, Any]]:
    counts = Counter((answer.expected, answer.predicted) for answer in evidence.wrong)
    return [
        {"expected": expected, "predicted": predicted, "count": count,
         "texts": list(_texts(evidence, expected, predicted))}
        for (expected, predicted), count in counts.most_common()
    ]  # fmt: skip


def _texts(evidence: Evidence, expected: str, predicted: str) -> Iterable[str]:
    for answer in evidence.wrong:
        if (answer.expected, answer.predicted) == (expected, predicted):
            yield answer.text
