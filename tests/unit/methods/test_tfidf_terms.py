"""A tfidf model answers without scikit-learn exactly as scikit-learn's vectorizers would have."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aprendiz import workflow
from aprendiz.errors import ModelFolderError
from aprendiz.methods.tfidf.predict import ARRAYS, SETTINGS, features, load
from aprendiz.methods.tfidf.terms import Weights, character_terms, word_terms
from tests.conftest import EXAMPLES

SEEN = [text for texts in EXAMPLES.values() for text in texts]
ODD = [
    "",
    " ",
    "a",
    "A  b\tc\n",
    "¿Qué tal?",
    "İstanbul ẞ",
    "日本 語",
    "x" * 40,
    "don't!",
    "\x00 ok",
]
TEXTS = st.text(st.sampled_from("abc çÉİ,.'\t\n  日🙂0_"), max_size=40)


@pytest.mark.parametrize(("words", "characters"), [(1, 0), (2, 5), (3, 1)])
@settings(max_examples=30)
@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_same_weights_as_scikit_learn(words, characters, texts):
    kinds = features(words, characters)
    kinds.fit([*SEEN, *ODD])
    expected = kinds.transform(texts).toarray()
    ours = {
        "words": word_terms(words),
        "characters": character_terms(min(2, characters), characters),
    }
    first, weights = 0, []
    for name, kind in kinds.transformer_list:
        vocabulary = sorted(kind.vocabulary_, key=kind.vocabulary_.__getitem__)
        weights.append(Weights(ours[name], vocabulary, kind.idf_.tolist(), first))
        first += len(vocabulary)
    for text, row in zip(texts, expected, strict=True):
        found = np.zeros(first)
        for kind in weights:
            columns, values = kind.of(text.lower())
            found[columns] = values
        np.testing.assert_allclose(found, row, atol=1e-12)


def test_a_finished_model_needs_no_scikit_learn(examples_file, tmp_path):
    folder = workflow.train(examples_file, out=tmp_path / "m", method="tfidf").folder
    expected = workflow.load(folder).probabilities(["hello", ""]).tolist()
    code = (
        "import json, sys, aprendiz\n"
        f"found = aprendiz.load({str(folder)!r}).probabilities(['hello', '']).tolist()\n"
        "loaded = {'sklearn', 'scipy', 'torch', 'transformers'} & set(sys.modules)\n"
        "print(json.dumps([found, sorted(loaded)]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [expected, []]


@pytest.mark.parametrize(
    ("file", "damage"),
    [
        (ARRAYS, lambda content: content[:-50]),
        (SETTINGS, lambda _: b"[]"),
        (SETTINGS, lambda content: content.replace(b'"temperature": ', b'"temperature": -')),
    ],
)
def test_a_damaged_model_is_said_to_be_one(file, damage, examples_file, tmp_path):
    folder = workflow.train(examples_file, out=tmp_path / "model", method="tfidf").folder
    before = (folder / file).read_bytes()
    (folder / file).write_bytes(damage(before))
    assert (folder / file).read_bytes() != before
    with pytest.raises(ModelFolderError, match="cannot be loaded"):
        load(folder, tuple(sorted(EXAMPLES)))
