"""Which method is taken, what the sentence says of it, and when a climb ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aprendiz.evaluation.compare import LEVEL, Pair, Score, compare_pairs
from aprendiz.evaluation.compare_verdict import Standing, decide, in_time, why_stop
from aprendiz.evaluation.intervals import wilson
from aprendiz.evaluation.metrics import quick

SECONDS = (0.3, 2.1, 48.0, 600.0)
NAMES = ("tfidf", "probe", "finetune", "managed")


def compared(shares: list[float], rows: int, seed: int = 0) -> tuple[list[Standing], list[Pair]]:
    """Methods that have such shares of the rows right, each apart from the others."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 4, rows)
    told = {}
    for name, share in zip(NAMES, shares, strict=False):
        right = np.zeros(rows, dtype=bool)
        right[random.permutation(rows)[: round(share * rows)]] = True
        told[name] = np.where(right, truth, (truth + 1) % 4)
    standings = []
    for seconds, (name, answers) in zip(SECONDS, told.items(), strict=False):
        right = int((answers == truth).sum())
        accuracy = Score.over([right / rows], [wilson(right, rows)])
        f1 = quick(np.eye(4)[answers], truth)["f1"]
        standings.append(Standing(name, accuracy, Score(f1, (f1, f1), f1, f1), 1, seconds))
    return standings, list(compare_pairs(told, truth, labels=4))


@settings(max_examples=30)
@given(
    st.lists(st.sampled_from([0.4, 0.6, 0.62, 0.8, 0.81, 0.95]), min_size=2, max_size=4),
    st.sampled_from([20, 200]),
    st.integers(0, 3),
)
def test_the_cheapest_that_is_not_significantly_worse_is_taken(shares, rows, seed):
    standings, pairs = compared(shares, rows, seed)
    told = decide(standings, pairs)
    names = [each.name for each in standings]
    best = max(standings, key=lambda each: each.accuracy.mean)
    assert told.best == best.name
    assert names.index(told.chosen) <= names.index(told.best)
    worse = {
        pair.first for pair in pairs if pair.second == told.best and pair.accuracy.p_holm < LEVEL
    }
    cheaper = names[: names.index(told.chosen)]
    assert told.chosen not in worse
    assert set(cheaper) <= worse
    assert told.chosen in told.sentence and told.best in told.sentence
    assert f"{rows} rows" in told.sentence
    assert told.sentence.endswith(".") and told.sentence.count("\n") == 0


def test_a_dear_method_that_gains_nothing_is_not_taken():
    told = decide(*compared([0.9, 0.905], 2_000))
    assert (told.chosen, told.best) == ("tfidf", "probe")
    assert (
        "tfidf is enough" in told.sentence and "trains in 0.3 s instead of 2.1 s" in told.sentence
    )


def test_a_dear_method_that_gains_is_worth_its_cost():
    told = decide(*compared([0.5, 0.7, 0.9], 1_000))
    assert told.chosen == told.best == "finetune"
    assert told.sentence.startswith(
        "finetune is worth its cost: its accuracy of 0.900 on 1,000 rows"
    )
    assert "probe, the best of those, has 0.700" in told.sentence
    assert told.settled


def test_the_cheapest_may_be_the_best():
    told = decide(*compared([0.9, 0.7], 1_000))
    assert told.chosen == told.best == "tfidf"
    assert "it is the cheapest" in told.sentence and "too few" not in told.sentence
    assert told.settled


def test_with_few_rows_it_says_what_could_not_have_been_seen():
    standings, pairs = compared([0.8, 0.9], 40)
    told = decide(standings, pairs)
    assert told.chosen == "tfidf" and not told.settled
    [pair] = pairs
    assert f"up to {pair.accuracy.ci[1]:.3f} better" in told.sentence
    assert f"a difference under {pair.smallest:.3f} would have been missed" in told.sentence


def test_what_is_settled_depends_on_what_would_be_worth_having():
    standings, pairs = compared([0.9, 0.905], 2_000)
    high = pairs[0].accuracy.ci[1]
    assert not decide(standings, pairs, worth=high / 2).settled
    told = decide(standings, pairs, worth=high * 2)
    assert told.settled and f"at most {high:.3f} is lost" in told.sentence


def test_rare_labels_that_pay_for_it_are_noted():
    """Nine rows of ten have one label: always saying it is accurate, and useless."""
    truth = np.repeat([0, 1, 2, 3], [900, 34, 33, 33])
    lazy = np.zeros(1_000, dtype=int)
    careful = truth.copy()
    careful[:110] = 1  # wrong as often, but elsewhere
    told = {"tfidf": lazy, "probe": careful}
    standings = []
    for seconds, (name, answers) in zip(SECONDS, told.items(), strict=False):
        right = int((answers == truth).sum())
        f1 = quick(np.eye(4)[answers], truth)["f1"]
        accuracy = Score.over([right / 1_000], [wilson(right, 1_000)])
        standings.append(Standing(name, accuracy, Score(f1, (f1, f1), f1, f1), 1, seconds))
    verdict = decide(standings, compare_pairs(told, truth, labels=4))
    assert verdict.chosen == "tfidf"
    [note] = verdict.notes
    assert "rare labels" in note and "probe is significantly better" in note


def test_a_clock_that_contradicts_the_order_is_noted_and_changes_nothing():
    standings, pairs = compared([0.9, 0.9], 500)
    slow = Standing("tfidf", standings[0].accuracy, standings[0].macro_f1, 1, 30.0)
    told = decide([slow, standings[1]], pairs)
    assert told.chosen == decide(standings, pairs).chosen == "tfidf"
    assert any("counts as dearer, was trained in 2.1 s" in note for note in told.notes)


def test_several_trainings_and_a_price_are_said():
    standings, pairs = compared([0.5, 0.9], 1_000)
    priced = Standing("probe", standings[1].accuracy, standings[1].macro_f1, 3, 48.0, price=1.25)
    told = decide([standings[0], priced], pairs)
    assert "1,000 rows (mean of 3 trainings)" in told.sentence
    assert "for 0.00 instead of 1.25" in told.sentence


def test_one_method_alone_is_all_there_is():
    standings, _ = compared([0.9], 100)
    assert "all that was compared" in decide(standings, []).sentence
    with pytest.raises(ValueError, match="no method"):
        decide([], [])


@pytest.mark.parametrize(
    ("shares", "rows", "worth", "why"),
    [
        ([0.6, 0.9], 500, 0.01, ""),
        ([0.9, 0.9], 40, 0.01, "no significant gain of probe over tfidf"),
        ([0.9, 0.5], 500, 0.01, "is less than 0.010"),
        ([0.6, 1.0], 500, 0.01, "probe has an accuracy of 1.000"),
    ],
)
def test_a_climb_ends_where_more_buys_nothing(shares, rows, worth, why):
    standings, pairs = compared(shares, rows)
    told = why_stop(standings, pairs[0], worth=worth)
    assert (why in told) if why else told == ""


def test_the_first_rung_is_left_unless_nothing_is_above_it():
    standings, _ = compared([0.6], 500)
    assert why_stop(standings, None) == ""
    standings, _ = compared([1.0], 500)
    assert "nothing can gain more" in why_stop(standings, None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.04, "0.04 s"),
        (0.31, "0.3 s"),
        (2.14, "2.1 s"),
        (9.96, "10 s"),
        (48.4, "48 s"),
        (200, "3 min 20 s"),
    ],
)
def test_times_are_for_people(seconds, words):
    assert in_time(seconds) == words
