"""Pairs, ShareGPT and JSON documents become the conversations they say, on their own lines."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.write import write_conversations
from aprendiz.data.sniff import is_chat
from tests.unit.data.chat.lines import said, text
from tests.unit.data.conftest import Write

ASK = {"from": "human", "value": "why"}
SAY = {"from": "gpt", "value": "so"}

FORMS: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "instruction and response": (
        {"instruction": "why", "response": "so"},
        [("user", "why"), ("assistant", "so")],
    ),
    "with an input": (
        {"instruction": "Add up.", "input": "1, 2", "output": "3"},
        [("user", "Add up.\n\n1, 2"), ("assistant", "3")],
    ),
    "with an empty input": (
        {"instruction": "why", "input": "", "output": "so"},
        [("user", "why"), ("assistant", "so")],
    ),
    "question and answer": (
        {"question": "why", "answer": "so"},
        [("user", "why"), ("assistant", "so")],
    ),
    "prompt and completion": (
        {"prompt": "why", "completion": "so"},
        [("user", "why"), ("assistant", "so")],
    ),
    "in Spanish": (
        {"Instrucción": "¿por qué?", "respuesta": "así"},
        [("user", "¿por qué?"), ("assistant", "así")],
    ),
    "with a task": (
        {"system_prompt": "be brief", "question": "why", "response": "so"},
        [("system", "be brief"), ("user", "why"), ("assistant", "so")],
    ),
    "a name that holds nothing": (
        {"instruction": "why", "prompt": None, "output": "so"},
        [("user", "why"), ("assistant", "so")],
    ),
    "pairs of messages": (
        {"prompt": [said("user", "why")], "completion": [said("assistant", "so")]},
        [("user", "why"), ("assistant", "so")],
    ),
    "ShareGPT": (
        {"conversations": [{"from": "system", "value": "be brief"}, ASK, SAY]},
        [("system", "be brief"), ("user", "why"), ("assistant", "so")],
    ),
    "ShareGPT with a tool and keys that hold nothing": (
        {
            "conversations": [
                ASK,
                {"from": "function_call", "value": "{}", "weight": None},
                {"from": "observation", "value": "4"},
                {**SAY, "markdown": None},
            ]
        },
        [("user", "why"), ("assistant", "{}"), ("tool", "4"), ("assistant", "so")],
    ),
    "ShareGPT's name with the protocol's turns": (
        {"conversations": [said("user", "why"), said("assistant", "so")]},
        [("user", "why"), ("assistant", "so")],
    ),
    "messages": (
        {"messages": [said("user", "why"), said("assistant", "so")], "prompt": "why"},
        [("user", "why"), ("assistant", "so")],
    ),
}


@pytest.mark.parametrize("name", FORMS)
@pytest.mark.parametrize("suffix", ["jsonl", "json"])
def test_a_form_is_read_as_what_it_says(name: str, suffix: str, write: Write) -> None:
    row, spoken = FORMS[name]
    row = {**row, "concept": "ratios", "level": 2}
    path = write(f"a.{suffix}", text(row, row) if suffix == "jsonl" else json.dumps([row, row]))
    reading = read_conversations(path)
    assert reading.findings == ()
    assert (reading.rows, reading.format) == (2, suffix)
    for each in reading.conversations:
        assert [(turn.role, turn.content) for turn in each.messages] == spoken
        assert (each.field("concept"), each.field("level"), each.field("other")) == (
            "ratios",
            2,
            None,
        )
        assert each.rest == ""
    assert is_chat(path)


# Kind, a word of the message, a word of the hint.
BROKEN: dict[str, tuple[dict[str, Any], str, str, str]] = {
    "no answer": ({"instruction": "why"}, "no_assistant", "'instruction'", "response"),
    "empty answer": ({"question": "why", "answer": " "}, "empty_content", "'answer'", "text"),
    "a number": ({"question": "2 + 2", "answer": 4}, "content_not_text", "'answer'", "string"),
    "an input that is no text": (
        {"instruction": "why", "input": 4, "output": "so"},
        "content_not_text",
        "'instruction'",
        "string",
    ),
    "two questions": (
        {"prompt": "why", "question": "how", "answer": "so"},
        "ambiguous_columns",
        "'prompt'",
        "keep one",
    ),
    "two answers": (
        {"prompt": "why", "output": "so", "answer": "so"},
        "ambiguous_columns",
        "'output'",
        "keep one",
    ),
    "unknown speaker": (
        {"conversations": [{"from": "boss", "value": "why"}, SAY]},
        "unknown_role",
        "turn 1",
        "assistant",
    ),
    "turn without words": (
        {"conversations": [{"from": "human"}, SAY]},
        "missing_content",
        "turn 1",
        '"value"',
    ),
    "ends with the user": ({"conversations": [ASK, SAY, ASK]}, "last_not_assistant", "user", "end"),
    "only the user": ({"conversations": [ASK]}, "no_assistant", "assistant", "answer"),
    "no turns": ({"conversations": []}, "no_message", "empty", "human"),
    "preferences": (
        {"prompt": "a", "chosen": "b", "rejected": "c"},
        "dpo_format",
        "DPO",
        "messages",
    ),
    "a labelled text": ({"text": "a", "label": "b"}, "labelled_text", "labelled", "messages"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_fault_is_named_as_its_author_wrote_it(name: str, write: Write) -> None:
    row, kind, word, hint = BROKEN[name]
    good = {"question": "why", "answer": "so"}
    path = write("a.json", json.dumps([good, row, good], indent=2, ensure_ascii=False))
    reading = read_conversations(path)
    (found,) = reading.findings
    assert (found.kind, found.line, found.severity) == (kind, 6, "error")
    assert word in found.message and hint in found.hint
    assert reading.conversations[0].line == 2
    assert (len(reading.conversations), reading.rows) == (2, 3)


def test_the_assistant_speaks_first(write: Write) -> None:
    path = write("a.jsonl", text({"conversations": [SAY, ASK, SAY]}))
    reading = read_conversations(path)
    assert [(each.kind, each.severity) for each in reading.findings] == [
        ("assistant_first", "warning")
    ]
    assert len(reading.conversations) == 1


@pytest.mark.parametrize("name", [name for name in FORMS if name != "messages"])
def test_services_are_given_messages_only(name: str, write: Write) -> None:
    row, _ = FORMS[name]
    reading = read_conversations(write("a.jsonl", text(row)), "protocol")
    assert reading.conversations == ()
    assert len(reading.findings) == 1
    assert reading.findings[0].severity == "error"


def test_services_are_given_no_further_fields_and_no_json_document(write: Write) -> None:
    row = {"messages": [said("user", "why"), said("assistant", "so")], "concept": "ratios"}
    (found,) = read_conversations(write("a.jsonl", text(row)), "protocol").findings
    assert found.kind == "unrecognised_key" and "'concept'" in found.message
    (found,) = read_conversations(write("a.json", json.dumps([row])), "protocol").findings
    assert found.kind == "json_array"


PAIR = {"question": "why", "answer": "so"}
DOCUMENTS: dict[str, tuple[str, list[int], list[tuple[str, int]]]] = {
    "an object that holds rows": (json.dumps({"version": 1, "data": [PAIR]}, indent=1), [4], []),
    "one conversation": (json.dumps({"conversations": [ASK, SAY]}), [1], []),
    "conversations of conversations": (
        json.dumps({"conversations": [{"conversations": [ASK, SAY]}, PAIR]}, indent=1),
        [3, 15],
        [],
    ),
    "cut short": ('[{"question": "a", "answer": "b"},\n {"quest', [1], [("truncated_json", 2)]),
    "JSON Lines": (text(PAIR, PAIR), [1], [("wrong_format", 2)]),
    "objects that are not read": (
        json.dumps({"data": [PAIR], "more": [PAIR]}, indent=1),
        [3],
        [("wrong_format", 8)],
    ),
    "nothing known": ('{"one": 1}', [], [("wrong_format", 1)]),
    "a number": ("4", [], [("wrong_format", 1)]),
    "empty": ("", [], [("empty_file", 0)]),
    "with a mark": ("\ufeff" + json.dumps([PAIR]), [1], [("bom", 1)]),
    "a row that is no object": (json.dumps([PAIR, 4]), [1], [("not_an_object", 1)]),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_json_document(name: str, write: Write) -> None:
    body, lines, found = DOCUMENTS[name]
    reading = read_conversations(write("a.json", body))
    assert [each.line for each in reading.conversations] == lines
    assert [(each.kind, each.line) for each in reading.findings] == found


@pytest.mark.parametrize(
    "row",
    [
        {"text": "why", "label": "b"},
        {"question": "why", "answer": "so", "category": "doubt"},
    ],
)
def test_labelled_texts_stay_labelled_texts(row: dict[str, Any], write: Write) -> None:
    assert not is_chat(write("a.json", json.dumps([row])))
    assert not is_chat(write("a.jsonl", text(row)))


def test_a_label_may_be_called_conversations(write: Write) -> None:
    labels = {"greet": ["hello"], "conversations": ["let us talk"], "messages": ["write to me"]}
    assert not is_chat(write("a.json", json.dumps(labels)))


words = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1).filter(str.strip)
pairs = st.fixed_dictionaries(
    {"instruction": words, "response": words},
    optional={
        "concept": st.text(st.characters(codec="utf-8")),
        "language": st.sampled_from(["es", "en"]),
        "id": st.integers() | st.none() | st.booleans(),
    },
)


@settings(max_examples=25)
@given(st.lists(pairs, min_size=1, max_size=6), st.sampled_from(["a.json", "a.jsonl"]))
def test_pairs_written_as_messages_say_the_same(rows: list[dict[str, Any]], name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, out = Path(folder) / name, Path(folder) / "out.jsonl"
        path.write_text(json.dumps(rows) if name == "a.json" else text(*rows), encoding="utf-8")
        reading = read_conversations(path)
        write_conversations(out, reading.conversations)
        again = read_conversations(out).conversations
    assert [each.as_dict() for each in again] == [each.as_dict() for each in reading.conversations]
    for row, each in zip(rows, again, strict=True):
        turns = [(turn.role, turn.content) for turn in each.messages]
        assert turns == [("user", row["instruction"]), ("assistant", row["response"])]
        assert {name: each.field(name) for name in ("concept", "language", "id")} == {
            name: row.get(name) for name in ("concept", "language", "id")
        }
