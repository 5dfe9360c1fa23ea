"""Steps, logs and checkpoints that follow from a recipe and the lengths of the rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz import recipe as recipes
from aprendiz.errors import RecipeError
from aprendiz.methods.lora.recipe import LoraRecipe
from aprendiz.methods.lora.work import Work


def recipe(**values: object) -> LoraRecipe:
    return recipes.build({"method": "lora", **values}, LoraRecipe)


@given(
    lengths=st.lists(st.integers(5, 200), min_size=1, max_size=300),
    batch=st.one_of(st.just("auto"), st.integers(1, 64)),
    epochs=st.one_of(st.just("auto"), st.integers(1, 30)),
    packed=st.booleans(),
)
def test_work_adds_up(lengths, batch, epochs, packed):
    work = Work.of(recipe(batch_size=batch, epochs=epochs), lengths, packed, 256)
    assert work.tokens == sum(lengths)
    assert max(lengths) <= work.longest <= 256
    assert 1 <= work.rows_a_step <= work.rows <= len(lengths)
    assert work.rows * work.longest >= work.tokens
    assert work.save_every % work.log_every == 0
    assert work.save_every <= max(200, work.steps_an_epoch) + work.log_every


def test_a_packed_row_holds_about_a_step_of_conversations():
    work = Work.of(recipe(batch_size=8, epochs=1), [50] * 80, True, 1024)
    assert (work.longest, work.rows_a_step, work.rows) == (400, 1, 10)
    short = Work.of(recipe(batch_size=8, epochs=1), [50] * 80, True, 100)
    assert (short.longest, short.rows_a_step, short.rows) == (100, 4, 40)


def test_few_rows_get_more_epochs():
    few = Work.of(recipe(), [20] * 64, False, 256)
    many = Work.of(recipe(), [20] * 6400, False, 256)
    assert few.epochs > many.epochs >= 3
    assert few.steps >= 80


def test_long_epochs_are_evaluated_on_the_way():
    assert Work.of(recipe(batch_size=1, epochs=1), [20] * 1000, False, 256).save_every == 200


@pytest.mark.parametrize(
    ("key", "value"),
    [("rank", 0), ("variant", "vera"), ("base_model", []), ("dropout", 1.0), ("packing", "maybe")],
)
def test_settings_out_of_range_are_refused(key, value):
    with pytest.raises(RecipeError, match=key):
        recipe(**{key: value})


def test_a_list_of_base_models_and_yes_or_no_for_packing_are_taken():
    filled = recipe(base_model=["a/b", "maths-tiny"], packing=True)
    assert filled.base_model == ["a/b", "maths-tiny"]
    assert filled.packing is True
    assert recipe().packing == "auto"
