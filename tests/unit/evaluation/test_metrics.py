"""Figures agree with scikit-learn, keep their bounds and do not depend on what they should not."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sk

from aprendiz.evaluation.metrics import Evaluation, quick, score


@st.composite
def answers(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Probabilities, truth and labels: some labels may never occur."""
    labels = draw(st.integers(2, 7))
    rows = draw(st.integers(1, 60))
    random = np.random.default_rng(draw(st.integers(0, 10_000)))
    truth = random.integers(0, draw(st.integers(1, labels)), rows)
    logits = random.normal(size=(rows, labels)) * 2
    logits[np.arange(rows), truth] += draw(st.sampled_from([-2.0, 0.0, 2.0, 30.0]))
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True), truth, [f"label {n}" for n in range(labels)]


@given(answers())
@settings(deadline=None, max_examples=60)
def test_the_figures_are_those_of_scikit_learn(given_answers):
    probabilities, truth, labels = given_answers
    told = score(probabilities, truth, labels)
    answered = probabilities.argmax(axis=1)
    assert told.accuracy == pytest.approx(sk.accuracy_score(truth, answered))
    macro = {"average": "macro", "zero_division": 0}
    assert told.macro_f1 == pytest.approx(sk.f1_score(truth, answered, **macro))
    assert told.precision == pytest.approx(sk.precision_score(truth, answered, **macro))
    assert told.recall == pytest.approx(sk.recall_score(truth, answered, **macro))
    numbers = list(range(len(labels)))
    assert told.loss == pytest.approx(sk.log_loss(truth, probabilities, labels=numbers), abs=1e-6)
    expected = sk.confusion_matrix(truth, answered, labels=numbers)
    assert told.confusion.tolist() == expected.tolist()
    each = sk.precision_recall_fscore_support(truth, answered, labels=numbers, zero_division=0)
    for entry, precision, recall, f1, support in zip(told.per_label, *each, strict=True):
        assert (entry.precision, entry.recall, entry.f1, entry.support) == pytest.approx(
            (precision, recall, f1, support)
        )


@given(answers())
@settings(deadline=None, max_examples=60)
def test_every_interval_holds_its_figure_and_stays_in_bounds(given_answers):
    told = score(*given_answers)
    for name in ("accuracy", "macro_f1", "precision", "recall", "ece"):
        low, high = getattr(told, f"{name}_ci")
        assert 0 <= low <= getattr(told, name) <= high <= 1
    assert 0 <= told.loss_ci[0] <= told.loss <= told.loss_ci[1]
    for entry in told.per_label:
        assert 0 <= entry.recall_ci[0] <= entry.recall <= entry.recall_ci[1] <= 1


@given(answers(), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=40)
def test_the_order_of_labels_and_rows_does_not_matter(given_answers, shuffler):
    probabilities, truth, labels = given_answers
    new = list(range(len(labels)))
    shuffler.shuffle(new)
    rows = list(range(len(truth)))
    shuffler.shuffle(rows)
    inverse = np.argsort(new)
    before = score(probabilities, truth, labels)
    after = score(
        probabilities[rows][:, new], inverse[truth[rows]], [labels[number] for number in new]
    )
    for name in ("accuracy", "macro_f1", "precision", "recall", "ece", "loss"):
        assert getattr(after, name) == pytest.approx(getattr(before, name))
    by_label = {entry.label: entry for entry in before.per_label}
    for entry in after.per_label:
        assert entry.support == by_label[entry.label].support
        assert entry.f1 == pytest.approx(by_label[entry.label].f1)
    assert {(p.true, p.predicted, p.count) for p in after.confused_pairs} == {
        (p.true, p.predicted, p.count) for p in before.confused_pairs
    }


@given(answers())
@settings(deadline=None, max_examples=30)
def test_quick_says_the_same_as_score(given_answers):
    probabilities, truth, labels = given_answers
    told = score(probabilities, truth, labels)
    assert quick(probabilities, truth) == pytest.approx(
        {
            "loss": told.loss,
            "accuracy": told.accuracy,
            "f1": told.macro_f1,
            "precision": told.precision,
            "recall": told.recall,
        }
    )


def test_a_faultless_model_scores_one_but_the_intervals_keep_a_width():
    truth = np.arange(12) % 3
    told = score(np.eye(3)[truth], truth, ["a", "b", "c"])
    assert told.accuracy == told.macro_f1 == told.precision == told.recall == 1
    assert (told.ece, told.loss) == (0, 0)
    assert told.confused_pairs == ()
    assert told.accuracy_ci[0] < 1 and told.macro_f1_ci[0] < 1 and told.ece_ci[1] > 0


def test_more_rows_make_narrower_intervals():
    probabilities = np.array([[0.8, 0.2], [0.6, 0.4], [0.3, 0.7], [0.7, 0.3]])
    truth = np.array([0, 0, 1, 1])
    few = score(np.tile(probabilities, (5, 1)), np.tile(truth, 5), ["a", "b"])
    many = score(np.tile(probabilities, (200, 1)), np.tile(truth, 200), ["a", "b"])
    assert few.macro_f1 == pytest.approx(many.macro_f1)
    for name in ("accuracy_ci", "macro_f1_ci", "precision_ci", "recall_ci", "loss_ci"):
        narrow, wide = getattr(many, name), getattr(few, name)
        assert narrow[1] - narrow[0] < (wide[1] - wide[0]) / 3


