"""Papers that must agree with the code: changelog, lock, recipes."""

from __future__ import annotations

import re

import pytest
import yaml

from aprendiz._version import __version__
from aprendiz.methods import catalogue
from aprendiz.recipe import build, template
from tests.guards import house
from tests.guards.house import ROOT


def test_changelog_opens_with_the_version() -> None:
    assert house.changelog_faults(ROOT, __version__) == []


def test_lock_pins_everything_and_names_no_address() -> None:
    assert house.lock_faults(ROOT) == []


def test_makefile_installs_the_torch_of_the_lock() -> None:
    asked = re.search(r"^TORCH := (\S+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert asked
    assert asked[1] in (ROOT / "requirements.lock").read_text().splitlines()


def test_there_is_a_recipe_for_every_method() -> None:
    files = {file.stem for file in (ROOT / "recipes").glob("*.yaml")}
    assert len(catalogue.METHODS) >= 3
    assert catalogue.METHODS.keys() <= files


@pytest.mark.parametrize("method", catalogue.METHODS)
def test_recipe_is_the_template_and_loads(method: str) -> None:
    kind = catalogue.recipe_class(method)
    text = (ROOT / "recipes" / f"{method}.yaml").read_text(encoding="utf-8")
    assert text == template(kind, method)
    assert build(yaml.safe_load(text), kind).method == method
    assert len(kind.model_fields.keys() - {"method"}) <= 15
