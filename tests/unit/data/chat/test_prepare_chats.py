"""Conversations into parts: nothing measured was learnt, numbers count, rows stay where they were."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from aprendiz.cli.main import app
from aprendiz.data.chat.prepare import PreparedChats, prepare_chats
from aprendiz.data.chat.questions import figures, same_questions, spelled
from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.records import Conversation
from aprendiz.data.chat.rules import over_length
from aprendiz.data.near import normal_form
from aprendiz.errors import DataError, RecipeError
from tests.unit.data.chat.lines import text
from tests.unit.data.conftest import Write

CONCEPTS = ("sums", "products")
ASKED = {
    ("sums", "en"): "Please work out the sum of {} and {} for me.",
    ("sums", "es"): "Calcula por favor cuánto suman {} y {}.",
    ("products", "en"): "Please work out the product of {} and {} for me.",
    ("products", "es"): "Calcula por favor cuánto da multiplicar {} por {}.",
}


def maths(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Pairs whose questions are alike but for their numbers; no question comes twice."""
    draw = random.Random(seed)
    rows = []
    for (concept, language), form in ASKED.items():
        for number in draw.sample(range(9_000), count):
            a, b = 10 + number // 90, 10 + number % 90
            rows.append(
                {
                    "instruction": form.format(a, b),
                    "response": f"Answer: {a + b if concept == 'sums' else a * b}",
                    "concept": concept,
                    "language": language,
                }
            )
    draw.shuffle(rows)
    return rows


def asked(part: tuple[Conversation, ...]) -> set[str]:
    return {each.messages[0].content for each in part}


def prepared(write: Write, rows: list[dict[str, Any]], **more: Any) -> PreparedChats:
    return prepare_chats(write("a.jsonl", text(*rows)), **more)


def test_a_fifth_is_held_out_of_each_concept_and_language(write: Write) -> None:
    done = prepared(write, maths(50))
    train, held_out = done.dataset.train, done.dataset.validation
    assert (len(train) + len(held_out), done.dataset.test) == (200, ())
    assert not asked(train) & asked(held_out)
    shares = Counter((each.field("concept"), each.field("language")) for each in held_out)
    assert set(shares.values()) == {10}
    assert done.dataset.counts == {"sums": 80, "products": 80}
    assert done.dataset.labels == ()
    assert done.findings == ()
    assert "20 % of each concept held out with seed 13: 160 conversations" in done.dataset.split


def test_the_same_first_question_stays_on_one_side(write: Write) -> None:
    rows = maths(40)
    again = [
        {
            "messages": [
                {"role": "user", "content": row["instruction"].upper() + "!"},
                {"role": "assistant", "content": "Let us see."},
                {"role": "user", "content": f"go on with {number}"},
                {"role": "assistant", "content": row["response"]},
            ],
            "concept": row["concept"],
            "language": row["language"],
        }
        for number, row in enumerate(rows)
    ]
    done = prepared(write, rows + again)
    sides = [
        {normal_form(question) for question in asked(part)}
        for part in (done.dataset.train, done.dataset.validation)
    ]
    assert sides[0] and sides[1] and not sides[0] & sides[1]
    assert sum(map(len, sides)) == 160


def test_rows_stay_when_the_file_is_shuffled_and_when_the_split_is_frozen(
    write: Write, tmp_path: Path
) -> None:
    rows = maths(40)
    first = prepared(write, rows)
    first.freeze().write(tmp_path / "split.json")
    random.Random(5).shuffle(rows)
    assert asked(prepared(write, rows).dataset.validation) == asked(first.dataset.validation)
    assert asked(prepared(write, rows, seed=14).dataset.validation) != asked(
        first.dataset.validation
    )
    more = maths(40) + [
        {"question": f"new question {number * 7919}", "answer": "yes"} for number in range(60)
    ]
    again = prepared(write, more, split_file=tmp_path)
    assert asked(again.dataset.validation) > asked(first.dataset.validation)
    assert asked(again.dataset.train) > asked(first.dataset.train)
    assert "60 are new to it" in again.dataset.split
    assert again.freeze() is again.frozen