def test_labels_that_occur_nowhere_do_not_count_in_the_averages():
    truth = np.array([0, 0, 1, 1])
    probabilities = np.array([[0.9, 0.1, 0], [0.9, 0.1, 0], [0.1, 0.9, 0], [0.1, 0.9, 0]])
    told = score(probabilities, truth, ["a", "b", "never"])
    assert told.macro_f1 == 1
    assert told.per_label[2].support == 0
    assert told.per_label[2].recall_ci == (0, 1)


def test_confused_pairs_are_sorted_and_named():
    truth = [0, 0, 0, 1, 2]
    answered = [1, 1, 0, 2, 2]
    told = score(np.eye(3)[answered], truth, ["a", "b", "c"])
    assert [(p.true, p.predicted, p.count) for p in told.confused_pairs] == [
        ("a", "b", 2),
        ("b", "c", 1),
    ]


def test_the_same_seed_gives_the_same_intervals_and_json_keeps_everything():
    random = np.random.default_rng(3)
    probabilities = random.dirichlet(np.ones(5), size=80)
    truth = random.integers(0, 5, 80)
    labels = list("abcde")
    told = score(probabilities, truth, labels, seed=4)
    assert told.as_dict() == score(probabilities, truth, labels, seed=4).as_dict()
    assert told.as_dict() != score(probabilities, truth, labels, seed=5).as_dict()
    through_json = json.loads(json.dumps(told.as_dict(), allow_nan=False))
    assert Evaluation.from_dict(through_json).as_dict() == told.as_dict()
    for name in ("n", "accuracy", "macro_f1", "precision", "recall", "ece", "per_label"):
        assert name in through_json
    assert through_json["confusion"]["labels"] == labels


def test_one_row_is_enough_and_stays_json():
    told = score(np.array([[0.0, 1.0]]), [0], ["a", "b"])
    assert told.accuracy == 0 and told.accuracy_ci[1] > 0.5
    json.dumps(told.as_dict(), allow_nan=False)


def test_float32_probabilities_over_many_labels_are_accepted():
    random = np.random.default_rng(0)
    table = random.dirichlet(np.ones(150), size=20).astype(np.float32)
    assert score(table, [0] * 20, [str(n) for n in range(150)]).n == 20


@pytest.mark.parametrize(
    ("probabilities", "truth", "labels", "said"),
    [
        (np.zeros((0, 2)), [], ["a", "b"], "no rows"),
        (np.array([0.5, 0.5]), [0], ["a", "b"], "shape"),
        (np.array([[0.5, 0.5]]), [0, 1], ["a", "b"], "1 rows"),
        (np.array([[0.5, 0.6]]), [0], ["a", "b"], "row 0"),
        (np.array([[1.5, -0.5]]), [0], ["a", "b"], "row 0"),
        (np.array([[0.5, 0.5], [np.nan, 1.0]]), [0, 1], ["a", "b"], "row 1"),
        (np.array([[0.5, 0.5]]), [2], ["a", "b"], "label number 2"),
        (np.array([[0.5, 0.5]]), [-1], ["a", "b"], "label number -1"),
        (np.array([[0.5, 0.5]]), [0.0], ["a", "b"], "label numbers"),
        (np.array([[0.5, 0.5]]), [0], ["a"], "1 labels"),
        (np.array([[0.5, 0.5]]), [0], ["a", "a"], "twice"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_a_sentence(probabilities, truth, labels, said):
    with pytest.raises(ValueError, match=said):
        score(probabilities, truth, labels)


class TestNoAnswer:
    """A row of zeros is a model that gave none of the labels: wrong, and counted as such."""

    def test_counts_as_wrong_and_never_as_a_guess(self):
        rows = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 1.0]])
        told = score(rows, [0, 0, 1, 1], ("a", "b"))
        assert told.accuracy == 0.5
        assert told.unanswered == 2
        assert told.confusion.tolist() == [[1, 0], [0, 1]]
        assert [entry.recall for entry in told.per_label] == [0.5, 0.5]
        assert [entry.precision for entry in told.per_label] == [1.0, 1.0]
        assert [entry.support for entry in told.per_label] == [2, 2]
        assert "unanswered: 2 rows" in told.in_words()
        assert quick(rows, [0, 0, 1, 1])["accuracy"] == 0.5

    def test_survives_json(self):
        told = score(np.array([[0.0, 0.0], [0.4, 0.6]]), [0, 1], ("a", "b"))
        again = Evaluation.from_dict(json.loads(json.dumps(told.as_dict())))
        assert again.unanswered == 1
        assert again.as_dict() == told.as_dict()

    @given(st.integers(1, 40), st.integers(0, 2**31 - 1))
    def test_no_answer_is_never_better_than_any(self, n, seed):
        random = np.random.default_rng(seed)
        rows = random.dirichlet(np.ones(3), n)
        truth = random.integers(0, 3, n)
        silent = rows * (random.random((n, 1)) < 0.5)
        told, hushed = score(rows, truth, "abc"), score(silent, truth, "abc")
        assert hushed.correct <= told.correct
        assert hushed.confusion.sum() + hushed.unanswered == n
        assert hushed.macro_f1_ci[0] <= hushed.macro_f1 <= hushed.macro_f1_ci[1]
