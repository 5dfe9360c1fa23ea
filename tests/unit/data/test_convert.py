"""``aprendiz data convert``: the same rows in another form, whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from aprendiz.cli.main import app
from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.rules import AZURE, OPENAI, check_conversations
from aprendiz.data.convert import convert
from aprendiz.data.read import read_examples
from aprendiz.errors import DataError
from tests.unit.data.conftest import Write

PAIRS = [
    {"instruction": f"¿Cuánto es {at} + 1?", "response": str(at + 1), "concept": "sumas", "id": at}
    for at in range(12)
]


@pytest.fixture
def pairs(write: Write) -> Path:
    return write("pairs.json", json.dumps(PAIRS, indent=1))


@pytest.mark.parametrize("name", ["out.jsonl", "out.json"])
def test_pairs_become_messages_with_their_fields(name: str, pairs: Path, tmp_path: Path) -> None:
    outcome = CliRunner().invoke(
        app, ["data", "convert", str(pairs), str(tmp_path / name), "--json"]
    )
    assert outcome.exit_code == 0, outcome.output
    told = {"file": str(tmp_path / name), "kind": "conversations", "rows": 12, "dropped": []}
    assert json.loads(outcome.stdout) == told
    body = (tmp_path / name).read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = (
        json.loads(body) if name == "out.json" else [json.loads(line) for line in body.splitlines()]
    )
    assert rows[3] == {
        "messages": [
            {"role": "user", "content": "¿Cuánto es 3 + 1?"},
            {"role": "assistant", "content": "4"},
        ],
        "concept": "sumas",
        "id": 3,
    }
    assert read_conversations(tmp_path / name).findings == ()


@pytest.mark.parametrize("rules", [OPENAI, AZURE], ids=lambda rules: rules.name)
def test_a_service_gets_what_it_takes(rules: Any, pairs: Path, tmp_path: Path) -> None:
    service = "azure" if rules is AZURE else "openai"
    out = tmp_path / "out.jsonl"
    outcome = CliRunner().invoke(app, ["data", "convert", str(pairs), str(out), "--for", service])
    assert outcome.exit_code == 0, outcome.output
    assert "12 conversations, without concept, id" in outcome.stdout
    found = check_conversations(read_conversations(out, rules.forms), rules)
    assert not [each for each in found if each.severity == "error" or each.kind == "bom_missing"]


def test_a_service_refuses_before_anything_is_written(write: Write, tmp_path: Path) -> None:
    few = write("few.json", json.dumps(PAIRS[:3]))
    with pytest.raises(DataError, match="at least 10"):
        convert(few, tmp_path / "out.jsonl", service=OPENAI)
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("suffix", ["json", "jsonl", "tsv"])
def test_examples_go_there_and_back(suffix: str, write: Write, tmp_path: Path) -> None:
    source = write("a.csv", 'text,label\n"one, two",a\n"línea\nnueva",b\ntab\there,a\nsix,b\n')
    there, back = tmp_path / f"b.{suffix}", tmp_path / "c.csv"
    assert convert(source, there).rows == 4
    convert(there, back)
    rows = [[(row.text, row.label) for row in read_examples(file).examples] for file in (source, there, back)]  # fmt: skip
    assert rows[0] == rows[1] == rows[2] and len(rows[0]) == 4


@pytest.mark.parametrize(
    ("source", "out", "word"),
    [
        ("pairs.json", "pairs.json", "original"),
        ("pairs.json", "out.csv", ".jsonl"),
        ("pairs.json", "none/out.jsonl", "folder"),
        ("a.csv", "out.parquet", ".csv"),
        ("missing.json", "out.jsonl", "no such file"),
        ("broken.json", "out.jsonl", "no answer"),
    ],
)
def test_refused(source: str, out: str, word: str, pairs: Path, write: Write) -> None:
    write("a.csv", "text,label\none,a\ntwo,b\n")
    write("broken.json", json.dumps([*PAIRS, {"instruction": "why"}]))
    before = sorted(pairs.parent.iterdir())
    with pytest.raises(DataError) as caught:
        convert(pairs.with_name(source), pairs.parent / out)
    assert word in caught.value.message + caught.value.hint
    assert sorted(pairs.parent.iterdir()) == before


def test_examples_are_not_for_a_service(write: Write, tmp_path: Path) -> None:
    path = write("a.csv", "text,label\none,a\ntwo,b\n")
    with pytest.raises(DataError, match="learns from conversations"):
        convert(path, tmp_path / "b.jsonl", service=OPENAI)
