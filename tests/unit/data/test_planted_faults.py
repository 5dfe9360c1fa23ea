"""Every kind of fault in every format it can occur in is found, on its line, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from aprendiz.data.examine import Question, examine
from aprendiz.data.kinds import KINDS
from aprendiz.data.records import Finding
from tests.unit.data import planted_chats
from tests.unit.data.planted import CLEAN, FILES, FORMATS, ROWS, Broken, Planted, plant
from tests.unit.data.planted_chats import CHATS, PlantedChat

# Not planted here, and why.
ELSEWHERE = {
    "missing_file": "no file: below",
    "not_a_file": "a folder: below",
    "unreadable_file": "the tests may run as root, whom nothing is refused",
    "too_large": "512 MiB; tests/unit/data/chat lowers the limit",
    "line_too_long": "16 MiB; tests/unit/data/chat",
}


def look(train: Path, *test: Path, service: str = "platform") -> list[Finding]:
    against = [str(path) for path in test]
    return list(examine(Question([str(train)], against, service=service)).findings)


def kinds(findings: list[Finding]) -> set[str]:
    return {finding.kind for finding in findings}


def test_at_least_forty_kinds_and_none_forgotten() -> None:
    planted = {each.kind for each in (*ROWS, *FILES, *CHATS)}
    assert planted | set(ELSEWHERE) == set(KINDS)
    assert len(planted) >= 40


@pytest.mark.parametrize("format", FORMATS)
def test_clean_data_has_no_findings(format: str, tmp_path: Path) -> None:
    train, test, _ = plant(Planted("nothing", at=()), format, tmp_path)
    assert look(train, test) == []


@pytest.mark.parametrize(
    ("planted", "format"),
    [
        pytest.param(planted, format, id=f"{planted.id}-{format}")
        for planted in ROWS
        for format in FORMATS
        if format not in planted.never
    ],
)
def test_fault_of_rows(planted: Planted, format: str, tmp_path: Path) -> None:
    train, test, where = plant(planted, format, tmp_path)
    findings = look(train, test)
    found = {(each.file, each.line) for each in findings if each.kind == planted.kind}
    assert found == where, findings
    assert kinds(findings) <= {planted.kind, *planted.besides}, findings
    assert {each.severity for each in findings if each.kind == planted.kind} == {
        KINDS[planted.kind].severity
    }
    assert all(each.hint for each in findings if each.severity != "info")


@pytest.mark.parametrize("broken", FILES, ids=lambda broken: f"{broken.kind}-{broken.file}")
def test_fault_of_a_file(broken: Broken, tmp_path: Path) -> None:
    path = tmp_path / broken.file
    path.write_bytes(broken.data)
    findings = look(path)
    assert broken.line in {each.line for each in findings if each.kind == broken.kind}, findings
    assert {each.severity for each in findings if each.kind == broken.kind} == {
        KINDS[broken.kind].severity
    }
    if KINDS[broken.kind].severity == "error":
        assert kinds(findings) <= {broken.kind, *broken.besides}, findings


def test_file_that_is_not_there_and_folder(tmp_path: Path) -> None:
    assert kinds(look(tmp_path / "none.csv")) == {"missing_file"}
    assert kinds(look(tmp_path)) == {"not_a_file"}


@pytest.mark.parametrize("planted", CHATS, ids=lambda planted: planted.kind)
def test_fault_of_a_conversation(planted: PlantedChat, tmp_path: Path) -> None:
    path = tmp_path / "chats.jsonl"
    before = planted_chats.CLEAN if planted.good else []
    path.write_text("\n".join([*before, *planted.lines]) + "\n", encoding="utf-8")
    findings = look(path, service=planted.service)
    found = {each.line for each in findings if each.kind == planted.kind}
    assert found == {planted.where}, findings
    allowed = {planted.kind, *planted.besides}
    if not planted.good:
        allowed.add("too_few_examples")
    assert kinds(findings) <= allowed, findings


def test_clean_conversations_have_no_findings(tmp_path: Path) -> None:
    path = tmp_path / "chats.jsonl"
    path.write_text("\n".join(planted_chats.CLEAN) + "\n", encoding="utf-8")
    assert look(path) == []


def test_conversations_held_out(tmp_path: Path) -> None:
    train, test = tmp_path / "train.jsonl", tmp_path / "test.jsonl"
    train.write_text("\n".join(planted_chats.CLEAN) + "\n", encoding="utf-8")
    near = planted_chats.line(("user", "Who wrote this song?"), ("assistant", "I do not know."))
    test.write_text(f"{planted_chats.CLEAN[0]}\n{near}\n", encoding="utf-8")
    findings = look(train, test)
    assert {(each.kind, each.file, each.line) for each in findings} == {
        ("leak", str(test), 1),
        ("near_leak", str(test), 2),
    }


def test_classification_written_as_conversations(tmp_path: Path) -> None:
    path = tmp_path / "chats.jsonl"
    rows = [(str(text), str(label)) for text, label in CLEAN]
    rows[3] = (rows[3][0], "Greet")
    rows.append(("hello there", "order"))
    lines = [planted_chats.line(("user", text), ("assistant", label)) for text, label in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    findings = look(path)
    assert {(each.kind, each.line) for each in findings} == {
        ("near_labels", 4),
        ("label_conflict", 31),
    }
