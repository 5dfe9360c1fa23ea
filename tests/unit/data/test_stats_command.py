"""``aprendiz data stats``: a short page, one JSON document, a page with pictures."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from aprendiz.cli.main import app
from aprendiz.errors import DataError
from tests.unit.data.conftest import Write

MOST_LINES = 40


def run(*arguments: object) -> str:
    outcome = CliRunner().invoke(app, ["data", "stats", *map(str, arguments)])
    if outcome.exception and not isinstance(outcome.exception, SystemExit):
        raise outcome.exception
    assert outcome.exit_code == 0, outcome.output
    return outcome.stdout


def many_labels(labels: int, rows: int) -> str:
    chance = random.Random(3)
    told = (
        f'"{" ".join(f"word{chance.randrange(300)}" for _ in range(9))}",'
        f"a_rather_long_name_of_a_label_{at % labels:04d}\n"
        for at in range(rows)
    )
    return "text,label\n" + "".join(told)


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Room for the temporary folder's name, however long it is."""
    monkeypatch.setenv("COLUMNS", "400")


def test_examples(examples_file: Path) -> None:
    said = run(examples_file)
    assert "30 rows (json by label)" in said
    assert "3, 10 rows each" in said
    assert "English" in said
    assert all(f"\n  {label} " in said for label in ("greet", "order", "refund"))


@pytest.mark.parametrize("labels", [1, 12, 13, 14, 150])
def test_the_page_is_short_and_narrow(
    write: Write, labels: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    paths = [write(f"{name}.csv", many_labels(labels, 450)) for name in "abcde"]
    lines = run(*paths).splitlines()
    assert len(lines) <= MOST_LINES
    assert max(map(len, lines)) <= 80
    shown = sum("a_rather" in line and "~" not in line for line in lines)
    hidden = next((line for line in lines if " more of " in line), None)
    assert shown == min(labels, 12)
    assert (hidden is None) == (labels <= 12)
    if hidden:
        assert f"… {labels - 12} more of" in hidden


def test_unusable_rows_are_said(write: Write) -> None:
    said = run(write("a.csv", "text,label\none,a\n,a\ntwo,b\n"))
    assert "3 rows (csv), 1 of them unusable" in said


def test_json_is_one_document(examples_file: Path) -> None:
    told = json.loads(run(examples_file, "--json"))
    assert told["kind"] == "texts"
    assert told["rows"] == 30
    assert {label["name"]: label["rows"] for label in told["labels"]} == {
        "greet": 10,
        "order": 10,
        "refund": 10,
    }
    assert {each["unit"] for each in told["lengths"]} == {"characters", "words", "tokens"}


def test_columns_can_be_named(write: Write) -> None:
    path = write("a.csv", "q,k\none,a\ntwo,b\n")
    assert json.loads(run(path, "--text-column", "q", "--label-column", "k", "--json"))["rows"] == 2


def test_conversations(write: Write) -> None:
    row = {"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]}
    path = write("a.jsonl", (json.dumps(row) + "\n") * 3)
    said = run(path)
    assert "3 conversations" in said
    assert "3 × 'yo'" in said
    assert "2 conversations exact" in said
    assert len(said.splitlines()) <= MOST_LINES
    assert json.loads(run(path, "--json"))["kind"] == "conversations"


def test_a_page_with_pictures_is_written(examples_file: Path, tmp_path: Path) -> None:
    page = tmp_path / "new" / "page.html"
    json.loads(run(examples_file, "--report", page, "--json"))
    assert "<svg" in page.read_text(encoding="utf-8")


def test_a_report_never_overwrites_data(examples_file: Path) -> None:
    before = examples_file.read_bytes()
    outcome = CliRunner().invoke(
        app, ["data", "stats", str(examples_file), "--report", str(examples_file)]
    )
    assert outcome.exit_code == 2
    assert examples_file.read_bytes() == before


def test_two_kinds_at_once_are_refused(examples_file: Path, write: Write) -> None:
    chat = write("a.jsonl", '{"messages": [{"role": "user", "content": "hi"}]}\n')
    with pytest.raises(DataError, match="conversations"):
        run(examples_file, chat)


@pytest.mark.parametrize("content", ["text,label\n", "", "text,label\n,\n"])
def test_nothing_usable_is_an_error_with_a_way_out(write: Write, content: str) -> None:
    path = write("a.csv", content)
    with pytest.raises(DataError) as raised:
        run(path)
    assert raised.value.exit_code == 2
    assert "data check" in raised.value.hint
