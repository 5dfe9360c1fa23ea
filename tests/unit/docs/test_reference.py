"""The generated reference is whole: nothing that the code offers is missing from it."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from aprendiz import errors
from aprendiz.artifact.manifest import Manifest
from aprendiz.methods import catalogue
from aprendiz.settings import Settings, variable_of
from tests.unit.docs.pages import ROOT


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_and_option(generate: ModuleType) -> None:
    page = generate.command_line_page()
    checked = 0
    for path, command in generate.commands():
        section = page.partition(f"\n## {path}\n")[2].partition("\n## ")[0]
        assert command.help and command.help in section, path
        for parameter in command.params:
            if parameter.hidden:
                continue
            names = parameter.opts if parameter.param_type_name == "option" else ()
            assert all(f"`{name}`" in section for name in names), (path, names)
            assert parameter.help, f"{path}: {parameter.name} has no help"
            checked += 1
    assert checked > 40


def test_every_recipe_setting(generate: ModuleType) -> None:
    page = generate.recipes_page()
    checked = 0
    for name in catalogue.METHODS:
        section = page.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
        for setting, field in catalogue.recipe_class(name).model_fields.items():
            assert f"| `{setting}` |" in section
            assert (field.description or "") in section.replace("\\|", "|")
            checked += 1
    assert checked > 20


def test_every_setting_of_the_machine(generate: ModuleType) -> None:
    page = generate.settings_page()
    for name, field in Settings.model_fields.items():
        assert f"| `{variable_of(name)}` | {field.description} |" in page
    assert len(Settings.model_fields) > 10


def test_every_kind_of_finding(generate: ModuleType) -> None:
    from aprendiz.data.kinds import KINDS

    page = generate.findings_page()
    for name, kind in KINDS.items():
        assert f"| `{name}` | {kind.severity} | {kind.meaning} |" in page
    assert len(KINDS) > 80


def test_every_error(generate: ModuleType) -> None:
    page = generate.errors_page()
    kinds = [
        kind
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.AprendizError)
    ]
    assert len(kinds) >= 10
    for kind in kinds:
        assert f"| `{kind.__name__}` | {kind.exit_code} |" in page
        assert f"\n| {kind.exit_code} |" in page


def test_every_route_and_field_over_http(generate: ModuleType) -> None:
    from aprendiz.serving.app import create_app

    page = generate.http_page()
    document = create_app().openapi()
    assert {"/health", "/classify"} <= set(document["paths"])
    for path, operations in document["paths"].items():
        for verb in operations:
            assert f"## {verb.upper()} {path}" in page
    for schema in document["components"]["schemas"].values():
        assert all(f"| `{field}`" in page for field in schema.get("properties", {}))


def test_every_route_of_the_platform(generate: ModuleType) -> None:
    page = generate.routes_page()
    for line in (
        "| `POST /fine_tuning/jobs` |",
        "| `POST /chat/completions` |",
        "| `POST /deployments/{deployment}/chat/completions` |",
        "| `GET /files/{file_id}/content` |",
    ):
        assert page.count(line) == 1
    assert "| `/v1` `/openai/v1` `/openai` |" in page


def test_every_field_of_the_manifest(generate: ModuleType) -> None:
    page = generate.manifest_page()
    for field in Manifest.model_fields:
        assert f"| `{field}` | " in page
        assert f"| `{field}` |  |" not in page, f"{field} has no description"


def test_pages_are_written_once(generate: ModuleType, tmp_path: Path) -> None:
    first = {path: path.stat().st_mtime_ns for path in generate.write_all(tmp_path)}
    assert len(first) == len(generate.PAGES) >= 6
    assert first == {path: path.stat().st_mtime_ns for path in generate.write_all(tmp_path)}


@pytest.mark.slow
def test_the_pages_build_without_a_warning(tmp_path: Path) -> None:
    import subprocess

    pytest.importorskip("sphinx")
    pytest.importorskip("furo")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            "-W",
            "-q",
            "-b",
            "html",
            "-d",
            tmp_path / "trees",
            ROOT / "docs",
            tmp_path / "html",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "html" / "index.html").is_file()
