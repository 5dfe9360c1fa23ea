"""What is said of labelled texts, counted by hand, and on the public sets."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.data.read import read_examples
from aprendiz.data.stats.lengths import (
    TextTokens,
    boxes,
    count_tokens,
    estimated_tokens,
    histogram,
    measure,
)
from aprendiz.data.stats.texts import describe_texts
from aprendiz.neural.token_counts import embedded_tokens
from tests.conftest import SHARED
from tests.unit.data.conftest import Write

FILE = """text,label
lost my card,card
Lost my card!,card
lost my card,card
where is the card,card
rain in Madrid,weather
el tiempo de hoy por favor,weather
,weather
"""


def test_every_figure_by_hand(write: Write) -> None:
    told = describe_texts([read_examples(write("a.csv", FILE))])
    assert [(each.rows, each.usable) for each in told.files] == [(7, 6)]
    assert [(label.name, label.rows) for label in told.labels] == [("card", 4), ("weather", 2)]
    assert [label.share for label in told.labels] == pytest.approx([4 / 6, 2 / 6])
    entropy = -(4 / 6 * math.log(4 / 6) + 2 / 6 * math.log(2 / 6))
    assert (told.balance.least, told.balance.most) == (2, 4)
    assert told.balance.like == pytest.approx(math.exp(entropy))
    characters, words, tokens = told.lengths
    assert (characters.total, characters.longest) == (12 + 13 + 12 + 17 + 14 + 26, 26)
    assert (words.total, words.p50, words.longest) == (3 * 3 + 4 + 3 + 6, 3, 6)
    assert tokens.total > words.total
    assert not told.tokens_exact
    assert (told.vocabulary.words, told.vocabulary.different) == (22, 15)
    assert told.vocabulary.once == 12
    assert told.vocabulary.type_token_ratio == pytest.approx(15 / 22)
    assert (told.copies.exact, told.copies.near, told.copies.largest) == (1, 1, 3)
    assert told.copies.line == 2
    assert told.languages == {"Spanish": 1} or "Spanish" in told.languages
    assert sum(told.histogram.rows) == 6
    json.dumps(told.as_dict())


def test_files_are_described_together_and_balance_of_equals_is_their_number(write: Write) -> None:
    one = read_examples(write("a.csv", "text,label\none,a\ntwo,b\n"))
    other = read_examples(write("b.csv", "text,label\nthree,c\nfour,d\n"))
    told = describe_texts([one, other])
    assert told.rows == 4
    assert told.balance.like == pytest.approx(4.0)
    assert len(told.files) == 2


def test_a_single_label_and_texts_without_words(write: Write) -> None:
    told = describe_texts([read_examples(write("a.csv", "text,label\n???,a\n!!!,a\n"))])
    assert told.nearest == ()
    assert told.matrix.labels == ()
    assert told.vocabulary.words == 0
    assert told.vocabulary.type_token_ratio == 0.0
    assert told.labels[0].telling == ()


def test_nothing_to_describe_is_no_fault() -> None:
    told = describe_texts([read_examples("missing.csv")])
    assert (told.rows, told.labels, told.balance.like) == (0, (), 0.0)
    json.dumps(told.as_dict())


def test_other_scripts_are_told_by_their_letters(write: Write) -> None:
    rows = "".join(
        f"{text},a\n" for text in ("где моя посылка", "πού είναι", "今日は", "play jazz")
    )
    told = describe_texts([read_examples(write("a.csv", f"text,label\n{rows}"))])
    assert told.languages["Cyrillic script"] == 1
    assert told.languages["Greek script"] == 1
    assert sum(told.languages.values()) == 3  # two words of no list are left open


@given(st.lists(st.integers(0, 500), min_size=1))
def test_percentiles_are_numpys_and_occur(lengths: list[int]) -> None:
    told = measure("words", lengths)
    for share, value in ((50, told.p50), (90, told.p90), (99, told.p99), (100, told.longest)):
        assert value == np.percentile(lengths, share, method="inverted_cdf")
        assert value in lengths


@given(st.lists(st.integers(0, 100_000), min_size=1, max_size=300))
def test_a_histogram_holds_every_text_once(lengths: list[int]) -> None:
    told = histogram(lengths)
    assert sum(told.rows) == len(lengths)
    assert len(told.rows) <= 41
    for at, count in enumerate(told.rows[:-1]):
        assert count == sum(at * told.width <= n < (at + 1) * told.width for n in lengths)
    assert told.beyond == (max(lengths) >= len(told.rows) * told.width)


def test_boxes_by_group() -> None:
    lengths, groups = np.array([5, 1, 3, 100, 2]), np.array([0, 0, 0, 1, 0])
    first, second = boxes(lengths, groups, 2)
    assert (first.p25, first.p50, first.longest) == (1, 2, 5)
    assert (second.p5, second.p95) == (100, 100)


def test_tokens_are_counted_in_parts_and_told() -> None:
    told: list[tuple[int, int]] = []
    counter = TextTokens("letters", True, lambda texts: [len(text) for text in texts])
    texts = ["x" * (at % 7) for at in range(12_000)]
    counts = count_tokens(texts, counter, lambda done, total: told.append((done, total)))
    assert counts.tolist() == [len(text) for text in texts]
    assert told[-1] == (12_000, 12_000)
    assert len(told) > 1


def test_the_embedded_tokenizer_counts_exactly_and_the_estimate_is_near() -> None:
    tokens = embedded_tokens()
    if tokens is None:
        pytest.skip("the embedded model is not installed")
    assert tokens.exact
    assert list(tokens.count(["hello world", "", "half \ud83d"]))[:2] == [4, 2]
    texts = ["When will my new card arrive?", "I was charged a fee for the transfer"] * 20
    exact, guess = sum(tokens.count(texts)), sum(estimated_tokens().count(texts))
    assert guess == pytest.approx(exact, rel=0.15)


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared/data beside the repository")
def test_spanish_task_dialogues() -> None:
    told = describe_texts([read_examples(SHARED / "multilingual_tod_es" / "train.csv")])
    assert (told.rows, len(told.labels)) == (3_617, 12)
    assert (told.balance.least, told.balance.most) == (3, 1_220)
    assert next(iter(told.languages)) == "Spanish"
    assert told.languages["Spanish"] > 0.99 * sum(told.languages.values())
    said = {label.name: {each.term for each in label.telling} for label in told.labels}
    assert "clima" in said["weather/find"]
    assert {told.nearest[0].left, told.nearest[0].right} == {
        "alarm/cancel_alarm",
        "alarm/show_alarms",
    }
