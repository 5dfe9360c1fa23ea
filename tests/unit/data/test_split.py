"""A split is a function of content and seed, keeps labels in proportion and texts together."""

from __future__ import annotations

import hashlib
import math
import random
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.data.records import Example
from aprendiz.data.split import describe_split, split
from aprendiz.errors import RecipeError


def rows_of(pairs: list[tuple[str, str]]) -> list[Example]:
    return [Example(text, label, "a.csv", line) for line, (text, label) in enumerate(pairs, 2)]


def distinct(number: int) -> str:
    """A text that shares next to nothing with that of another number."""
    return hashlib.sha256(str(number).encode()).hexdigest()[:24]


# Few texts and labels, so that repeats and contradictions are common.
PAIRS = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.sampled_from("XYZ")), max_size=40)
# Texts that nobody takes for near duplicates of each other, each with one label.
CLEAR = st.dictionaries(st.integers(0, 9999), st.sampled_from("XYZ"), max_size=60).map(
    lambda labels: [(distinct(number), label) for number, label in labels.items()]
)
SHARES = st.floats(0.01, 0.99)
SEEDS = st.integers(0, 2**31)


@given(PAIRS, SHARES, SEEDS)
def test_every_row_is_on_one_side_in_its_order(pairs, holdout, seed) -> None:
    rows = rows_of(pairs)
    train, held = split(rows, holdout, seed)
    assert sorted((*train, *held), key=lambda row: row.line) == rows
    for part in (train, held):
        assert list(part) == sorted(part, key=lambda row: row.line)


@given(PAIRS, SHARES, SEEDS)
def test_equal_texts_stay_together_whatever_their_labels(pairs, holdout, seed) -> None:
    train, held = split(rows_of(pairs), holdout, seed)
    assert not {row.text for row in train} & {row.text for row in held}


@given(PAIRS, SHARES, SEEDS, st.randoms())
def test_row_order_does_not_matter(pairs, holdout, seed, chance: random.Random) -> None:
    rows = rows_of(pairs)
    shuffled = chance.sample(rows, len(rows))
    assert set(split(rows, holdout, seed)[1]) == set(split(shuffled, holdout, seed)[1])


@given(CLEAR, SHARES, SEEDS)
def test_each_label_holds_out_its_share(pairs, holdout, seed) -> None:
    """Exactly up to ten rows; of more, the hashes decide within a bound."""
    train, held = split(rows_of(pairs), holdout, seed)
    here, there = Counter(row.label for row in train), Counter(row.label for row in held)
    for label, n in Counter(label for _, label in pairs).items():
        wanted = math.ceil(Fraction(str(holdout)) * n)
        stray = max(0, wanted - 10)
        assert min(wanted - stray, n - 1) <= there[label] <= min(wanted + stray, n - 1)
        assert here[label] >= 1
        assert n == 1 or there[label] >= 1


@given(PAIRS, SHARES, SEEDS)
def test_no_label_is_only_held_out(pairs, holdout, seed) -> None:
    train, held = split(rows_of(pairs), holdout, seed)
    assert {row.label for row in held} <= {row.label for row in train}


def test_contradictory_texts_are_held_out_when_a_label_has_no_others() -> None:
    pairs = [(text, label) for text in "abcd" for label in "XY"]
    train, held = split(rows_of(pairs), 0.2, 1)
    assert {row.label for row in held} == {"X", "Y"} == {row.label for row in train}


def test_the_shop_splits_nine_and_three() -> None:
    pairs = [(f"{label} {n}", label) for label in ("comprar", "devolver") for n in range(12)]
    train, held = split(rows_of(pairs), 0.2, 42)
    assert set(Counter(row.label for row in train).values()) == {9}
    assert set(Counter(row.label for row in held).values()) == {3}


def test_share_is_taken_exactly_as_written() -> None:
    rows = rows_of([(f"{n}", "X") for n in range(100)])
    assert len(split(rows, 0.07, 1)[1]) == 7  # 0.07 * 100 is a little over 7 in floats


def test_duplicates_count_once() -> None:
    rows = rows_of([("same", "X")] * 50 + [("a", "X"), ("b", "X")])
    assert len({row.text for row in split(rows, 0.4, 1)[1]}) == 2


def test_the_choice_is_frozen() -> None:
    """A release that changes this changes everybody's splits."""
    rows = rows_of([(f"text {n}", "X") for n in range(10)])
    assert [row.text for row in split(rows, 0.3, 42)[1]] == ["text 1", "text 3", "text 8"]


def test_another_seed_is_another_choice() -> None:
    rows = rows_of([(f"text {n}", "X") for n in range(50)])
    assert split(rows, 0.3, 1) != split(rows, 0.3, 2)


def test_nothing_held_out() -> None:
    rows = rows_of([("a", "X"), ("b", "X")])
    assert split(rows, 0, 1) == (tuple(rows), ())
    assert split([], 0.2, 1) == ((), ())


@pytest.mark.parametrize("holdout", [-0.1, 1, 1.5, math.nan])
def test_share_out_of_range(holdout: float) -> None:
    with pytest.raises(RecipeError, match="holdout"):
        split(rows_of([("a", "X")]), holdout, 1)


def test_a_split_described() -> None:
    pairs = [(f"{label} {n}", label) for label in "ABCD" for n in range(12)]
    train, held = split(rows_of(pairs), 0.2, 42)
    assert describe_split(train, held, holdout=0.2, seed=42) == (
        "20 % of each label held out with seed 42: 36 rows (4 labels, 9 each) to train, "
        "12 rows (4 labels, 3 each) for validation."
    )
    nothing = describe_split(train, (), holdout=0, seed=42)
    assert nothing == "Nothing held out: 36 rows (4 labels, 9 each) to train."


def test_near_duplicates_are_on_one_side() -> None:
    pairs = [(f"please {distinct(n)} for me{end}", "X") for n in range(60) for end in (".", " now")]
    train, held = split(rows_of(pairs), 0.2, 1)
    assert 15 <= len(held) <= 40
    here = {row.text.split()[1] for row in train}
    assert not here & {row.text.split()[1] for row in held}


def test_large_labels_do_not_move_when_rows_are_added() -> None:
    """In large data a row's side is a matter of its hash alone, even without a frozen split."""
    rows = rows_of([(distinct(n), "XY"[n % 2]) for n in range(1500)])
    fewer = {row.text for row in split(rows[:1000], 0.2, 5)[1]}
    more = {row.text for row in split(rows, 0.2, 5)[1]}
    assert fewer == more & {row.text for row in rows[:1000]}
    assert 0.17 < len(more) / 1500 < 0.23