def test_signs_are_remembered_by_a_frozen_split(write: Write, tmp_path: Path) -> None:
    rows = [{"question": f"{a} {sign} 7", "answer": "n"} for a in range(10, 60) for sign in "+-*/"]
    first = prepared(write, rows)
    first.freeze().write(tmp_path / "split.json")
    again = prepared(write, rows, split_file=tmp_path / "split.json")
    assert again.dataset.train == first.dataset.train
    assert 10 <= len(first.dataset.validation) <= 70


def test_parts_that_are_given(write: Write) -> None:
    test = write("test.jsonl", text(*maths(3, seed=2)))
    done = prepared(write, maths(10, seed=3), test=test)
    assert (len(done.dataset.train), len(done.dataset.test)) == (40, 12)
    assert done.dataset.validation == ()
    assert "12 conversations (2 concepts) given for test" in done.dataset.split
    both = prepared(write, maths(10, seed=3), test=test, validation=test, holdout=0.5)
    assert len(both.dataset.validation) == 12 and len(both.dataset.train) == 40


def test_leaks_are_told_and_other_numbers_are_none(write: Write) -> None:
    rows = maths(20)
    first, second, third = (row["instruction"] for row in rows[:3])
    held_out = [
        {"question": first, "answer": "Answer: 0"},
        {"question": second.lower() + "!", "answer": "x"},
        {"question": third.replace("1", "2").replace("3", "4") + " 5", "answer": "x"},
    ]
    test = write("test.jsonl", text(*held_out))
    done = prepared(write, rows, test=test)
    assert [(each.kind, each.file, each.line) for each in done.findings] == [
        ("leak", str(test), 1),
        ("near_leak", str(test), 2),
    ]
    assert "another answer" in done.findings[0].message
    assert second.lower() in done.findings[1].message  # as it was written, not as compared


def test_repeats_and_contradictions_are_told(write: Write) -> None:
    row = {"question": "what is 3 - 1", "answer": "Answer: 2"}
    other = {**row, "question": "What is 3 − 1?", "answer": "Answer: 4"}
    plus = {**row, "question": "what is 3 + 1", "answer": "Answer: 4"}
    done = prepared(write, [row, plus, row, other, *maths(3)])
    assert [(each.kind, each.line) for each in done.findings] == [
        ("duplicate", 3),
        ("answer_conflict", 4),
    ]


def test_every_fault_of_every_file_is_in_the_refusal(write: Write) -> None:
    test = write("test.json", json.dumps([{"question": "why"}]))
    with pytest.raises(DataError) as caught:
        prepared(write, [{"question": "a", "answer": ""}, *maths(2)], test=test)
    assert [(each.kind, each.line) for each in caught.value.findings] == [
        ("empty_content", 1),
        ("no_assistant", 1),
    ]
    with pytest.raises(DataError, match="not a single conversation"):
        prepare_chats(write("a.json", "[]"))


def test_what_cannot_be_asked_together(write: Write, tmp_path: Path) -> None:
    with pytest.raises(RecipeError):
        prepared(write, maths(2), split_file=tmp_path, holdout=0.1)
    with pytest.raises(RecipeError):
        prepared(write, maths(2), holdout=1.5)


def test_the_fingerprint_is_of_what_is_said_and_where(write: Write) -> None:
    rows = maths(5)
    as_lines = prepared(write, rows).dataset
    as_json = prepare_chats(write("b.json", json.dumps(rows))).dataset
    assert as_json.fingerprint == as_lines.fingerprint
    assert prepared(write, rows, holdout=0.0).dataset.fingerprint != as_lines.fingerprint
    rows[0] = {**rows[0], "concept": "other"}
    assert prepared(write, rows).dataset.fingerprint != as_lines.fingerprint


def test_rare_concepts_are_divided_together(write: Write) -> None:
    rows = [
        {"question": f"question number {at * 7919}", "answer": "yes", "concept": f"c{at // 2}"}
        for at in range(100)
    ]
    assert 10 <= len(prepared(write, rows).dataset.validation) <= 30  # of two each it were 50


