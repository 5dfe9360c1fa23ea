"""Patches: what is decided is on disk at once, reads well in git, and does only what it says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from aprendiz.cli.main import app
from aprendiz.data.apply import apply_patch
from aprendiz.data.doubtful import read_doubtful
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example
from aprendiz.data.repair import Decision, Patch, read_patch, repair
from aprendiz.errors import DataError
from tests.unit.data.conftest import Write

CSV = 'id,text,label\r\n1,"one, they say",a\r\n2,"two\r\nlines",a\r\n\r\n3,three,b\r\n4,  four ,b'
DECISIONS = [
    Decision("relabel", "two\r\nlines", "a", "b, c", 3),
    Decision("drop", "three", "b", line=6),
    Decision("keep", "four", "b", line=7),
    Decision("add", "five", "", "a"),
    Decision("ignore", "six", ""),
]


def patch_of(path: Path, decisions: list[Decision]) -> Path:
    patch = Patch(path)
    for each in decisions:
        patch.decide(each)
    return path


def test_only_what_was_decided_changes(write: Write, tmp_path: Path) -> None:
    file, patch = write("a.csv", CSV), patch_of(tmp_path / "p.jsonl", DECISIONS)
    told = apply_patch(str(file), patch, tmp_path / "new.csv")
    assert (tmp_path / "new.csv").read_bytes().decode() == (
        'id,text,label\r\n1,"one, they say",a\r\n2,"two\r\nlines","b, c"\r\n4,  four ,b\n,five,a\n'
    )
    assert (told.relabelled, told.dropped, told.added, told.kept) == (1, 1, 1, 1)
    assert file.read_bytes().decode() == CSV


@pytest.mark.parametrize(
    ("suffix", "header", "row"),
    [("tsv", "etiqueta\ttexto", "{label}\t{text}"), ("csv", "texto;etiqueta", "{text};{label}")],
)
def test_other_delimiters_and_columns(write: Write, tmp_path: Path, suffix, header, row) -> None:
    def table(first: str) -> str:
        rows = [("uno", first), ("dos", "x"), ("tres", "y"), ("cuatro", "y")]
        return "\n".join([header, *(row.format(text=t, label=la) for t, la in rows)]) + "\n"

    patch = patch_of(tmp_path / "p.jsonl", [Decision("relabel", "uno", "x", "y", 2)])
    new = tmp_path / f"new.{suffix}"
    apply_patch(str(write(f"a.{suffix}", table("x"))), patch, new)
    assert new.read_text() == table("y")


def test_json_lines_keep_other_values(write: Write, tmp_path: Path) -> None:
    lines = [
        '{"who": 7,  "text": "uno", "intent": "x"}',
        '{"text": "dos", "intent": "y", "at": null}',
    ]
    patch = patch_of(tmp_path / "p.jsonl", [Decision("relabel", "dos", "y", "ñ", 2)])
    apply_patch(str(write("a.jsonl", "\n".join(lines))), patch, tmp_path / "new.jsonl")
    first, second = (tmp_path / "new.jsonl").read_text(encoding="utf-8").splitlines()
    assert first == lines[0]
    assert second == '{"text": "dos", "intent": "ñ", "at": null}'


def test_by_label_stays_by_label(examples_file: Path, tmp_path: Path) -> None:
    patch = patch_of(tmp_path / "p.jsonl", [Decision("relabel", "hey friend", "greet", "order")])
    apply_patch(str(examples_file), patch, tmp_path / "new.json")
    told = json.loads((tmp_path / "new.json").read_text())
    assert "hey friend" in told["order"] and "hey friend" not in told["greet"]
    assert sum(map(len, told.values())) == 30


def test_a_repeat_is_repaired_with_its_row() -> None:
    rows = [Example("one", "a", "f", line) for line in (2, 3)] + [Example("one", "b", "f", 4)]
    told = repair(rows, [Decision("relabel", "one", "a", "c", 2)], "p")
    assert [row.label for row in told.rows] == ["c", "c", "b"]
    assert told.origins == (0, 1, 2)


def test_a_patch_that_does_not_fit(write: Write, tmp_path: Path) -> None:
    file, patch = str(write("a.csv", CSV)), patch_of(tmp_path / "p.jsonl", DECISIONS)
    apply_patch(file, patch, tmp_path / "new.csv")
    with pytest.raises(DataError, match="do not fit") as caught:
        apply_patch(str(tmp_path / "new.csv"), patch, tmp_path / "newer.csv")
    assert len(caught.value.findings) == 3  # relabelled, dropped and added already
    assert not (tmp_path / "newer.csv").exists()


def test_the_original_is_not_overwritten(write: Write, tmp_path: Path) -> None:
    file, patch = write("a.csv", CSV), patch_of(tmp_path / "p.jsonl", DECISIONS)
    with pytest.raises(DataError, match="original"):
        apply_patch(str(file), patch, file)
    with pytest.raises(DataError, match="cannot be written"):
        apply_patch(str(file), patch, tmp_path / "new.parquet")
    assert file.read_bytes().decode() == CSV


def test_a_decision_is_on_disk_at_once_and_can_be_withdrawn(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    patch = Patch(path)
    for count, each in enumerate(DECISIONS, start=1):
        patch.decide(each)
        assert len(read_patch(path)) == count
    patch.withdraw(DECISIONS[0])
    assert read_patch(path) == [DECISIONS[1], DECISIONS[2], DECISIONS[3], DECISIONS[4]]


def test_a_patch_reads_well_in_git(tmp_path: Path) -> None:
    """A later decision adds or changes one line; the lines stand in the order of the file."""
    path = tmp_path / "p.jsonl"
    patch = Patch(path)
    patch.decide(Decision("drop", "treś", "b", line=6))
    before = path.read_text(encoding="utf-8")
    patch.decide(Decision("relabel", "two", "a", "b", 3))
    assert path.read_text(encoding="utf-8") == (
        '{"line": 3, "action": "relabel", "text": "two", "label": "a", "to": "b"}\n' + before
    )


WORDS = st.text(min_size=1, max_size=8).map(str.strip).filter(bool)


@given(st.lists(st.tuples(st.sampled_from(["keep", "drop", "relabel"]), WORDS, WORDS, WORDS)))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, told) -> None:
    path = tmp_path_factory.mktemp("p") / "p.jsonl"
    decisions = {
        (text, label): Decision(action, text, label, to if action == "relabel" else "", n + 1)
        for n, (action, text, label, to) in enumerate(told)
    }
    patch_of(path, list(decisions.values()))
    assert {each.row: each for each in (read_patch(path) if decisions else [])} == decisions


@pytest.mark.parametrize(
    "line",
    [
        "[]",
        '{"action": "burn", "text": "a", "label": "b"}',
        '{"action": "relabel", "text": "a", "label": "b"}',
        '{"action": "keep", "text": "a", "label": "b", "to": "c"}',
        '{"action": "drop", "text": "", "label": "b"}',
        '{"action": "add", "text": "a", "label": "b", "to": "c"}',
        '{"action": "drop", "text": "a", "label": "b", "line": "3"}',
        "{",
    ],
)
def test_a_broken_patch_names_its_line(tmp_path: Path, line: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(f'{{"action": "drop", "text": "a", "label": "b"}}\n{line}\n')
    with pytest.raises(DataError, match=r"p\.jsonl:2"):
        read_patch(path)


def test_a_servers_log_comes_through_the_same_door(write: Write) -> None:
    rows = read_examples(write("a.csv", "text,label\nuno,a\ndos,a\ntres,b\ncuatro,b\n")).examples
    log = write(
        "log.jsonl",
        '{"text": "uno", "label": "b", "confidence": 0.31, "scores": {"a": 0.3, "b": 0.31}}\n'
        '{"text": "dos", "label": "a", "confidence": 0.4}\n'
        '{"text": "nuevo", "label": "b", "confidence": 0.5, "at": "2026-01-01"}\n'
        '{"text": "nuevo", "label": "b", "confidence": 0.5}\n',
    )
    other, same, new = read_doubtful(log, rows)
    assert (other.label, other.suggested, other.line) == ("a", "b", 2)
    assert other.choices == (("b", 0.31), ("a", 0.3))
    assert (same.label, same.suggested) == ("a", "")
    assert (new.label, new.suggested, new.line) == ("", "b", 0)
    assert "0.50" in new.reason and "not in the file" in new.reason


@pytest.mark.parametrize(
    "line",
    ["{}", "[1]", '{"text": "a", "label": 3, "confidence": 1}', '{"text": "a", "label": "b"}'],
)
def test_lines_that_are_no_candidates(write: Write, line: str) -> None:
    with pytest.raises(DataError, match=r"log\.jsonl:1"):
        read_doubtful(write("log.jsonl", line), ())


def test_suspects_whose_row_was_repaired_since_are_passed_over(write: Write) -> None:
    suspect = {"text": "uno", "label": "a", "suggested": "b", "line": 9}
    rows = [Example("uno", "b", "f", 2)]
    assert read_doubtful(write("s.jsonl", json.dumps(suspect)), rows) == []
    [found] = read_doubtful(
        write("s.jsonl", json.dumps({**suspect, "label": "b", "suggested": "a"})), rows
    )
    assert found.line == 2


def test_the_command(write: Write, tmp_path: Path) -> None:
    file, patch = write("a.csv", CSV), patch_of(tmp_path / "p.jsonl", DECISIONS)
    outcome = CliRunner().invoke(
        app, ["data", "apply", str(file), str(patch), "--out", str(tmp_path / "n.csv"), "--json"]
    )
    assert json.loads(outcome.stdout) == {
        "file": str(tmp_path / "n.csv"),
        "rows": 4,
        "relabelled": 1,
        "dropped": 1,
        "added": 1,
        "kept": 1,
    }
