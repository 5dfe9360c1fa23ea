"""The promise that every method that learns labels keeps. A new one is tested by being listed.

Methods that learn from conversations are held to theirs in ``test_every_assistant.py``.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from aprendiz import workflow
from aprendiz.artifact.result import TrainResult
from aprendiz.errors import DataError, ModelFolderError, RecipeError
from aprendiz.methods import catalogue
from tests.conftest import EXAMPLES
from tests.platforms import platform

# Each job of the managed service is a process of its own, which takes some seconds.
METHODS = [
    pytest.param(method, marks=[pytest.mark.slow] * (method == "managed"))
    for method, row in sorted(catalogue.METHODS.items())
    if row.abilities.learns == "labels"
]
TEXTS = ["hello my friend", "I want a refund please", "two coffees", "¿qué tal? 日本語 🙂"]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory):
    """A managed service for ``managed``: our own platform."""
    with platform(tmp_path_factory.mktemp("service") / "platform") as running:
        yield running


@pytest.fixture
def recipe_of(tiny_encoder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch):
    """A quick recipe for a method: the tiny encoder where there is one, few epochs."""

    def recipe(method: str, **changes: object) -> dict[str, object]:
        fields = catalogue.recipe_class(method).model_fields
        quick = {"base_model": str(tiny_encoder), "epochs": 2, "batch_size": 8, "max_length": 32}
        if method == "managed":
            for name, value in request.getfixturevalue("service").openai.items():
                monkeypatch.setenv(name, value)
            quick = {"base_model": "tfidf"}
        return {"method": method, **{k: v for k, v in quick.items() if k in fields}, **changes}

    return recipe


@pytest.fixture
def trained(examples_file: Path, tmp_path: Path, recipe_of):
    def train(method: str, name: str = "model", **changes: object) -> TrainResult:
        return workflow.train(
            examples_file, out=tmp_path / name, recipe=recipe_of(method, **changes)
        )

    return train


@pytest.fixture
def with_strangers(tmp_path: Path) -> Path:
    """Some hundred rows of three labels, and eighteen about none of them, labelled ``oos``."""
    rows = [
        {"text": f"{one}, {other}", "label": label}
        for label, texts in EXAMPLES.items()
        for one, other in itertools.combinations(texts, 2)
    ]
    stars = ("moon", "sun", "sea", "wind", "rain", "snow")
    asked = ("how old is the", "what colour has the", "who named the")
    rows += [{"text": f"{ask} {star}", "label": "oos"} for ask in asked for star in stars]
    path = tmp_path / "mixed.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_the_catalogue_is_not_empty():
    assert len(METHODS) >= 4


@pytest.mark.parametrize("method", METHODS)
class TestEveryMethod:
    def test_same_seed_same_predictions(self, method, trained):
        first = workflow.load(trained(method, "one").folder).probabilities(TEXTS)
        second = workflow.load(trained(method, "two").folder).probabilities(TEXTS)
        np.testing.assert_array_equal(first, second)

    def test_a_moved_folder_predicts_the_same(self, method, trained, tmp_path):
        folder = trained(method).folder
        before = workflow.load(folder).probabilities(TEXTS)
        moved = folder.rename(tmp_path / "elsewhere")
        np.testing.assert_array_equal(before, workflow.load(moved).probabilities(TEXTS))

    def test_the_score_is_that_of_the_saved_model(self, method, trained, tmp_path, examples_file):
        test = tmp_path / "test.json"
        test.write_text(
            json.dumps({"greet": ["hello dear"], "order": ["a pizza"], "refund": ["refund"]})
        )
        result = workflow.train(
            examples_file,
            out=tmp_path / "m",
            test=test,
            recipe=trained(method, "other").recipe,
        )
        assert result.part == "test"
        again = workflow.evaluate(result.folder, test)
        assert again.accuracy == result.evaluation.accuracy
        assert again.loss == pytest.approx(result.evaluation.loss)

    def test_probabilities_are_a_distribution_over_the_users_labels(self, method, trained):
        model = workflow.load(trained(method).folder)
        assert model.labels == tuple(sorted(EXAMPLES))
        rows = model.probabilities(TEXTS)
        assert rows.shape == (len(TEXTS), 3)
        np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-9)
        assert (rows >= 0).all()
        answer = model.predict(TEXTS)[0]
        assert answer.text == TEXTS[0]
        assert answer.label in EXAMPLES
        assert list(answer.scores.values()) == sorted(answer.scores.values(), reverse=True)
        assert answer.confidence == max(answer.scores.values())

    def test_odd_labels_come_back_as_written(self, method, tmp_path, recipe_of):
        labels = ["Sí / no", "日本", "a b"]
        source = tmp_path / "odd.json"
        source.write_text(json.dumps(dict(zip(labels, EXAMPLES.values(), strict=True))))
        result = workflow.train(source, out=tmp_path / "odd", recipe=recipe_of(method))
        assert set(workflow.load(result.folder).labels) == set(labels)

    def test_two_labels(self, method, tmp_path, recipe_of):
        source = tmp_path / "two.json"
        source.write_text(json.dumps({k: EXAMPLES[k] for k in ("greet", "refund")}))
        result = workflow.train(source, out=tmp_path / "two", recipe=recipe_of(method))
        rows = workflow.load(result.folder).probabilities(TEXTS)
        assert rows.shape == (len(TEXTS), 2)
        np.testing.assert_allclose(rows.sum(axis=1), 1.0, atol=1e-9)

    def test_odd_texts_survive(self, method, trained):
        model = workflow.load(trained(method).folder)
        odd = ["", " ", "\x00", "\ud800", "a" * 1_000_000, "word " * 100_000, "\n\t", "🙂" * 500]
        rows = model.probabilities(odd)
        assert np.isfinite(rows).all()
        assert model.predict([]) == []

    def test_a_text_gets_the_same_answer_alone_and_in_company(self, method, trained):
        model = workflow.load(trained(method).folder)
        company = [*TEXTS, "word " * 50, "x"]
        together = model.probabilities(company)
        for row, text in zip(together, company, strict=True):
            np.testing.assert_allclose(model.probabilities([text])[0], row, atol=1e-5)
        backwards = model.probabilities(company[::-1])[::-1]
        np.testing.assert_allclose(backwards, together, atol=1e-5)

    def test_unknown_setting_is_refused(self, method, examples_file, tmp_path, recipe_of):
        with pytest.raises(RecipeError, match="epocs"):
            workflow.train(examples_file, out=tmp_path / "m", recipe=recipe_of(method, epocs=3))
        assert not (tmp_path / "m").exists()

    def test_bad_data_leaves_nothing_behind(self, method, tmp_path, recipe_of):
        source = tmp_path / "bad.json"
        source.write_text(json.dumps({"greet": ["hello", ""], "order": ["pizza", "soup"]}))
        with pytest.raises(DataError) as caught:
            workflow.train(source, out=tmp_path / "m", recipe=recipe_of(method))
        assert caught.value.exit_code == 2
        assert not (tmp_path / "m").exists()
        assert not list(tmp_path.glob(".m*"))

    def test_a_failure_in_training_leaves_the_old_model(
        self, method, trained, monkeypatch, tmp_path
    ):
        folder = trained(method).folder
        before = workflow.load(folder).version

        def broken(*_):
            raise RuntimeError("planted")

        monkeypatch.setattr(catalogue, "trainer", lambda _: broken)
        with pytest.raises(RuntimeError, match="planted"):
            trained(method)
        assert workflow.load(folder).version == before
        assert not list(tmp_path.glob(".model*"))

    def test_rows_out_of_scope_are_no_label_where_the_method_can_tell(
        self, method, with_strangers, tmp_path, recipe_of
    ):
        result = workflow.train(with_strangers, out=tmp_path / "m", recipe=recipe_of(method))
        model = workflow.load(result.folder)
        if not catalogue.find(method).abilities.scope:
            assert "oos" in model.labels
            assert model.predict(TEXTS)[0].scope is None
            return
        assert model.labels == tuple(sorted(EXAMPLES))
        assert result.evaluation.scope.outside > 0
        alone = [model.predict([text])[0] for text in TEXTS]
        for one, together in zip(alone, model.predict(TEXTS), strict=True):
            assert 0 <= one.scope <= 1
            assert one.scope == pytest.approx(together.scope, abs=1e-4)
        assert model.judge([])[1].shape == (0,)
        moved = workflow.load(result.folder.rename(tmp_path / "elsewhere"))
        assert [each.scope for each in moved.predict(TEXTS)] == [
            each.scope for each in model.predict(TEXTS)
        ]

    def test_what_is_asked_of_the_answers_is_chosen_stored_and_obeyed(
        self, method, with_strangers, tmp_path, recipe_of
    ):
        result = workflow.train(
            with_strangers,
            out=tmp_path / "m",
            recipe=recipe_of(method),
            coverage=0.5,
            sets=0.2,
            false_alarms=0.0,
        )
        model = workflow.load(result.folder)
        rule = model.decisions.answer
        assert (rule.asked, rule.goal) == ("coverage", 0.5)
        assert model.manifest.threshold == rule.threshold
        assert rule.met and rule.effect.coverage >= 0.5
        for answer in model.predict(TEXTS):
            assert answer.decision == (
                "answer" if answer.confidence >= rule.threshold else "needs_clarification"
            )
            assert answer.candidates[0] == answer.label
        assert result.evaluation.decisions.sets.n == result.evaluation.n

    def test_the_folder_explains_itself(self, method, trained):
        folder = trained(method).folder
        named = ("manifest.json", "recipe.yaml", "README.md", "decision.json")
        for name in (*named, "report.html", "evaluation.json"):
            assert (folder / name).stat().st_size > 0, name
        assert not list(folder.rglob("*.pkl")) + list(folder.rglob("*.joblib"))

    def test_a_changed_file_is_noticed(self, method, trained):
        folder = trained(method).folder
        made = [*folder.glob("*.safetensors"), *folder.glob("managed.json")]
        weights = max(made, key=lambda path: path.stat().st_size)
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
        with pytest.raises(ModelFolderError, match=weights.name):
            workflow.load(folder)

    def test_the_recipe_has_at_most_fifteen_settings_of_its_own(self, method):
        fields = catalogue.recipe_class(method).model_fields
        assert len(fields) - 1 <= 15  # `method` itself is the choice, not a setting
        assert all(field.description for field in fields.values())