def test_too_long_for_a_model(write: Write) -> None:
    rows = read_conversations(write("a.jsonl", text(*maths(2)))).conversations
    found = over_length(rows, lambda each: 10 * each.line, 50)
    assert [(each.kind, each.line, each.severity) for each in found] == [
        ("too_long", line, "warning") for line in (6, 7, 8)
    ]
    assert "60 tokens" in found[0].message and "over 50" in found[0].message


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("What is 15 % of 80?", "What is 15 % of 90?"),
        ("What is 15 % of 80?", "What is 15° of 80?"),
        ("Please tell me what is 7 - 8", "Please tell me what is 7 / 8"),
        ("Please work out (3 + 4) × 2 now", "Please work out 3 + (4 × 2) now"),
        ("Please work out 3.5 times 2 now", "Please work out 35 times 2 now"),
        ("Please solve x² = 5 at once", "Please solve x³ = 5 at once"),
    ],
)
def test_other_figures_are_other_questions(left: str, right: str) -> None:
    assert len(set(same_questions([left, right]))) == 2
    assert normal_form(spelled(left)) != normal_form(spelled(right))


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("What is 15 % of 80?", "what is 15% of 80"),
        ("¿Cuánto es 7 × 8?", "¿Cuanto es 7*8?"),
        ("Please work out 3.5 times 2 for me", "please work out 3,5 times 2 for me!"),
        ("Where is the station of this town?", "where is the station of this town"),
        ("Work out ½ of 8 for me, please", "Work out 1/2 of 8 for me, please"),
    ],
)
def test_the_same_figures_and_nearly_the_same_words_are_one_question(left: str, right: str) -> None:
    assert len(set(same_questions([left, "something else", right]))) == 2


@given(st.text(st.sampled_from("0123456789 +-*/.,:%()xyé½²−×")))
def test_a_spelled_text_has_the_figures_of_the_text(said: str) -> None:
    assert figures(spelled(said)) == figures(said)
    assert normal_form(spelled(spelled(said))) == normal_form(spelled(said))


def run(*arguments: object) -> dict[str, Any]:
    outcome = CliRunner().invoke(app, ["data", *map(str, arguments), "--json"])
    assert outcome.exit_code == 0, outcome.output
    told: dict[str, Any] = json.loads(outcome.stdout)
    return told


def test_split_command(write: Write, tmp_path: Path) -> None:
    rows = [{**row, "book": at % 20} for at, row in enumerate(maths(50))]
    path = write("a.json", json.dumps(rows))
    told = run("split", path, "--out", tmp_path / "p")
    assert {part: each["rows"] for part, each in told["parts"].items()} == {
        "train": 140,
        "validation": 20,
        "test": 40,
    }
    parts = [read_conversations(each["file"]).conversations for each in told["parts"].values()]
    books = Counter(each.field("book") for part in parts for each in part)
    assert books == Counter(row["book"] for row in rows)
    again = prepare_chats(path, split_file=tmp_path / "p")
    assert [asked(part) for part in (again.dataset.train, again.dataset.test)] == [
        asked(parts[0]),
        asked(parts[2]),
    ]
    run("split", path, "--out", tmp_path / "q", "--group", "book")
    apart = [
        {each.field("book") for each in read_conversations(tmp_path / "q" / name).conversations}
        for name in ("train.jsonl", "validation.jsonl", "test.jsonl")
    ]
    assert sum(map(len, apart)) == len(set.union(*apart)) == 20
    no_such = CliRunner().invoke(
        app, ["data", "split", str(path), "--out", str(tmp_path / "r"), "--group", "shelf"]
    )
    assert isinstance(no_such.exception, DataError)
    assert len(no_such.exception.findings) == 200
    oos = CliRunner().invoke(
        app, ["data", "split", str(path), "--out", str(tmp_path / "r"), "--oos", "x"]
    )
    assert oos.exit_code == 2 and "holds conversations" in oos.output
