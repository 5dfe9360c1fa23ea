"""What each service refuses, under the code and in the words that its clients see."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.records import ChatReading
from aprendiz.data.chat.rules import (
    AZURE,
    OPENAI,
    PLATFORM,
    Rules,
    check_conversations,
    vendor_code,
    vendor_message,
)
from aprendiz.data.chat.tokens import TokenCounter
from aprendiz.data.records import Finding
from tests.unit.data.chat.lines import planted, row, said, text

CHARACTERS = TokenCounter("characters", True, len)


def reading_of(path: Path, *lines: object, bom: bool = False) -> ChatReading:
    path.write_text(text(*lines), encoding="utf-8-sig" if bom else "utf-8")
    return read_conversations(path, "protocol")


def rows(count: int) -> list[dict[str, object]]:
    return [row(number) for number in range(count)]


def kinds(findings: list[Finding]) -> list[tuple[str, int, str]]:
    return [(found.kind, found.line, found.severity) for found in findings]


@pytest.mark.parametrize("rules", [OPENAI, AZURE, PLATFORM], ids=lambda rules: rules.name)
def test_ten_good_examples_are_enough(rules: Rules, tmp_path: Path) -> None:
    reading = reading_of(tmp_path / "a.jsonl", *rows(10), bom=True)
    assert check_conversations(reading, rules) == []
    assert vendor_message([]) == ""


@pytest.mark.parametrize("rules", [OPENAI, AZURE, PLATFORM], ids=lambda rules: rules.name)
def test_too_few_examples(rules: Rules, tmp_path: Path) -> None:
    reading = reading_of(tmp_path / "a.jsonl", *rows(7), bom=True)
    findings = check_conversations(reading, rules)
    assert kinds(findings) == [("too_few_examples", 0, "error")]
    assert vendor_code(findings[0]) == "invalid_n_examples"
    assert vendor_message(findings) == (
        "Training file has 7 example(s), but must have at least 10 examples. Add 3 more."
    )
    assert check_conversations(reading, rules, part="validation") == []


def test_broken_lines_count_as_examples(tmp_path: Path) -> None:
    findings = check_conversations(
        reading_of(tmp_path / "a.jsonl", *rows(9), {"messages": []}), OPENAI
    )
    assert kinds(findings) == [("no_message", 10, "error")]
    assert vendor_code(findings[0]) == "invalid_file_format"


def test_a_file_that_is_no_chat_file_is_not_called_short(tmp_path: Path) -> None:
    for content in ("[" + text(row(1)) + "]", "a,b\n" * 3, ""):
        (tmp_path / "a.jsonl").write_text(content)
        findings = check_conversations(read_conversations(tmp_path / "a.jsonl"), OPENAI)
        assert len(findings) == 1
        assert vendor_code(findings[0]) == "invalid_file_format"
        assert "example(s)" not in vendor_message(findings)
    gone = check_conversations(read_conversations(tmp_path / "no.jsonl"), OPENAI)
    assert [vendor_code(found) for found in gone] == ["invalid_file"]


def test_the_message_names_example_line_reason_and_the_other_lines(tmp_path: Path) -> None:
    path = planted(
        tmp_path / "a.jsonl", row(5, {**said("user", "a"), "weight": 1}, said("user", "b"))
    )
    lines = path.read_text().split("\n")
    lines[1], lines[8] = "", "{}"
    path.write_text("\n".join(lines))
    findings = check_conversations(read_conversations(path), PLATFORM, part="validation")
    message = vendor_message(findings, "validation")
    assert message.startswith(
        "Invalid file format in the validation file. Example 4 (line 5): "
        "message 1 is the user's and has a weight; only an assistant's can have one. Remove it."
    )
    assert message.endswith("2 more errors, on lines 5, 9.")


def test_too_large(tmp_path: Path) -> None:
    reading = reading_of(tmp_path / "a.jsonl", *rows(10))
    assert check_conversations(reading, replace(PLATFORM, most_bytes=reading.bytes)) == []
    findings = check_conversations(reading, replace(PLATFORM, most_bytes=reading.bytes - 1))
    assert kinds(findings) == [("too_large", 0, "error")]
    assert f"{reading.bytes:,}" in findings[0].message


def test_only_azure_asks_for_a_mark(tmp_path: Path) -> None:
    reading = reading_of(tmp_path / "a.jsonl", *rows(10))
    assert kinds(check_conversations(reading, AZURE)) == [("bom_missing", 1, "warning")]
    assert check_conversations(reading, OPENAI) == []
    assert check_conversations(reading, PLATFORM) == []


def test_an_example_longer_than_the_context(tmp_path: Path) -> None:
    # user, its text, assistant, answer: 4 + n + 9 + 6 characters, 3 a message and 3 more
    exact, over = "x" * (100 - 28), "y" * (101 - 28)
    long = [row(0, said("user", each), said("assistant", "answer")) for each in (exact, over)]
    reading = reading_of(tmp_path / "a.jsonl", *rows(10), *long)
    short = replace(OPENAI, most_tokens_per_example=100)
    findings = check_conversations(reading, short, counter=CHARACTERS)
    assert kinds(findings) == [("too_long", 12, "warning")]
    assert "101 tokens" in findings[0].message


@pytest.mark.parametrize(
    ("model", "context"),
    [
        ("gpt-3.5-turbo-0613", 4_096),
        ("gpt-35-turbo", 16_385),
        ("ft:gpt-3.5-turbo-0125:me::x", 16_385),
        ("gpt-4o-mini", 65_536),
    ],
)
def test_the_context_of_a_model(model: str, context: int) -> None:
    assert OPENAI.for_model(model).most_tokens_per_example == context


def test_repeated_conversations(tmp_path: Path) -> None:
    other = row(3, said("user", "question 3"), said("assistant", "another answer"))
    reading = reading_of(tmp_path / "a.jsonl", *rows(10), row(3), row(3), other)
    findings = check_conversations(reading, OPENAI)
    assert kinds(findings) == [("duplicate", 11, "warning"), ("duplicate", 12, "warning")]
    assert all("line 4" in found.message for found in findings)


def test_a_leak_between_training_and_validation(tmp_path: Path) -> None:
    training = reading_of(tmp_path / "train.jsonl", *rows(10))
    other = row(3, said("user", "question 3"), said("assistant", "another answer"))
    held_out = reading_of(tmp_path / "val.jsonl", row(20), row(2), other)
    findings = check_conversations(held_out, OPENAI, part="validation", against=training)
    assert kinds(findings) == [("leak", 2, "warning"), ("leak", 3, "warning")]
    assert f"{tmp_path / 'train.jsonl'}:3)" in findings[0].message
    assert "another answer" in findings[1].message
    assert vendor_message(findings, "validation") == ""


def test_what_the_reading_found_is_among_the_findings(tmp_path: Path) -> None:
    reading = reading_of(tmp_path / "a.jsonl", *rows(3), "", {"prompt": "a", "completion": "b"})
    assert kinds(check_conversations(reading, OPENAI)) == [
        ("too_few_examples", 0, "error"),
        ("completion_format", 5, "error"),
        ("blank_line", 4, "warning"),
    ]
