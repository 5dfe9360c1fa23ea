"""Who competes: names, order, settings, and what is refused before anything is trained."""

from __future__ import annotations

import pytest

from aprendiz.comparison.budget import seconds_in
from aprendiz.comparison.rows import settle
from aprendiz.comparison.variants import choose
from aprendiz.errors import DataError, RecipeError


def test_the_order_is_that_of_the_catalogue_whatever_was_typed():
    assert [each.name for each in choose(["finetune", "tfidf", "probe"])] == [
        "tfidf", "probe", "finetune",
    ]  # fmt: skip
    assert [each.name for each in choose(None)] == ["tfidf", "probe", "finetune"]


def test_recipe_files_are_named_after_themselves_and_may_have_dots(tmp_path):
    strict, loose = tmp_path / "probe.strict.yaml", tmp_path / "words.yaml"
    strict.write_text("method: probe\nregularization: 0.1\n")
    loose.write_text("method: tfidf\n")
    variants = choose(
        ["probe"],
        [strict, loose],
        ["words.max_features=500", "probe.strict.max_length=32", "probe.max_length=64"],
    )
    assert [each.name for each in variants] == ["words", "probe", "probe.strict"]
    words, plain, strictly = (each.recipe.model_dump() for each in variants)
    assert words["max_features"] == 500
    assert (plain["max_length"], plain["regularization"]) == (64, "auto")
    assert (strictly["max_length"], strictly["regularization"]) == (32, 0.1)


def test_recipes_alone_compete_with_each_other():
    variants = choose(None, {"one": {"method": "tfidf"}, "two": {"method": "tfidf"}})
    assert [each.name for each in variants] == ["one", "two"]
    assert variants[0].seeded(5).seed == 5


@pytest.mark.parametrize(
    ("asked", "fault"),
    [
        ({"methods": ["probe"]}, "at least two"),
        ({"methods": ["probe", "probe"]}, "two are called 'probe'"),
        ({"methods": ["probe", "bert"]}, "no method 'bert'"),
        ({"methods": ["probe", "lora"]}, "gives no labels"),
        ({"methods": None, "overrides": ["epochs=3"]}, "does not say whose"),
        ({"methods": None, "overrides": ["probe.epochs=3"]}, "no setting 'epochs'"),
        ({"methods": None, "overrides": ["probe.seed=3"]}, "the comparison's to choose"),
        ({"methods": None, "recipes": {"a/b": None}}, "name of a folder"),
    ],
)
def test_what_cannot_be_compared_is_refused(asked, fault):
    with pytest.raises(RecipeError, match=fault):
        choose(**asked)


@pytest.mark.parametrize(
    ("told", "seconds"),
    [("2m", 120), ("90s", 90), ("90", 90), ("1h30m", 5400), ("1.5 m", 90), (30, 30), (None, None)],
)
def test_a_budget_is_read_as_people_write_it(told, seconds):
    assert seconds_in(told) == seconds


@pytest.mark.parametrize("told", ["", "soon", "0", "-2m", "2m soon", 0])
def test_what_is_no_time_is_refused(told):
    with pytest.raises(RecipeError, match="no length of time"):
        seconds_in(told)


def test_rows_are_divided_once_and_stay_where_they_are(examples_file, tmp_path):
    first = settle(str(examples_file), tmp_path / "a", holdout=0.3)
    again = settle(str(examples_file), tmp_path / "a", holdout=0.3)
    assert len(first.texts) == len(first.truth) == 9
    assert first.prepared.dataset.fingerprint == again.prepared.dataset.fingerprint
    assert first.source["split"] == str(tmp_path / "a" / "split.json")
    other = settle(str(examples_file), tmp_path / "a", holdout=0.5)
    assert len(other.texts) == 15


def test_a_test_file_is_taken_as_it_is(examples_file, tmp_path):
    rows = settle(str(examples_file), tmp_path / "a", test=str(examples_file))
    assert len(rows.texts) == len(rows.prepared.dataset.train) == 30
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        ({"validation": "v.csv"}, "no method has chosen by"),
        ({"test": "t.csv", "holdout": 0.2}, "given already"),
        ({"holdout": 0.0}, "nothing to measure on"),
    ],
)
def test_rows_that_would_not_be_honest_are_refused(given, fault, examples_file, tmp_path):
    with pytest.raises(RecipeError, match=fault):
        settle(str(examples_file), tmp_path / "a", **given)


def test_a_split_without_test_rows_is_refused(examples_file, tmp_path):
    from aprendiz.data.prepare import prepare

    prepare(str(examples_file)).freeze().write(tmp_path / "split.json")
    with pytest.raises(DataError, match="no test rows"):
        settle(str(examples_file), tmp_path / "a", split=str(tmp_path))
