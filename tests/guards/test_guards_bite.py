"""Every guard is seen failing: a copy of the house, one fault planted, the right guard names it.

The guards are blind in different places, so each fault says who must see it, and the last
tests show faults that one guard alone can see.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.guards import house
from tests.guards.house import ROOT

DOWN = "Rooms look down only"
STRANGERS = "Methods never import each other"
CIRCLES = "No circles inside a room"
LIGHT = "Light rooms name no model library"
WEB = "Only serving and the platform's http folder speak HTTP"
VENDORS = "Only the managed method talks to a vendor, only the platform's store to a database"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the guards read, free to be spoilt."""
    root = tmp_path / "copy"
    ignore = shutil.ignore_patterns("__pycache__", ".mypy_cache", "*.egg-info")
    shutil.copytree(ROOT / "src", root / "src", ignore=ignore)
    for name in ("pyproject.toml", "requirements.lock", "CHANGELOG.md"):
        shutil.copy(ROOT / name, root / name)
    return root


def plant(root: Path, file: str, line: str, at_top: bool = True) -> None:
    """Put a line into a file of the package: after its ``__future__`` import, or inside a
    function at its end. A file that does not exist is made."""
    path = house.package(root) / file
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f'"""Planted."""\n\n{line}\n', encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    if at_top:
        marker = "from __future__ import annotations\n"
        assert text.count(marker) == 1, file
        text = text.replace(marker, f"{marker}{line}\n")
    else:
        text += f"\n\ndef _planted() -> None:\n    {line}\n"
    path.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "line", "contract"),
    [
        ("artifact/manifest.py", "import aprendiz.workflow", DOWN),
        ("evaluation/metrics.py", "import aprendiz.cli.main", DOWN),
        ("data/records.py", "import aprendiz.recipe", DOWN),
        ("workflow.py", "import aprendiz.serving.schemas", DOWN),
        ("methods/tfidf/recipe.py", "import aprendiz.methods.probe.recipe", STRANGERS),
        ("methods/probe/train.py", "import aprendiz.methods.finetune.train", STRANGERS),
        ("data/records.py", "import aprendiz.data.dataset", CIRCLES),
        ("data/check.py", "import torch", LIGHT),
        ("evaluation/metrics.py", "import sklearn.metrics", LIGHT),
        ("methods/finetune/recipe.py", "import transformers", LIGHT),
        ("artifact/manifest.py", "import fastapi", WEB),
        ("platform/jobs.py", "import fastapi", WEB),
        ("projects/run.py", "import aprendiz.platform.records", DOWN),
        ("workflow.py", "import openai", VENDORS),
        ("platform/jobs.py", "import sqlalchemy", VENDORS),
    ],
)
def test_contract_bites(copy: Path, file: str, line: str, contract: str) -> None:
    plant(copy, file, line, at_top=False)  # an import inside a function counts as well
    assert house.contracts(copy)[contract] is False


def test_a_new_room_is_refused_until_it_has_its_place(copy: Path) -> None:
    plant(copy, "helpers/__init__.py", "")
    assert house.contracts(copy)[DOWN] is False


def test_a_new_method_is_a_stranger_without_being_listed(copy: Path) -> None:
    plant(copy, "methods/newcomer/__init__.py", "")
    plant(copy, "methods/newcomer/train.py", "import aprendiz.methods.tfidf.train")
    assert house.contracts(copy)[STRANGERS] is False


def test_an_exception_that_nobody_needs_is_refused(copy: Path) -> None:
    file = copy / "pyproject.toml"
    text = file.read_text(encoding="utf-8")
    old = '"aprendiz.data.parquet -> pyarrow",'
    assert old in text
    file.write_text(text.replace(old, f'{old}\n"aprendiz.data.records -> pyarrow",'))
    with pytest.raises(RuntimeError, match=r"aprendiz\.data\.records -> pyarrow"):
        house.contracts(copy)


@pytest.mark.parametrize(
    ("file", "line", "code"),
    [
        ("data/check.py", "import torch", "TID253"),
        ("workflow.py", "from matplotlib.figure import Figure", "TID253"),
        ("cli/train.py", "import transformers", "TID253"),
        ("data/split.py", "import os; HOME = os.environ", "TID251"),
        ("neural/device.py", "import os; HOME = os.getenv('HOME')", "TID251"),
        ("workflow.py", "import sys; stop = sys.exit", "TID251"),
        ("artifact/model.py", "import pickle", "TID251"),
        ("methods/tfidf/train.py", "import joblib", "TID251"),
        ("neural/onnx_int8.py", "import onnxruntime", "TID251"),
        ("data/read.py", "from . import records", "TID252"),
        ("data/read.py", "print('hello')", "T201"),
    ],
)
def test_ban_bites(copy: Path, file: str, line: str, code: str) -> None:
    plant(copy, file, line)
    assert f"src/aprendiz/{file} {code}" in house.ban_faults(copy)


