"""``decision.json`` says what was chosen, is obeyed to the letter, and is refused when damaged."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.artifact import decision as rules
from aprendiz.artifact.decision import AnswerRule, Decisions, ScopeRule, SetRule
from aprendiz.artifact.model import Model
from aprendiz.errors import ModelFolderError
from tests.unit.artifact.test_folder import a_manifest

ALL = Decisions(
    oos_label="oos",
    answer=AnswerRule(threshold=0.6, asked="precision", goal=0.95),
    scope=ScopeRule(threshold=0.05, detector="distance", learnt_from=10, n=100, found=(0.8, 20)),
    sets=SetRule(alpha=0.1, threshold=0.2, n=100, rows="out of fold", mean_size=1.4),
)

shares = st.floats(0, 1)


class Fixed:
    """Says what it was told to say, of any text."""

    labels = ("a", "b", "c")

    def __init__(self, row: list[float], scope: float | None) -> None:
        self.row, self.scope = row, scope

    def probabilities(self, texts) -> np.ndarray:
        return np.array([self.row] * len(texts))

    def judge(self, texts) -> tuple[np.ndarray, np.ndarray | None]:
        scope = None if self.scope is None else np.full(len(texts), self.scope)
        return self.probabilities(texts), scope


def asked(row: list[float], scope: float | None, decisions: Decisions = ALL, **given):
    manifest = a_manifest(labels=("a", "b", "c"))
    model = Model(Fixed(row, scope), manifest, Path("m"), decisions)
    (answer,) = model.predict(["a text"], **given)
    return answer


def test_written_and_read_back_it_is_the_same(tmp_path: Path):
    rules.write(tmp_path, ALL)
    assert rules.read(tmp_path, threshold=0.3) == ALL


def test_a_folder_without_the_file_has_the_manifests_threshold(tmp_path: Path):
    told = rules.read(tmp_path, threshold=0.3)
    assert told == Decisions.of_threshold(0.3)
    assert told.scope is None and told.sets is None


@pytest.mark.parametrize(
    "content", ["", "[]", "{", '{"format": 2}', '{"format": 1, "answer": {}}', "\x00"]
)
def test_a_damaged_file_is_refused(tmp_path: Path, content: str):
    (tmp_path / rules.NAME).write_text(content)
    with pytest.raises(ModelFolderError, match=r"decision\.json"):
        rules.read(tmp_path, 0.7)


def test_a_field_of_a_later_version_is_refused(tmp_path: Path):
    told = json.loads(ALL.to_json()) | {"surprise": 1}
    (tmp_path / rules.NAME).write_text(json.dumps(told))
    with pytest.raises(ModelFolderError, match="another version"):
        rules.read(tmp_path, 0.7)


@given(confidence=shares, scope=st.none() | shares, threshold=st.none() | shares)
def test_exactly_one_word_and_scope_comes_first(confidence, scope, threshold):
    word = ALL.decide(confidence, scope, threshold)
    limit = 0.6 if threshold is None else threshold
    if scope is not None and scope < 0.05:
        assert word == "out_of_scope"
    else:
        assert word == ("answer" if 0 < confidence >= limit else "needs_clarification")


def test_a_model_says_all_three_words():
    assert asked([0.1, 0.8, 0.1], 0.5).decision == "answer"
    assert asked([0.3, 0.4, 0.3], 0.5).decision == "needs_clarification"
    assert asked([0.0, 1.0, 0.0], 0.01).decision == "out_of_scope"
    assert [asked([0.1, 0.8, 0.1], s).abstained for s in (0.5, 0.01)] == [False, True]


def test_a_threshold_for_once_leaves_the_scope_as_it_is():
    assert asked([0.3, 0.4, 0.3], 0.5, threshold=0.3).decision == "answer"
    assert asked([0.0, 1.0, 0.0], 0.01, threshold=0.0).decision == "out_of_scope"


def test_the_candidates_are_the_likely_labels_and_never_none():
    assert asked([0.25, 0.5, 0.25], 0.5).candidates == ("b", "a", "c")
    assert asked([0.3, 0.6, 0.1], 0.5).candidates == ("b", "a")
    assert asked([0.3, 0.6, 0.1], 0.5, Decisions.of_threshold(0.7)).candidates == ()
    sparse = ALL.model_copy(update={"sets": ALL.sets.model_copy(update={"threshold": 0.99})})
    assert asked([0.3, 0.6, 0.1], 0.5, sparse).candidates == ("b",)


def test_no_answer_is_a_question_back_without_candidates():
    told = asked([0.0, 0.0, 0.0], None)
    assert (told.label, told.confidence, told.decision) == ("", 0.0, "needs_clarification")
    assert told.candidates == () and told.scope is None
    assert asked([0.0, 0.0, 0.0], None, threshold=0.0).decision == "needs_clarification"


def test_as_plain_values_an_answer_says_everything():
    told = json.loads(json.dumps(asked([0.3, 0.6, 0.1], 0.5).as_dict()))
    assert told["decision"] == "answer" and told["abstained"] is False
    assert told["scope"] == 0.5 and told["candidates"] == ["b", "a"]
