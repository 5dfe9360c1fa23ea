"""Near duplicates: what belongs together does, whatever the order, and nothing else does."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aprendiz.data.near import clusters, near_pairs, normal_form
from aprendiz.data.shingles import jaccard

# fmt: off
_WORDS = [
    "account", "alarm", "bank", "book", "card", "cancel", "charge", "coffee", "date", "deliver",
    "email", "engine", "flight", "garden", "hotel", "invoice", "journey", "kitchen", "letter",
    "market", "night", "order", "parcel", "quote", "refund", "station", "ticket", "update",
    "value", "water", "yellow", "zebra", "please", "where", "when", "tomorrow", "my", "the", "a",
]
# fmt: on
_SENTENCES = st.lists(st.sampled_from(_WORDS), min_size=1, max_size=9).map(" ".join)
_TEXTS = st.one_of(_SENTENCES, st.text(max_size=40))


def together(texts: list[str], numbers: list[int]) -> set[frozenset[str]]:
    """The clusters as sets of texts."""
    groups: dict[int, set[str]] = {}
    for text, number in zip(texts, numbers, strict=True):
        groups.setdefault(number, set()).add(text)
    return {frozenset(group) for group in groups.values()}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where is my card?", "where is my card"),
        ("¿Dónde está mi tarjeta?", "donde esta mi tarjeta"),
        ("I don't know", "I dont know"),
        ("I don’t   know\n", "i don't know!"),
        ("Straße", "STRASSE"),
        ("ｆｕｌｌ width", "full width"),
    ],
)
def test_spelling_that_does_not_matter_is_folded(one: str, other: str) -> None:
    assert normal_form(one) == normal_form(other)
    assert len(set(clusters([one, other]))) == 1


@pytest.mark.parametrize(("one", "other"), [(":)", ":("), ("5 €", "5 $"), ("yes", "no")])
def test_what_means_something_else_stays_apart(one: str, other: str) -> None:
    assert clusters([one, other]) == [0, 1]


def test_a_word_more_is_near_and_another_subject_is_not() -> None:
    texts = [
        "how do I get my money back for the shoes I returned last week",
        "how do I get my money back for the shoes I returned last weekend",
        "how long does it take until a new card arrives at my house",
    ]
    assert clusters(texts) == [0, 0, 1]


def test_a_chain_of_near_texts_is_one_cluster() -> None:
    words = [f"word{number}" for number in range(30)]
    texts = [" ".join(words[start : start + 20]) for start in range(8)]
    assert jaccard([texts[0]], [texts[-1]])[0] < 0.8 <= jaccard([texts[0]], [texts[1]])[0]
    assert len(set(clusters(texts))) == 1


@given(st.lists(_TEXTS, max_size=30), st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_the_order_of_the_rows_does_not_matter(texts: list[str], chance: random.Random) -> None:
    shuffled = list(texts)
    chance.shuffle(shuffled)
    assert together(texts, clusters(texts)) == together(shuffled, clusters(shuffled))


@given(st.lists(_TEXTS, min_size=1, max_size=20), st.data())
@settings(max_examples=60)
def test_copies_are_always_together(texts: list[str], data: st.DataObject) -> None:
    copied = data.draw(st.integers(0, len(texts) - 1))
    numbers = clusters([*texts, texts[copied], texts[copied].upper().lower()])
    assert numbers[copied] == numbers[-2]
    assert numbers[0] == 0 and set(numbers) == set(range(max(numbers) + 1))


@given(st.lists(_SENTENCES, max_size=12, unique=True), st.sampled_from([0.6, 0.8, 0.95]))
@settings(max_examples=60)
def test_nothing_is_together_without_a_chain_of_near_pairs(
    texts: list[str], similarity: float
) -> None:
    normals = [normal_form(text) for text in texts]
    for group in together(texts, clusters(texts, similarity=similarity)):
        names = sorted(group)
        reached, rest = {names[0]}, set(names[1:])
        while rest:
            near = {
                text
                for text in rest
                if any(_similar(normals[texts.index(text)], other) >= similarity
                       for other in map(normal_form, reached))
            }  # fmt: skip
            assert near, f"{rest} is near nothing in {reached}"
            reached |= near
            rest -= near


def _similar(one: str, other: str) -> float:
    """Jaccard over four-character pieces in plain Python, to check the arrays against."""

    def pieces(text: str) -> set[str]:
        padded = f" {text} ".ljust(4)
        return {padded[at : at + 4] for at in range(len(padded) - 3)}

    shared = pieces(one) & pieces(other)
    return len(shared) / len(pieces(one) | pieces(other))


@given(st.lists(st.tuples(_TEXTS, _TEXTS), min_size=1, max_size=20))
@settings(max_examples=60)
def test_similarity_is_symmetric_and_exact(pairs: list[tuple[str, str]]) -> None:
    left = [normal_form(one) for one, _ in pairs]
    right = [normal_form(other) for _, other in pairs]
    scores = jaccard(left, right).tolist()
    assert scores == jaccard(right, left).tolist()
    assert scores == pytest.approx([_similar(*pair) for pair in zip(left, right, strict=True)])


def test_near_pairs_name_the_closest_and_the_first() -> None:
    learnt = [
        "when does the parcel with my new shoes arrive at home today",
        "when does the parcel with my new shoes arrive at home",
        "When does the parcel with my new shoes arrive at home?",
        "something else entirely",
    ]
    held = ["cancel it", "when does the parcel with my new shoes arrive at home!", "Something else"]
    assert [(pair.left, pair.right, pair.similarity) for pair in near_pairs(held, learnt)] == [
        (1, 1, 1.0)
    ]
    (pair,) = near_pairs(["when does the parcel with my new shoes arrive at hom"], learnt)
    assert pair.right == 1 and 0.8 <= pair.similarity < 1


def test_near_ones_are_found_in_a_crowd_from_one_template() -> None:
    chance = random.Random(5)
    crowd = [
        f"please transfer {chance.randrange(10**6)} euros to the account of {name} on {day}"
        for name in ("anna", "bob", "carla", "dmitri", "eva")
        for day in ("monday", "tuesday", "friday")
        for _ in range(200)
    ]
    planted = [f"my order number {number} has not arrived, what can I do" for number in range(40)]
    copies = [text.replace("what can I do", "what can i do now") for text in planted]
    numbers = clusters([*crowd, *planted, *copies])
    assert numbers[len(crowd) : len(crowd) + 40] == numbers[len(crowd) + 40 :]
    assert not set(numbers[: len(crowd)]) & set(numbers[len(crowd) :])


def test_huge_and_empty_texts() -> None:
    long = "lorem ipsum " * 60_000
    assert clusters(["", long, "  ", long + "x", "a"]) == [0, 1, 0, 1, 2]
    assert clusters([]) == []
    assert list(near_pairs([], ["a"])) == []


def test_progress_reaches_its_total() -> None:
    told: list[tuple[int, int]] = []
    clusters(["one", "two"], progress=lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == list(range(1, len(told) + 1))
    assert {total for _, total in told} == {len(told)}


@pytest.mark.parametrize("similarity", [0.4, 1.01])
def test_similarity_out_of_range(similarity: float) -> None:
    with pytest.raises(ValueError, match="similarity"):
        clusters(["a"], similarity=similarity)
