"""Drawing rows: exact, in proportion, reproducible, and never the same text twice."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.data.records import Example
from aprendiz.data.sample import draw

sizes = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 40), min_size=1)


def rows_of(counts: dict[str, int]) -> list[Example]:
    pairs = [(label, n) for label, count in counts.items() for n in range(count)]
    return [
        Example(f"{label} number {n}", label, "f.csv", line)
        for line, (label, n) in enumerate(pairs, 2)
    ]


@given(sizes, st.integers(1, 300), st.integers(0, 5))
def test_count_is_exact_and_shares_are_within_one_row(counts, count, seed):
    rows = rows_of(counts)
    if count < len(counts):
        with pytest.raises(ValueError, match="one for each"):
            draw(rows, count, seed)
        return
    drawn, rest = draw(rows, count, seed)
    assert len(drawn) == min(count, len(rows))
    assert sorted([*drawn, *rest], key=rows.index) == rows
    if count < len(rows):
        found = Counter(row.label for row in drawn)
        lifted = sum(size * count / len(rows) < 1 for size in counts.values())
        for label, size in counts.items():
            assert found[label] >= 1
            assert abs(found[label] - size * count / len(rows)) < 1 + lifted


@given(sizes, st.integers(0, 5))
def test_the_same_seed_draws_the_same_rows(counts, seed):
    rows, count = rows_of(counts), len(counts)
    assert draw(rows, count, seed) == draw(rows, count, seed)


def test_another_seed_draws_other_rows():
    rows = rows_of({"a": 50, "b": 50})
    assert draw(rows, 20, 1)[0] != draw(rows, 20, 2)[0]


def test_a_text_that_comes_twice_is_never_in_both_parts():
    rows = [Example(text, "x", "f", 1) for n in range(30) for text in (f"Same {n}", f" same  {n}")]
    drawn, rest = draw(rows, 10, 3)
    plain = {" ".join(row.text.casefold().split()) for row in drawn}
    assert len(drawn) == len(plain) == 10
    assert not plain & {" ".join(row.text.casefold().split()) for row in rest}