@pytest.mark.parametrize(
    ("room", "file", "line", "library"),
    [
        ("data", "data/sample.py", "import torch", "torch"),  # which no other file of it imports
        ("settings", "settings.py", "import numpy", "numpy"),
        ("methods", "methods/probe/recipe.py", "import sklearn", "sklearn"),
        ("evaluation", "evaluation/again.py", "import scipy", "scipy"),
        ("tracking", "tracking/memory.py", "import mlflow", "mlflow"),
        ("serving", "serving/announce.py", "import fastapi", "fastapi"),
    ],
)
def test_process_guard_bites(copy: Path, room: str, file: str, line: str, library: str) -> None:
    plant(copy, file, line)
    name = "aprendiz." + file.removesuffix(".py").replace("/", ".")
    assert f"{name} loads {library}" in house.loaded_faults(copy, room)


def test_a_chain_of_light_files_to_a_heavy_one_is_seen_by_the_process_guard_alone(
    copy: Path,
) -> None:
    plant(copy, "workflow.py", "import aprendiz.report.figures")
    plant(copy, "cli/train.py", "import aprendiz.workflow")
    assert all(house.contracts(copy).values()) is all(house.contracts(ROOT).values())
    assert house.ban_faults(copy) == []
    faults = house.loaded_faults(copy, "cli")
    assert any(fault.endswith("loads matplotlib") for fault in faults)
    told = house.run_commands(copy, ["--help"])[1]
    assert "matplotlib" in told["loaded"]


def test_an_import_inside_a_function_is_seen_by_running_the_command_alone(copy: Path) -> None:
    file = house.package(copy) / "recipe.py"
    text = file.read_text(encoding="utf-8")
    old = "    blocks = []\n"
    assert text.count(old) == 1
    file.write_text(text.replace(old, f"    import numpy\n{old}"), encoding="utf-8")
    assert house.loaded_faults(copy, "recipe") == []
    assert "numpy" in house.run_commands(copy, ["recipe", "new", "tfidf"])[1]["loaded"]


@pytest.mark.parametrize(
    ("file", "text", "fault"),
    [
        ("data/new.py", "x = 1\n", "no docstring says what it is for"),
        ("data/new.py", '"""New."""\ndef public(): ...\n', "public has no docstring"),
        ("data/utils.py", '"""Things."""\n', "the name says nothing"),
        ("data/new.py", '"""Long."""\n' + "# more\n" * 400, "more than 400"),
        ("data/__init__.py", '"""Data."""\nimport json\n', "nothing else"),
    ],
)
def test_style_guard_bites(copy: Path, file: str, text: str, fault: str) -> None:
    (house.package(copy) / file).write_text(text, encoding="utf-8")
    faults = house.style_faults(copy)
    assert any(f"src/aprendiz/{file}" in each and fault in each for each in faults), faults


def test_changelog_guard_bites(copy: Path) -> None:
    assert house.changelog_faults(copy, "99.0.0") != []
    (copy / "CHANGELOG.md").unlink()
    assert house.changelog_faults(copy, "0.1.0") == ["there is no CHANGELOG.md"]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("torch==2.13.0", "torch==2.13.0+cpu", "not an exact version"),
        ("typer==", "typer>=", "not an exact version"),
        ("rich==", "rich @ file:///somewhere/rich-", "not an exact version"),
        ("numpy==", "# numpy==", "not pinned: numpy"),
        ("joblib==", "# joblib==", "not pinned: joblib (for scikit-learn)"),
    ],
)
def test_lock_guard_bites(copy: Path, old: str, new: str, fault: str) -> None:
    file = copy / "requirements.lock"
    text = file.read_text(encoding="utf-8")
    assert f"\n{old}" in text
    file.write_text(text.replace(f"\n{old}", f"\n{new}"), encoding="utf-8")
    assert any(each.startswith(fault) for each in house.lock_faults(copy))


def test_lock_guard_bites_on_a_version_for_a_later_python(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "late-9.9.dist-info"
    told.mkdir()
    (told / "METADATA").write_text("Name: late\nVersion: 9.9\nRequires-Python: >=3.11.5\n")
    monkeypatch.syspath_prepend(tmp_path)
    with (copy / "requirements.lock").open("a", encoding="utf-8") as file:
        file.write("late==9.9\n")
    assert house.lock_faults(copy) == ["does not run on Python 3.11: late==9.9"]


def test_declaration_guard_bites(copy: Path) -> None:
    plant(copy, "data/read.py", "import requests")
    assert house.undeclared(copy) == ["requests"]
