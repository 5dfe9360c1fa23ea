"""The example files that come with the projects keep what their READMEs say of them."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path

import pytest
import yaml

from aprendiz.methods import catalogue
from aprendiz.projects.kinds import read

PROJECTS = Path(__file__).resolve().parents[3] / "projects"
INTENTS = PROJECTS / "intents" / "data"
Texts = dict[str, list[str]]


@pytest.fixture(scope="module")
def train() -> Texts:
    return json.loads((INTENTS / "intents.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def test() -> Texts:
    return json.loads((INTENTS / "test.json").read_text(encoding="utf-8"))


def words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text.lower().replace("'", "")))


def alike(one: str, other: str) -> float:
    """Jaccard index of the two sets of words."""
    mine, yours = set(words(one)), set(words(other))
    return len(mine & yours) / len(mine | yours)


def flat(texts: Texts) -> list[str]:
    return [text for group in texts.values() for text in group]


def test_there_are_enough_examples_of_enough_intents(train, test):
    assert len(train) >= 10
    assert {"get_news", "get_business_information", "get_profile"} <= set(train)
    assert min(len(texts) for texts in train.values()) >= 40
    assert min(len(texts) for texts in test.values()) >= 15


def test_both_files_have_the_same_intents(train, test):
    assert set(train) == set(test)


def test_no_text_is_given_twice_even_in_other_words(train, test):
    close = [
        (one, other)
        for one, other in itertools.combinations(flat(train) + flat(test), 2)
        if words(one) == words(other) or alike(one, other) >= 0.8
    ]
    assert close == []


def test_no_text_is_blank_or_padded(train, test):
    assert [text for text in flat(train) + flat(test) if not text or text != text.strip()] == []


def test_examples_are_not_stamped_from_a_template(train):
    """No opening of three words is used by more than a tenth of an intent's examples."""
    for intent, texts in train.items():
        openings = [words(text)[:3] for text in texts]
        commonest = max(openings, key=openings.count)
        assert openings.count(commonest) <= len(texts) / 10, (intent, commonest)


@pytest.mark.parametrize("name", ["intents", "news"])
class TestEveryShippedProject:
    def test_reads(self, name):
        project, _ = read(PROJECTS / name)
        assert project.name == name

    def test_every_recipe_is_valid(self, name):
        recipes = [
            PROJECTS / name / "recipe.yaml",
            *sorted((PROJECTS / name / "recipes").glob("*.yaml")),
        ]
        assert len(recipes) >= 3
        for path in recipes:
            assert catalogue.choose_recipe(None, path).method in catalogue.METHODS

    def test_the_default_recipe_is_the_good_one(self, name):
        values = yaml.safe_load((PROJECTS / name / "recipe.yaml").read_text(encoding="utf-8"))
        assert values["method"] == "finetune" and not values.get("plain")

    def test_the_example_is_in_no_data_file(self, name):
        project, _ = read(PROJECTS / name)
        for path in (PROJECTS / name).glob("data/*.json"):
            known = {words(text) for text in flat(json.loads(path.read_text(encoding="utf-8")))}
            assert not known & {words(example) for example in project.examples}


def test_news_asks_for_the_sample_of_the_old_project():
    project, _ = read(PROJECTS / "news")
    assert (project.sample.train, project.sample.validation) == (1000, 500)
    assert project.data == "hf://fancyzhx/ag_news:train"
