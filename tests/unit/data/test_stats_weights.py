"""TF-IDF, centroids and topics: against scikit-learn where it has the same."""

from __future__ import annotations

import numpy as np
import pytest

from aprendiz.data.stats import weights as weights_file
from aprendiz.data.stats import words as words_file
from aprendiz.data.stats.topics import find_keywords, find_topics
from aprendiz.data.stats.weights import (
    beside_each_other,
    centroids,
    choose_features,
    nearest_labels,
    weigh,
)
from aprendiz.data.stats.words import QUESTION_WORDS, STOP_WORDS, number_words, split

TEXTS = [
    "lost card in the city", "my card is lost lost", "card stolen, help", "stolen card today",
    "exchange rate of the dollar", "what is the exchange rate", "rate for my card", "dollar rate",
    "weather in Madrid 2024", "rain today in Madrid", "sunny weather?", "12", "",
]  # fmt: skip
LABELS = np.array([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 2])


def theirs() -> tuple[list[str], np.ndarray]:
    text = pytest.importorskip("sklearn.feature_extraction.text")
    vectorizer = text.TfidfVectorizer(
        analyzer=lambda each: [
            word
            for word in split(each)
            if word not in STOP_WORDS | QUESTION_WORDS and not word.isdigit()
        ],
        min_df=2,
    )
    return list(vectorizer.fit(TEXTS).get_feature_names_out()), vectorizer.transform(
        TEXTS
    ).toarray()


def test_weights_are_those_of_scikit_learn() -> None:
    names, matrix = theirs()
    words = number_words(TEXTS)
    features = choose_features(words, 3)
    ours = np.zeros((len(TEXTS), len(features.names)))
    for row, feature, weight in weigh(words, features):
        ours[row, feature] = weight
    assert sorted(features.names) == names
    order = [features.names.index(name) for name in names]
    assert ours[:, order] == pytest.approx(matrix)


def test_centroids_and_nearest_labels_are_those_of_scikit_learn() -> None:
    _, matrix = theirs()
    pairwise = pytest.importorskip("sklearn.metrics.pairwise")
    neighbors = pytest.importorskip("sklearn.neighbors")
    means = neighbors.NearestCentroid().fit(matrix, LABELS).centroids_
    cosine = pairwise.cosine_similarity(means)
    words = number_words(TEXTS)
    features = choose_features(words, 3)
    middles = centroids(words, features, LABELS, 3)
    assert middles @ middles.T == pytest.approx(cosine, abs=1e-6)
    pairs = nearest_labels(("cards", "rates", "weather"), (4, 4, 5), middles, features, 2)
    assert (pairs[0].left, pairs[0].right) == ("cards", "rates")
    assert pairs[0].similarity == pytest.approx(cosine[0, 1], abs=1e-6)
    assert pairs[0].shared == ("card",)
    assert pairs[1].shared == ("today",)


def test_chunks_of_any_size_give_the_same_centroids(monkeypatch: pytest.MonkeyPatch) -> None:
    words = number_words(TEXTS)
    features = choose_features(words, 3)
    whole = centroids(words, features, LABELS, 3)
    monkeypatch.setattr(words_file, "_AT_ONCE", 3)
    assert centroids(words, features, LABELS, 3) == pytest.approx(whole)


def test_a_label_without_a_known_word_is_near_none() -> None:
    texts = ["one two", "one two", "...", "!!"]
    words = number_words(texts)
    features = choose_features(words, 2)
    middles = centroids(words, features, np.array([0, 0, 1, 1]), 2)
    assert not middles[1].any()
    assert nearest_labels(("a", "b"), (2, 2), middles, features, 5) == ()


def test_of_very_many_labels_the_commonest_are_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights_file, "_MOST_COMPARED", 2)
    words = number_words(TEXTS)
    features = choose_features(words, 3)
    middles = centroids(words, features, LABELS, 3)
    pairs = nearest_labels(("cards", "rates", "weather"), (1, 4, 5), middles, features, 9)
    assert {name for pair in pairs for name in (pair.left, pair.right)} <= {"rates", "weather"}


def test_near_labels_stand_side_by_side() -> None:
    alike = np.eye(4, dtype=np.float32)
    for one, other in ((0, 2), (1, 3)):
        alike[one, other] = alike[other, one] = 0.9
    order = beside_each_other(alike)
    assert sorted(order) == [0, 1, 2, 3]
    assert abs(order.index(0) - order.index(2)) == 1
    assert abs(order.index(1) - order.index(3)) == 1


def planted() -> tuple[list[str], list[int]]:
    random = np.random.default_rng(5)
    subjects = [
        "refund money account fee",
        "parcel courier street delivery",
        "login password email",
    ]
    truth = random.integers(0, 3, 300).tolist()
    texts = [" ".join(random.choice(subjects[at].split(), 3)) for at in truth]
    return texts, truth


def test_topics_find_planted_groups() -> None:
    texts, truth = planted()
    topics = find_topics(number_words(texts))
    assert sum(topic.rows for topic in topics) == 300
    subjects = ({"refund", "money"}, {"parcel", "courier"}, {"login", "password"})
    for topic in topics:
        said = set(" ".join(topic.words).split())
        assert sum(bool(said & some) for some in subjects) == 1  # no topic mixes two
    again = find_topics(number_words(texts))
    assert topics == again
    assert len(set(truth)) == 3


def test_too_few_texts_have_no_topics_and_no_text_no_keywords() -> None:
    assert find_topics(number_words(["one two"] * 39)) == ()
    assert find_topics(number_words([""] * 100)) == ()
    assert find_keywords(number_words(["", "..."])) == ()


def test_keywords_are_the_greatest_mean_weights() -> None:
    names, matrix = theirs()
    mean = dict(zip(names, matrix.mean(axis=0).tolist(), strict=True))
    told = find_keywords(number_words(TEXTS), most=4)
    assert [each.weight for each in told] == pytest.approx(sorted(mean.values())[::-1][:4])
    assert all(mean[each.word] == pytest.approx(each.weight) for each in told)
    assert {each.word: each.rows for each in told}["card"] == 5
