"""Recipes: what is accepted, what is refused, and in which words."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from aprendiz import recipe as recipes
from aprendiz.errors import RecipeError
from aprendiz.methods import catalogue


def refused(method: str, **values: object) -> str:
    with pytest.raises(RecipeError) as caught:
        recipes.build({"method": method, **values}, catalogue.recipe_class(method))
    assert caught.value.exit_code == 2
    return caught.value.message


@pytest.mark.parametrize(
    ("method", "key", "value", "said"),
    [
        ("finetune", "epochs", 0, "epochs = 0: should be greater than or equal to 1 or "),
        ("finetune", "epochs", -3, "epochs = -3"),
        ("finetune", "epochs", "nine", "epochs = 'nine'"),
        ("finetune", "batch_size", 0, "batch_size = 0"),
        ("finetune", "learning_rate", 0, "learning_rate = 0"),
        ("finetune", "warmup", 1, "warmup = 1"),
        ("finetune", "scheduler", "sometimes", "scheduler = 'sometimes'"),
        ("finetune", "precision", "fp8", "precision = 'fp8'"),
        ("probe", "regularization", -1, "regularization = -1: should be greater than 0 or "),
        ("probe", "max_length", 2, "max_length = 2"),
        ("tfidf", "word_ngrams", 0, "word_ngrams = 0"),
        ("tfidf", "seed", -1, "seed = -1"),
    ],
)
def test_values_out_of_range_are_refused(method, key, value, said):
    assert said in refused(method, **{key: value})


def test_every_fault_is_told_at_once_and_a_near_name_is_guessed():
    message = refused("finetune", epocs=3, batch_size=-1, warmup=2)
    assert "'epocs' (did you mean 'epochs'?)" in message
    assert "batch_size" in message
    assert "warmup" in message


def test_numbers_may_be_written_as_people_write_them(tmp_path: Path):
    path = tmp_path / "r.yaml"
    path.write_text("method: finetune\nlearning_rate: 5e-5\n")
    filled = recipes.build(recipes.read(path), catalogue.recipe_class("finetune"))
    assert filled.learning_rate == 5e-5
    values = recipes.override({"method": "probe"}, ["regularization=1e1", "max_length=64"])
    assert recipes.build(values, catalogue.recipe_class("probe")).regularization == 10.0


@pytest.mark.parametrize(
    ("content", "said"),
    [("a: [1\n", ":2: not valid YAML"), ("- 1\n", "list of `setting: value`"), ("", "list of")],
)
def test_a_file_that_is_no_recipe_is_explained(content, said, tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text(content)
    with pytest.raises(RecipeError, match=said):
        recipes.read(path)


@pytest.mark.parametrize("assignment", ["epochs", "=3", "epochs=[1"])
def test_an_override_that_is_none_is_explained(assignment):
    with pytest.raises(RecipeError, match="--set"):
        recipes.override({}, [assignment])


def test_method_and_recipe_must_agree():
    with pytest.raises(RecipeError, match="'tfidf'"):
        catalogue.choose_recipe("probe", {"method": "tfidf"})
    assert catalogue.choose_recipe(None).method == catalogue.DEFAULT


@pytest.mark.parametrize("method", sorted(catalogue.METHODS))
def test_a_filled_recipe_reads_back_as_itself(method):
    kind = catalogue.recipe_class(method)
    filled = recipes.build({"method": method, "seed": 7}, kind)
    assert recipes.build(yaml.safe_load(recipes.dump(filled)), kind) == filled
