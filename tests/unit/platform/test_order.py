"""From the vendors' three hyper-parameters to a recipe, and the order a process is given."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.methods import catalogue
from aprendiz.methods.finetune.recipe import FinetuneRecipe, auto_epochs
from aprendiz.methods.lora.recipe import LoraRecipe, rows_a_step
from aprendiz.methods.lora.recipe import auto_epochs as lora_epochs
from aprendiz.platform.order import Order, plan
from aprendiz.platform.records import JobError, Refusal

AUTO = {"n_epochs": "auto", "batch_size": "auto", "learning_rate_multiplier": "auto"}


def test_auto_is_what_training_directly_does() -> None:
    made = plan("finetune", "all-MiniLM-L6-v2", AUTO, rows=770, seed=5)
    usual = FinetuneRecipe(seed=5)
    recipe = catalogue.choose_recipe(None, made.recipe)
    assert recipe == usual.model_copy(update={"epochs": auto_epochs(770, usual.batch_size)})
    assert made.resolved == {
        "n_epochs": auto_epochs(770, 32), "batch_size": 32, "learning_rate_multiplier": 1.0,
    }  # fmt: skip


def test_a_number_of_epochs_that_was_asked_for_is_kept_to() -> None:
    assert plan("finetune", "x", AUTO, rows=50, seed=5).recipe["early_stopping"] > 0
    assert plan("finetune", "x", {**AUTO, "n_epochs": 8}, 50, 5).recipe["early_stopping"] == 0


def test_the_multiplier_scales_both_rates() -> None:
    made = plan("finetune", "x", {**AUTO, "learning_rate_multiplier": 0.1}, rows=50, seed=5)
    usual = FinetuneRecipe()
    assert made.recipe["learning_rate"] == pytest.approx(usual.learning_rate / 10)
    assert made.recipe["head_learning_rate"] == pytest.approx(usual.head_learning_rate / 10)


@given(
    st.integers(1, 3_000),
    st.one_of(st.just("auto"), st.integers(1, 50)),
    st.one_of(st.just("auto"), st.integers(1, 256)),
)
def test_the_numbers_reported_are_those_in_force(
    rows: int, epochs: int | str, batch: int | str
) -> None:
    asked = {"n_epochs": epochs, "batch_size": batch, "learning_rate_multiplier": "auto"}
    made = plan("finetune", "x", asked, rows, seed=1)
    assert made.recipe["epochs"] == made.resolved["n_epochs"]
    assert made.recipe["batch_size"] == made.resolved["batch_size"]
    assert epochs in ("auto", made.resolved["n_epochs"])
    assert batch in ("auto", made.resolved["batch_size"])
    assert made.steps == made.resolved["n_epochs"] * math.ceil(rows / made.resolved["batch_size"])
    assert made.ignored == ()


def test_a_language_model_learns_as_it_would_directly() -> None:
    made = plan("lora", "./mine", AUTO, rows=600, seed=5)
    usual = LoraRecipe(seed=5, base_model="./mine")
    batch = rows_a_step(usual, 600)
    recipe = catalogue.choose_recipe(None, made.recipe)
    assert recipe == usual.model_copy(
        update={"epochs": lora_epochs(600, batch), "batch_size": batch, "packing": False}
    )
    assert made.ignored == ()


@given(
    st.integers(1, 3_000),
    st.one_of(st.just("auto"), st.integers(1, 50)),
    st.one_of(st.just("auto"), st.integers(1, 256)),
    st.one_of(st.just("auto"), st.floats(0.01, 100)),
)
def test_a_language_models_numbers_are_those_in_force(
    rows: int, epochs: int | str, batch: int | str, multiplier: float | str
) -> None:
    asked = {"n_epochs": epochs, "batch_size": batch, "learning_rate_multiplier": multiplier}
    made = plan("lora", "x", asked, rows, seed=1)
    recipe = catalogue.choose_recipe(None, made.recipe)
    assert isinstance(recipe, LoraRecipe)
    for name, value in asked.items():
        assert value in ("auto", made.resolved[name])
    assert (recipe.epochs, recipe.batch_size) == (
        made.resolved["n_epochs"], made.resolved["batch_size"],
    )  # fmt: skip
    factor = made.resolved["learning_rate_multiplier"]
    assert recipe.learning_rate == pytest.approx(LoraRecipe().learning_rate * factor)
    # What the trainer makes of it: a step takes no more rows than there are.
    taken = rows_a_step(recipe, rows)
    assert made.steps == made.resolved["n_epochs"] * math.ceil(rows / taken)
    assert recipe.early_stopping == (LoraRecipe().early_stopping if epochs == "auto" else 0)


@pytest.mark.parametrize("method", ["tfidf", "probe"])
def test_a_method_without_steps_says_what_it_cannot_heed(method: str) -> None:
    silent = plan(method, "all-MiniLM-L6-v2", AUTO, rows=1_000, seed=5)
    assert silent.resolved == {"n_epochs": 1, "batch_size": 256, "learning_rate_multiplier": 1.0}
    assert (silent.ignored, silent.steps) == ((), 1)
    asked = {"n_epochs": 1, "batch_size": 8, "learning_rate_multiplier": 0.2}
    told = plan(method, "all-MiniLM-L6-v2", asked, rows=1_000, seed=5)
    assert told.ignored == ("batch_size", "learning_rate_multiplier")
    assert told.resolved == silent.resolved
    assert told.recipe == silent.recipe


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n_epochs", 0), ("n_epochs", 51), ("n_epochs", 2.5), ("n_epochs", True),
        ("n_epochs", "3"), ("n_epochs", math.nan), ("n_epochs", math.inf),
        ("batch_size", 0), ("batch_size", 257), ("batch_size", -1),
        ("learning_rate_multiplier", 0), ("learning_rate_multiplier", -0.1),
        ("learning_rate_multiplier", math.inf), ("learning_rate_multiplier", "fast"),
        ("learning_rate_multiplier", 1_000.0),  # a rate above 1
    ],
)  # fmt: skip
def test_a_number_out_of_bounds_is_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(Refusal, match=name) as told:
        plan("finetune", "x", {**AUTO, name: value}, rows=20, seed=1)  # type: ignore[dict-item]
    assert (told.value.status, told.value.param) == (400, f"hyperparameters.{name}")


def test_an_order_is_read_as_it_was_written(tmp_path: Path) -> None:
    order = Order("ftjob-1", "m", {"method": "tfidf", "seed": 1}, {"n_epochs": 1}, ("batch_size",),
                  steps=1, validated=True, fault=JobError("a", "ñ", "training_file"))  # fmt: skip
    order.write(tmp_path)
    assert Order.read(tmp_path) == order
