"""A reply as a label and a distribution; unclear ones are no answer."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.methods.managed.answers import UNMEASURED, distribution, label_in
from aprendiz.methods.managed.records import Answer, Token

INTENTS = ("comprar", "consulta", "devolver", "queja")


def token(text: str, probability: float, **others: float) -> Token:
    shown = {text: probability, **others}
    return Token(
        text, math.log(probability), tuple((t, math.log(p)) for t, p in shown.items() if p > 0)
    )


@pytest.mark.parametrize(
    "reply",
    [
        "comprar", " comprar\n", "Comprar", "COMPRAR.", '"comprar"', "«comprar»", "**comprar**",
        "Intent: comprar", "intención: comprar", "Intención = Comprar.", "The intent is comprar.",
        "**Label:** comprar", '{"intent": "comprar"}', '"comprar"', "`comprar`", "¡Comprar!",
    ],
)  # fmt: skip
def test_these_are_the_label(reply):
    assert label_in(reply, INTENTS) == "comprar"


@pytest.mark.parametrize(
    "reply",
    [
        "", "   ", "compra", "comprar o devolver", "comprar, devolver", "No sé", "I am sorry",
        "not comprar", "No es: comprar", '{"a": "comprar", "b": "queja"}', "{", "[" * 5000,
        "comprarcomprar", "Intent: comprar o queja", "null",
    ],
)  # fmt: skip
def test_these_are_no_answer(reply):
    assert label_in(reply, INTENTS) is None
    assert distribution(Answer(reply), INTENTS) is None


def test_a_label_wins_by_its_exact_form_where_case_decides():
    assert label_in("a", ("A", "a")) == "a"
    assert label_in("A", ("A", "a")) == "A"
    assert label_in(" a.", ("A", "a")) is None
    assert label_in("no!", ("no", "no?")) is None


@given(
    st.lists(st.text(min_size=1, max_size=12).map(str.strip).filter(bool), min_size=1, unique=True)
)
def test_a_label_itself_is_always_its_own_answer(labels):
    for label in labels:
        assert label_in(label, labels) == label
        assert distribution(Answer(label), labels)[labels.index(label)] > 0


def test_one_piece_a_label_gives_the_whole_distribution():
    others = {"queja": 0.2, "devolver": 0.09, "consulta": 0.01}
    told = distribution(Answer("comprar", (token("comprar", 0.7, **others),)), INTENTS)
    assert told == pytest.approx([0.7, 0.01, 0.09, 0.2])


def test_labels_beyond_those_shown_share_what_is_left():
    labels = [f"label{number}" for number in range(30)]
    shown = {f"label{number}": 0.01 for number in range(1, 20)}
    told = distribution(Answer("label0", (token("label0", 0.71, **shown),)), labels)
    assert told[0] == pytest.approx(0.71)
    assert told[20:] == pytest.approx([0.01] * 10)


def test_several_pieces_multiply():
    pieces = (token("com", 0.9, qu=0.06, dev=0.04), token("prar", 0.5))
    told = distribution(Answer("comprar", pieces), INTENTS)
    # 0.45 for the answer, 0.06 and 0.04 for what can only begin another label; `consulta` was
    # not shown, so at most as much as the least shown.
    whole = 0.45 + 0.06 + 0.04 + 0.04
    assert told == pytest.approx([0.45 / whole, 0.04 / whole, 0.04 / whole, 0.06 / whole])


def test_a_beginning_that_fits_two_labels_is_no_evidence_for_either():
    pieces = (token("queja", 0.6, co=0.3, zzz=0.1),)
    told = distribution(Answer("queja", pieces), INTENTS)
    assert told[0] == told[1] == pytest.approx(told[2])


def test_labels_that_part_late_are_told_apart_where_they_part():
    labels = ("order_pizza", "order_soup", "refund")
    pieces = (token("order", 0.9, refund=0.1), token("_", 1.0), token("pizza", 0.8, soup=0.2))
    told = distribution(Answer("order_pizza", pieces), labels)
    assert told == pytest.approx([0.72, 0.18, 0.1])


def test_what_the_model_wrote_stays_the_most_probable():
    pieces = (token("com", 0.5, queja=0.45), token("prar", 0.2))
    told = distribution(Answer("comprar", pieces), INTENTS)
    assert max(told) == told[0] > told[3]


def test_without_logprobs_nothing_is_certain():
    told = distribution(Answer("queja"), INTENTS)
    assert told[3] == UNMEASURED
    assert sum(told) == pytest.approx(1)


@given(
    st.lists(st.floats(0.001, 1), min_size=1, max_size=4),
    st.dictionaries(st.sampled_from([*INTENTS, "co", "x", ""]), st.floats(1e-9, 1), max_size=6),
    st.sampled_from(INTENTS),
)
def test_every_distribution_is_one(chosen, others, answered):
    cut = [answered[i :: len(chosen)] for i in range(len(chosen))]
    pieces = tuple(token(text, p, **others) for text, p in zip(cut, chosen, strict=True))
    told = distribution(Answer(answered, pieces), INTENTS)
    assert sum(told) == pytest.approx(1)
    assert min(told) >= 0
    assert told.index(max(told)) == INTENTS.index(answered)


def test_a_sentinel_for_impossible_is_zero():
    pieces = (Token("queja", 0.0, (("queja", 0.0), ("comprar", -9999.0))),)
    assert distribution(Answer("queja", pieces), INTENTS) == pytest.approx([0, 0, 0, 1])
