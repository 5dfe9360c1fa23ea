"""Ask a model of several labels every row, and measure what it gives by its own thresholds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aprendiz.artifact.decision import LabelRules
from aprendiz.artifact.model import Model
from aprendiz.data.multi_dataset import labels_of
from aprendiz.data.records import Example
from aprendiz.evaluation.multi_metrics import MultiEvaluation, score_multi
from aprendiz.interfaces import Classifier, HeldOut, Observer

_ROWS_AT_ONCE = 1_024  # between two movements of a progress bar


def measure_multi(
    classifier: Classifier | Model, rows: Sequence[Example], tell: Observer, rules: LabelRules
) -> tuple[MultiEvaluation, np.ndarray]:
    """Every figure on these rows, and the probabilities, shape ``(n, labels)``.

    Args:
        classifier: what is asked.
        rows: with any number of its labels each.
        tell: told how far it has come.
        rules: from which probability on each label is given.
    """
    told = answers_multi(classifier, rows, tell)
    limits = [rules.each[name].threshold for name in classifier.labels]
    given = told.probabilities >= np.array(limits)
    return score_multi(given, told.truth, classifier.labels, limits), told.probabilities


def answers_multi(
    classifier: Classifier | Model, rows: Sequence[Example], tell: Observer, name: str = ""
) -> HeldOut:
    """What a model of several labels says of rows.

    Args:
        name: what to call them.
    """
    texts = [row.text for row in rows]
    told = []
    for start in range(0, len(texts), _ROWS_AT_ONCE):
        some = texts[start : start + _ROWS_AT_ONCE]
        told.append(classifier.probabilities(some))
        tell.progress("measuring", start + len(some), len(texts))
    mine = [set(labels_of(row)) for row in rows]
    truth = np.array([[label in some for label in classifier.labels] for some in mine], dtype=bool)
    return HeldOut(np.concatenate(told), truth, None, name)
