"""Light doors: what is in memory after an import or a command, seen in a fresh process.

Nothing here measures time; what makes a start slow is what it loads, and that is exact.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.guards import house
from tests.guards.house import HEAVY, ROOT

ROOMS = house.light_rooms(ROOT)

# Measured 42 MB; a model library would add far more than the difference.
HELP_MEMORY_KB = 60_000


@pytest.mark.parametrize("room", ROOMS)
def test_room_imports_nothing_heavy(room: str) -> None:
    assert house.loaded_faults(ROOT, room) == []


def test_every_module_is_looked_at() -> None:
    light = {name for names in ROOMS.values() for name in names}
    heavy = {house.module(ROOT, file) for file in house.files(ROOT)} - light
    assert len(light) >= 50
    assert {"aprendiz.workflow", "aprendiz.cli.main", "aprendiz.methods.tfidf.recipe"} <= light
    # What is heavy says so in its name.
    says_so = (
        "train", "trainer", "calibrate", "predict", "figures", "app", "chat_app", "connections",
        "server", "__main__",
    )  # fmt: skip
    assert all(
        name.startswith(
            (
                "aprendiz.neural",
                "aprendiz.platform.http",
                "aprendiz.platform.store",
                "aprendiz.tracking.mlflow_",
            )
        )
        or name.rpartition(".")[2] in says_so
        for name in heavy
    ), heavy


def test_help_is_light() -> None:
    said, told = house.run_commands(ROOT, ["--help"])
    assert told["codes"] == [0]
    assert "Usage" in said
    assert {*HEAVY, "numpy"} & set(told["loaded"]) == set()
    assert told["peak_kb"] < HELP_MEMORY_KB


def test_help_of_every_command_is_light() -> None:
    from aprendiz.cli.main import app

    commands = [
        [command.name or command.callback.__name__]
        for command in app.registered_commands
        if command.callback is not None
    ]
    for group in app.registered_groups:
        assert group.name
        assert group.typer_instance is not None
        commands += [
            [group.name, command.name or command.callback.__name__]
            for command in group.typer_instance.registered_commands
            if command.callback is not None
        ]
    assert len(commands) >= 10
    said, told = house.run_commands(ROOT, *([*command, "--help"] for command in commands))
    assert told["codes"] == [0] * len(commands)
    assert said.count("Usage") == len(commands)
    assert {*HEAVY, "numpy"} & set(told["loaded"]) == set()


def test_recipes_are_light() -> None:
    said, told = house.run_commands(ROOT, ["recipe", "new", "finetune"])
    assert told["codes"] == [0]
    assert "method: finetune" in said
    assert {*HEAVY, "numpy"} & set(told["loaded"]) == set()


@pytest.fixture
def data_files(examples_file: Path, tmp_path: Path) -> dict[str, Path]:
    """The same thirty examples in every form that needs no library of its own."""
    examples: dict[str, list[str]] = json.loads(examples_file.read_text(encoding="utf-8"))
    rows = [{"text": text, "label": label} for label, texts in examples.items() for text in texts]
    written = {
        "json": json.dumps(rows),
        "jsonl": "\n".join(json.dumps(row) for row in rows),
        "csv": "text,label\n" + "\n".join(f'"{row["text"]}",{row["label"]}' for row in rows),
        "tsv": "text\tlabel\n" + "\n".join(f"{row['text']}\t{row['label']}" for row in rows),
    }
    for kind, text in written.items():
        (tmp_path / f"rows.{kind}").write_text(text + "\n", encoding="utf-8")
    return {kind: tmp_path / f"rows.{kind}" for kind in written} | {"grouped": examples_file}


@pytest.mark.parametrize("kind", ["json", "jsonl", "csv", "tsv", "grouped"])
def test_checking_data_is_light(data_files: dict[str, Path], kind: str) -> None:
    """Near duplicates are found with numpy, which every installation has; nothing else is loaded."""
    said, told = house.run_commands(ROOT, ["data", "check", str(data_files[kind]), "--json"])
    assert told["codes"] == [0], said
    assert json.loads(said)["ok"] is True
    assert HEAVY & set(told["loaded"]) == set()


def test_checking_parquet_loads_its_reader_and_no_model_library(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    texts = [f"the text number {n}" for n in range(20)]
    table = pyarrow.table({"text": texts, "label": ["even", "odd"] * 10})
    parquet.write_table(table, tmp_path / "rows.parquet")
    said, told = house.run_commands(
        ROOT, ["data", "check", str(tmp_path / "rows.parquet"), "--json"]
    )
    assert told["codes"] == [0], said
    assert HEAVY & set(told["loaded"]) == {"pyarrow"}
