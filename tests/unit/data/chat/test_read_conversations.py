"""Every fault of a chat file is named by kind and line; good lines are read as they stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.data.chat.collect import MOST_OF_A_KIND
from aprendiz.data.chat.lines import LONGEST_LINE
from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.records import Message
from tests.unit.data.chat.lines import planted, row, said, text

ANSWER = said("assistant", "answer")
ASK = said("user", "question")

# What stands on line 5 of 12: the kind, a word of the message.
ERRORS: dict[str, tuple[object, str, str]] = {
    "not UTF-8": (b'{"messages": "ma\xf1ana"}\n', "encoding", "0xF1"),
    "not JSON": ('{"messages": [}', "invalid_json", "column 15"),
    "cut short": ('{"messages": [{"role": "us', "invalid_json", "column 24"),
    "two on one line": (text(row(1)).strip() * 2, "invalid_json", "follows"),
    "single quotes": ("{'messages': []}", "invalid_json", "double quotes"),
    "a NUL byte in the line": ('{"messages": \0}', "nul_character", "NUL"),
    "a mark in the middle": ("\ufeff" + text(row(1)).strip(), "stray_bom", "mark"),
    "a number": ("42", "not_an_object", "a number"),
    "a bare list of messages": ([ASK, ANSWER], "not_an_object", "a list"),
    "a key twice": ('{"messages": [], "messages": []}', "repeated_key", "'messages'"),
    "another key instead": ({"dialogue": [ASK, ANSWER]}, "no_messages", "'dialogue'"),
    "an empty object": ({}, "no_messages", "empty"),
    "messages as text": ({"messages": "hello"}, "messages_not_a_list", "a text"),
    "no message": ({"messages": []}, "no_message", "empty"),
    "completion format": ({"prompt": "a", "completion": "b"}, "completion_format", "completion"),
    "context format": ({"context": "a", "completion": "b"}, "completion_format", "completion"),
    "DPO": (
        {
            "input": {"messages": [ASK]},
            "preferred_output": [ANSWER],
            "non_preferred_output": [ANSWER],
        },
        "dpo_format",
        "DPO",
    ),
    "DPO by its older names": (
        {"input": {}, "preferred_completion": [], "non_preferred_completion": []},
        "dpo_format",
        "'non_preferred_completion'",
    ),
    "RFT": ({"messages": [ASK], "reference": "42"}, "rft_format", "'reference'"),
    "ShareGPT": (
        {"conversations": [{"from": "human", "value": "a"}]},
        "sharegpt_format",
        "conversations",
    ),
    "labelled text": ({"text": "a", "label": "b"}, "labelled_text", "labelled"),
    "a message as text": (row(5, "hello", ANSWER), "message_not_an_object", "message 1 is a text"),
    "a key twice in a message": (
        '{"messages": [{"role": "user", "role": "user", "content": "a"}, '
        '{"role": "assistant", "content": "a"}]}',
        "repeated_key",
        "message 1",
    ),
    "no role": (row(5, {"content": "a"}, ANSWER), "missing_role", "'content'"),
    "unknown role": (row(5, said("bot", "a"), ANSWER), "unknown_role", "'bot'"),
    "a number as role": (row(5, {"role": 1, "content": "a"}, ANSWER), "unknown_role", "a number"),
    "no content": (row(5, {"role": "user"}, ANSWER), "missing_content", "message 1"),
    "null content": (row(5, ASK, said("assistant", None)), "missing_content", "message 2"),
    "a number as content": (row(5, said("user", 7), ANSWER), "content_not_text", "a number"),
    "content in text parts": (
        row(5, said("user", [{"type": "text", "text": "a"}]), ANSWER),
        "content_not_text",
        "parts",
    ),
    "a picture": (
        row(5, said("user", [{"type": "image_url", "image_url": {"url": "x"}}]), ANSWER),
        "not_only_text",
        "'image_url'",
    ),
    "empty content": (row(5, ASK, said("assistant", " \n")), "empty_content", "message 2"),
    "a key of a message": (
        row(5, {**ASK, "mood": "good"}, ANSWER),
        "unrecognised_key",
        "'mood'",
    ),
    "a call by the user": (
        row(5, {**ASK, "tool_calls": []}, ANSWER),
        "unrecognised_key",
        "'tool_calls'",
    ),
    "a key of the line": (row(5, id="x"), "unrecognised_key", "'id'"),
    "tools as text": (row(5, tools="x"), "bad_tools", "a text"),
    "a name that is a number": (row(5, {**ASK, "name": 7}, ANSWER), "bad_name", "a number"),
    "weight on the user": (row(5, {**ASK, "weight": 1}, ANSWER), "extra_weight", "user"),
    "weight 2": (row(5, ASK, {**ANSWER, "weight": 2}), "bad_weight", "2"),
    "weight true": (row(5, ASK, {**ANSWER, "weight": True}), "bad_weight", "true/false"),
    "weight 0.5": (row(5, ASK, {**ANSWER, "weight": 0.5}), "bad_weight", "0.5"),
    "all weights 0": (row(5, ASK, {**ANSWER, "weight": 0}), "nothing_to_learn", "weight 0"),
    "no assistant": (row(5, ASK, ASK), "no_assistant", "assistant"),
    "last not the assistant": (row(5, ASK, ANSWER, ASK), "last_not_assistant", "the user's"),
    "an escaped NUL": (row(5, said("user", "a\0b"), ANSWER), "nul_character", "message 1"),
    "half a surrogate": (
        '{"messages": [{"role": "user", "content": "\\ud83d"}, '
        '{"role": "assistant", "content": "a"}]}',
        "half_surrogate",
        "message 1",
    ),
}

WARNINGS: dict[str, tuple[object, str, str]] = {
    "system late": (
        row(5, ASK, said("system", "be kind"), ANSWER),
        "system_not_first",
        "message 2",
    ),
    "system again": (
        row(5, said("system", "a"), ASK, ANSWER, said("system", "b"), ASK, ANSWER),
        "system_not_first",
        "message 4",
    ),
    "user twice": (row(5, ASK, ASK, ANSWER), "same_role_twice", "1 and 2"),
    "a control character": (row(5, said("user", "a\x1bb"), ANSWER), "control_character", "U+001B"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_named_by_kind_and_line(name: str, tmp_path: Path) -> None:
    fault, kind, word = ERRORS[name]
    reading = read_conversations(planted(tmp_path / "a.jsonl", fault), "protocol")
    errors = [found for found in reading.findings if found.severity == "error"]
    assert [(found.kind, found.line) for found in errors] == [(kind, 5)]
    assert word in errors[0].message
    assert errors[0].hint
    assert errors[0].file == str(tmp_path / "a.jsonl")
    assert [each.line for each in reading.conversations] == [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12]
    assert reading.rows == 12


@pytest.mark.parametrize("name", WARNINGS)
def test_a_warning_keeps_the_line(name: str, tmp_path: Path) -> None:
    fault, kind, word = WARNINGS[name]
    reading = read_conversations(planted(tmp_path / "a.jsonl", fault), "protocol")
    assert [(each.kind, each.line, each.severity) for each in reading.findings] == [
        (kind, 5, "warning")
    ]
    assert word in reading.findings[0].message
    assert len(reading.conversations) == 12


def test_there_are_at_least_twenty_kinds_of_error() -> None:
    assert len({kind for _, kind, _ in ERRORS.values()}) >= 20


def test_every_fault_of_a_line_is_told(tmp_path: Path) -> None:
    line = row(5, said("bot", ""), {**ASK, "weight": 1}, ANSWER, extra=1)
    reading = read_conversations(planted(tmp_path / "a.jsonl", line), "protocol")
    assert {found.kind for found in reading.findings} == {
        "unknown_role",
        "empty_content",
        "extra_weight",
        "unrecognised_key",
    }


@pytest.mark.parametrize(
    ("content", "kind", "line"),
    [
        (b"", "empty_file", 0),
        (b"\xef\xbb\xbf", "empty_file", 0),
        (b" \n\n", "empty_file", 0),
        (text(row(1)).encode("utf-16"), "encoding", 1),
        (b"\x1f\x8b\x08\x00abc", "wrong_format", 1),
        (b"PK\x03\x04 xl/workbook.xml", "wrong_format", 1),
        (json.dumps([row(1), row(2)]).encode(), "json_array", 1),
        (json.dumps([row(1), row(2)], indent=1).encode(), "json_array", 1),
        (b"\n" + json.dumps([row(1)], indent=1).encode(), "json_array", 2),
        (json.dumps(row(1), indent=1).encode(), "json_over_lines", 1),
        (b"prompt,completion\nhi,greet\nbye,leave\n", "invalid_json", 1),
    ],
)
def test_a_file_that_is_something_else(
    content: bytes, kind: str, line: int, tmp_path: Path
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(content)
    reading = read_conversations(path)
    errors = [found for found in reading.findings if found.severity == "error"]
    assert [(found.kind, found.line) for found in errors] == [(kind, line)]
    assert reading.conversations == ()
    assert reading.bytes == len(content)


def test_files_that_cannot_be_opened(tmp_path: Path) -> None:
    assert [each.kind for each in read_conversations(tmp_path / "no.jsonl").findings] == [
        "missing_file"
    ]
    assert [each.kind for each in read_conversations(tmp_path).findings] == ["not_a_file"]
    assert [each.kind for each in read_conversations("a\0b").findings] == ["unreadable_file"]


def test_the_offset_of_a_bad_byte_counts_the_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    content = b"\xef\xbb\xbf" + text(row(1)).encode() + b"{}\xff\n"
    path.write_bytes(content)
    (found,) = [each for each in read_conversations(path).findings if each.kind == "encoding"]
    assert f"byte 3 of the line, offset {content.index(bytes([255]))}" in found.message


def test_blank_lines_warn_and_do_not_shift_the_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(text(row(1), "", "  ", row(4)).replace("\n", "\r\n").encode())
    reading = read_conversations(path)
    assert [each.line for each in reading.conversations] == [1, 4]
    assert [(each.kind, each.line, each.severity) for each in reading.findings] == [
        ("blank_line", 2, "warning"),
        ("blank_line", 3, "warning"),
    ]
    assert reading.rows == 2


def test_a_line_beyond_reason_is_stepped_over(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    endless = b'{"messages": "' + b"x" * (2 * LONGEST_LINE) + b'"}\n'
    path.write_bytes(text(row(1)).encode() + endless + text(row(3)).encode())
    reading = read_conversations(path)
    assert [each.line for each in reading.conversations] == [1, 3]
    assert [(each.kind, each.line) for each in reading.findings] == [("line_too_long", 2)]
    assert reading.bytes == path.stat().st_size


def test_a_fault_on_every_line_is_told_a_thousand_times_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    lines = MOST_OF_A_KIND + 500
    path.write_text(text(*[{"prompt": "a", "completion": "b"}] * lines))
    findings = read_conversations(path, "protocol").findings
    assert len(findings) == MOST_OF_A_KIND + 1
    assert sum(found.count for found in findings) == lines
    assert (findings[-1].line, findings[-1].count) == (MOST_OF_A_KIND + 1, 500)


def test_nested_without_end(tmp_path: Path) -> None:
    for depth in (500, 900, 990, 100_000):
        deep = '{"messages": [], "tools": ' + "[" * depth + "]" * depth + "}"
        errors = read_conversations(planted(tmp_path / "a.jsonl", deep)).findings
        assert [found.line for found in errors] == [5]
        deep = text(row(5, tools=0)).strip().replace("0}", "[" * depth + "]" * depth + "}")
        read_conversations(planted(tmp_path / "a.jsonl", deep))


def test_tools_are_kept(tmp_path: Path) -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    written = row(
        1,
        ASK,
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "content": "7", "tool_call_id": "c1"},
        {**ANSWER, "name": "Ana"},
        tools=[{"type": "function", "function": {"name": "f"}}],
        parallel_tool_calls=False,
    )
    path = tmp_path / "a.jsonl"
    path.write_text(text(written))
    reading = read_conversations(path)
    assert reading.findings == ()
    assert reading.conversations[0].as_dict() == written
    assert reading.conversations[0].answer == "answer"
    assert reading.conversations[0].messages[3] == Message("assistant", "answer", name="Ana")


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["messages", "role", "content", "weight", "name", "tools", "tool_calls", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ODD_MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "role": st.sampled_from(["system", "user", "assistant", "tool", "bot", None, 3]),
        "content": st.text(max_size=5) | JSON_VALUES,
        "weight": st.sampled_from([0, 1, 2, True, None, "1"]),
        "name": st.text(max_size=3) | st.none(),
    },
)


@given(st.lists(JSON_VALUES | st.fixed_dictionaries({"messages": st.lists(ODD_MESSAGES)})))
def test_whatever_stands_there_every_line_is_used_or_refused(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any]
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.jsonl"
    path.write_text(text(row(1), *map(json.dumps, values)))
    reading = read_conversations(path)
    used = {each.line for each in reading.conversations}
    refused = {found.line for found in reading.findings if found.severity == "error"}
    assert used | refused == set(range(1, len(values) + 2))
    assert not used & refused
    for each in reading.conversations:
        assert each.messages[-1].role == "assistant"
        json.dumps(each.as_dict())
