"""Ask a classifier every row and measure its answers: the step between a model and its figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from aprendiz.artifact.decision import Decisions
from aprendiz.artifact.model import Model
from aprendiz.data.records import Example
from aprendiz.evaluation.decided import decide_rows, score_decisions
from aprendiz.evaluation.metrics import Evaluation, score
from aprendiz.evaluation.multi_measure import measure_multi
from aprendiz.evaluation.multi_metrics import MultiEvaluation
from aprendiz.evaluation.scope import ScopeScore, score_scope
from aprendiz.interfaces import Classifier, HeldOut, Observer, ScopedClassifier

_ROWS_AT_ONCE = 1_024  # between two movements of a progress bar


def measure(
    classifier: Classifier | Model,
    rows: Sequence[Example],
    tell: Observer,
    *,
    outside: Sequence[Example] = (),
    decisions: Decisions | None = None,
) -> tuple[Evaluation | MultiEvaluation, np.ndarray]:
    """Every figure on these rows.

    Args:
        classifier: what is asked.
        rows: about one of its labels.
        tell: told how far it has come.
        outside: rows about none of them; with ``decisions`` they are measured apart.
        decisions: the rules that the model answers by.

    Returns:
        The figures, and the probabilities on ``rows``, shape ``(n, k)``.
    """
    if decisions is not None and decisions.several is not None:
        return measure_multi(classifier, rows, tell, decisions.several)
    told = answers(classifier, rows, tell, outside=outside)
    inside = told.truth >= 0
    probabilities, truth = told.probabilities[inside], told.truth[inside]
    evaluation = score(probabilities, truth, classifier.labels)
    if decisions is not None:
        scope = told.scope[inside] if told.scope is not None else None
        evaluation = replace(
            evaluation,
            decisions=score_decisions(decisions, probabilities, truth, scope),
            scope=_score_outside(told, decisions),
        )
    return evaluation, probabilities


def answers(
    classifier: Classifier | Model,
    rows: Sequence[Example],
    tell: Observer,
    *,
    outside: Sequence[Example] = (),
    name: str = "",
) -> HeldOut:
    """What a classifier says of rows, those about none of its labels last.

    Args:
        name: what to call the rows.
    """
    texts = [row.text for row in (*rows, *outside)]
    probabilities, scopes = [], []
    for start in range(0, len(texts), _ROWS_AT_ONCE):
        some = texts[start : start + _ROWS_AT_ONCE]
        if isinstance(classifier, ScopedClassifier | Model):
            told, scope = classifier.judge(some)
        else:
            told, scope = classifier.probabilities(some), None
        probabilities.append(told)
        scopes.append(scope)
        tell.progress("measuring", start + len(some), len(texts))
    index = {label: number for number, label in enumerate(classifier.labels)}
    truth = np.array([*(index[row.label] for row in rows), *(-1 for _ in outside)], dtype=np.int64)
    known = [scope for scope in scopes if scope is not None]
    return HeldOut(
        np.concatenate(probabilities), truth, np.concatenate(known) if known else None, name
    )


def _score_outside(told: HeldOut, decisions: Decisions) -> ScopeScore | None:
    """How well the rows outside are told apart; by confidence where there is no detector."""
    inside = told.truth >= 0
    if inside.all() or not inside.any():
        return None
    decided = decide_rows(
        decisions,
        told.probabilities[~inside],
        told.scope[~inside] if told.scope is not None else None,
    )
    if told.scope is not None and decisions.scope is not None:
        ranked, threshold, by = told.scope, decisions.scope.threshold, "scope"
    else:
        ranked, by = told.probabilities.max(axis=1), "confidence"
        threshold = decisions.answer.threshold
    return score_scope(ranked[inside], ranked[~inside], threshold, decided == "answer", by)
