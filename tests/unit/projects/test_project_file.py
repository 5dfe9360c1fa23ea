"""A project.yaml that does not add up is refused with its path and the key at fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from aprendiz.errors import ProjectError
from aprendiz.projects.kinds import read

GOOD = """\
name: small
title: A small project
data: rows.csv
recipe: recipe.yaml
examples: [hello]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rows.csv").write_text("text,label\nhi,a\n")
    (tmp_path / "recipe.yaml").write_text("method: tfidf\n")
    (tmp_path / "project.yaml").write_text(GOOD)
    return tmp_path


def test_paths_are_relative_to_the_folder_and_addresses_stay(folder):
    (folder / "project.yaml").write_text(GOOD + "test: hf://owner/name:test\n")
    project, _ = read(folder)
    assert project.data == str(folder / "rows.csv")
    assert project.test == "hf://owner/name:test"


def test_changes_are_taken_as_they_stand(folder):
    project, _ = read(folder, {"data": "elsewhere/rows.csv"})
    assert project.data == "elsewhere/rows.csv"


def test_changed_settings_come_after_those_of_the_file(folder):
    (folder / "project.yaml").write_text(GOOD + "recipe_settings: [seed=1]\n")
    project, _ = read(folder, {"recipe_settings": ["seed=2"]})
    assert project.recipe_settings == ("seed=1", "seed=2")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        (GOOD + "tset: x.csv\n", ["tset", "no such key", "'test'"]),
        (GOOD.replace("name: small\n", ""), ["name", "is missing"]),
        (GOOD + "holdout: 1.5\n", ["holdout", "1.5"]),
        (GOOD + "sample: {train: 10}\n", ["sample.validation", "missing"]),
        (GOOD + "sample: {train: 10, validation: 5, tset: 3}\n", ["sample.tset"]),
        (GOOD.replace("rows.csv", "gone.csv"), ["data", "gone.csv"]),
        (GOOD.replace("recipe.yaml", "gone.yaml"), ["recipe", "gone.yaml"]),
        (GOOD.replace("[hello]", "[]"), ["examples"]),
        (GOOD + "kind: poem\n", ["kind", "poem"]),
        (GOOD + "kind: [poem]\n", ["kind"]),
        (GOOD + "seed: many\nholdout: -1\n", ["seed", "holdout"]),
        ("name: [\n", ["project.yaml:2", "YAML"]),
        ("just words\n", ["key: value"]),
        ("", ["key: value"]),
        (GOOD.replace("data: rows.csv", "data: 3"), ["data", "3"]),
    ],
)
def test_each_fault_names_file_and_key(folder, written, told):
    (folder / "project.yaml").write_text(written)
    with pytest.raises(ProjectError) as caught:
        read(folder)
    assert str(folder / "project.yaml") in caught.value.message
    for word in told:
        assert word in caught.value.message


def test_no_project_there(tmp_path):
    with pytest.raises(ProjectError, match="not a project") as caught:
        read(tmp_path / "nothing")
    assert caught.value.hint and caught.value.exit_code == 2


def test_not_utf8(folder):
    (folder / "project.yaml").write_bytes(GOOD.replace("small", "ma\xf1ana").encode("latin-1"))
    with pytest.raises(ProjectError, match="UTF-8"):
        read(folder)
