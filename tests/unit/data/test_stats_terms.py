"""Words, terms and what tells labels apart: by hand, and against scikit-learn."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aprendiz.data.stats import words as words_file
from aprendiz.data.stats.telling import log_odds, most_telling
from aprendiz.data.stats.terms import TermRows, count_terms, rows_with_word
from aprendiz.data.stats.words import STOP_WORDS, distinct, number_words, split

SENTENCES = st.lists(
    st.lists(st.sampled_from(["red", "green", "blue", "a", "the", "12", "dog"]), max_size=8).map(
        " ".join
    ),
    min_size=1,
    max_size=30,
)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Don't STOP, please!", ["don't", "stop", "please"]),
        ("It’s 5€ – o.k.?", ["it's", "5", "o", "k"]),
        ("¿Cuándo llegará?", ["cuándo", "llegará"]),
        ("under_score", ["under", "score"]),
        ("京都a1", ["京", "都", "a1"]),
        (" … ", []),
    ],
)
def test_a_text_is_cut_into_words(text: str, words: list[str]) -> None:
    assert split(text) == words


@given(SENTENCES)
def test_numbering_loses_nothing(texts: list[str]) -> None:
    numbered = number_words(texts)
    parts = np.split(numbered.numbers, numbered.starts[1:-1])
    assert [[numbered.names[n] for n in part] for part in parts] == [split(t) for t in texts]


@given(SENTENCES, st.integers(1, 9))
def test_chunks_of_any_size_give_the_same_counts(texts: list[str], size: int) -> None:
    numbered = number_words(texts)
    labels = np.arange(len(texts)) % 2
    with pytest.MonkeyPatch.context() as patch:
        whole = count_terms(numbered, labels, 2)
        patch.setattr(words_file, "_AT_ONCE", size)
        parts = count_terms(numbered, labels, 2)
    assert whole.names == parts.names
    assert (whole.rows == parts.rows).all()


@given(st.lists(st.integers(-5, 5)))
def test_distinct_counts_as_a_counter_does(keys: list[int]) -> None:
    found, times = distinct(np.array(keys, np.int64))
    assert dict(zip(found.tolist(), times.tolist(), strict=True)) == Counter(keys)
    assert found.tolist() == sorted(set(keys))


def test_a_full_table_of_words_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words_file, "MOST_WORDS", 2)
    numbered = number_words(["one two three", "three four one"])
    assert numbered.full
    assert numbered.names == ["", "one", "two"]
    assert numbered.numbers.tolist() == [1, 2, 0, 0, 0, 1]
    assert rows_with_word(numbered).tolist() == [0, 2, 1]


@settings(max_examples=30)
@given(SENTENCES)
def test_terms_are_counted_as_scikit_learn_counts_them(texts: list[str]) -> None:
    text = pytest.importorskip("sklearn.feature_extraction.text")
    labels = np.arange(len(texts)) % 3
    ours = count_terms(number_words(texts), labels, 3)
    counter = text.CountVectorizer(analyzer=_terms, binary=True, min_df=2)
    try:
        matrix = counter.fit_transform(texts).toarray()
    except ValueError:  # scikit-learn's word for: no term is left
        assert ours.names == []
        return
    theirs = {
        name: [int(matrix[labels == label, at].sum()) for label in range(3)]
        for name, at in counter.vocabulary_.items()
    }
    assert dict(zip(ours.names, ours.rows.T.tolist(), strict=True)) == theirs


def _terms(text: str) -> list[str]:
    words = split(text)
    return words + [" ".join(pair) for pair in pairwise(words)]


def test_pairs_do_not_cross_rows() -> None:
    terms = count_terms(number_words(["a b", "c a b", "c"]), np.zeros(3, np.int64), 1)
    assert set(terms.names) == {"a", "b", "c", "a b"}


def test_many_labels_leave_room_for_few_terms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aprendiz.data.stats.terms._MOST_CELLS", 6)
    texts = ["x y z"] * 3 + ["x y"] + ["x"]
    terms = count_terms(number_words(texts), np.zeros(5, np.int64), 3)
    assert set(terms.names) == {"x", "y"}  # the commonest two of x, y, z and their pairs


def test_rare_pairs_are_forgotten_when_there_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aprendiz.data.stats.terms._MOST_PAIRS", 1)
    monkeypatch.setattr(words_file, "_AT_ONCE", 6)
    texts = ["a b", "a b", "a c", "a b", "a c", "a b"]  # two chunks of three rows
    terms = count_terms(number_words(texts), np.zeros(6, np.int64), 1)
    counted = dict(zip(terms.names, terms.rows[0].tolist(), strict=True))
    assert counted == {"a": 6, "b": 4, "c": 2, "a b": 4}  # without "a c", once in each chunk


def test_log_odds_are_those_of_the_paper() -> None:
    """Equations 16 and 22 written out for one label against the rest, prior = all counts."""
    counts = np.array([[8, 1, 5], [2, 6, 5], [0, 3, 4]])
    scores = log_odds(counts)
    for label in range(3):
        own, rest = counts[label], counts.sum(axis=0) - counts[label]
        prior = counts.sum(axis=0)
        for term in range(3):
            odds = [
                (some[term] + prior[term]) / (some.sum() + prior.sum() - some[term] - prior[term])
                for some in (own, rest)
            ]
            variance = 1 / (own[term] + prior[term]) + 1 / (rest[term] + prior[term])
            expected = (math.log(odds[0]) - math.log(odds[1])) / math.sqrt(variance)
            assert scores[label, term] == pytest.approx(expected)


@given(
    st.lists(st.lists(st.integers(0, 50), min_size=4, max_size=4), min_size=2, max_size=2),
)
def test_what_speaks_for_one_of_two_labels_speaks_against_the_other(rows: list[list[int]]) -> None:
    scores = log_odds(np.array(rows))
    assert np.isfinite(scores).all()
    assert scores[0] == pytest.approx(-scores[1])


def test_a_single_label_or_term_has_nothing_to_compare() -> None:
    assert not log_odds(np.array([[3, 4]])).any()
    assert not log_odds(np.array([[3], [4]])).any()


def test_telling_terms_are_planted_ones() -> None:
    texts = [f"send money to number {n} now" for n in range(20)]
    texts += [f"where is my parcel {n} now" for n in range(20)]
    labels = np.repeat([0, 1], 20)
    money, parcel = most_telling(count_terms(number_words(texts), labels, 2), 3)
    assert {"send money", "number"} & {each.term for each in money}
    assert "parcel" in " ".join(each.term for each in parcel)
    assert all(each.rows == 20 for each in (*money, *parcel))
    assert "now" not in " ".join(each.term for each in (*money, *parcel))


def test_of_a_term_and_its_part_only_one_is_told() -> None:
    texts = ["exchange rate"] * 20 + ["lost card"] * 20
    told, _ = most_telling(count_terms(number_words(texts), np.repeat([0, 1], 20), 2), 5)
    assert len(told) in (1, 2)
    assert len({word for each in told for word in each.term.split()}) == sum(
        len(each.term.split()) for each in told
    )


def test_small_words_and_long_numbers_are_not_shown() -> None:
    texts = ["of the 4111111111111111 order"] * 20 + ["plain text here"] * 20
    terms = count_terms(number_words(texts), np.repeat([0, 1], 20), 2)
    told = {each.term for each in most_telling(terms, 9)[0]}
    assert "order" in " ".join(told)
    assert not any("4111" in term for term in told)
    assert not any(STOP_WORDS.issuperset(term.split()) for term in told)


def test_the_cut_of_most_is_kept() -> None:
    counts = np.array([[90, 90, 90, 0], [0, 0, 0, 90]], np.int32)
    terms = TermRows(["a1", "b1", "c1", "d1"], counts, np.ones(4, bool))
    assert [each.term for each in most_telling(terms, 2)[0]] == ["a1", "b1"]
