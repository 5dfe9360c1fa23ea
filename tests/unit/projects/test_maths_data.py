"""The maths assistant's data: right in every line, remade byte for byte, test kept apart."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

MATHS = Path(__file__).resolve().parents[3] / "projects" / "maths"
DATA = MATHS / "data"
NUMBER = r"\d+(?:[.,]\d+)?"
EQUATION = re.compile(rf"({NUMBER}) ([-+×÷]) ({NUMBER}) = ({NUMBER})")
LAST = {"es": re.compile(rf"Respuesta: ({NUMBER}(?:/\d+)?)"), "en": re.compile(rf"Answer: ({NUMBER}(?:/\d+)?)")}  # fmt: skip

GOES_ON = re.compile("al resultado|(to|from) the result")  # a follow-up, which may come again


def lines_of(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


def as_messages(pair: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": pair["instruction"]},
        {"role": "assistant", "content": pair["response"]},
    ]


PAIRS = json.loads((DATA / "pairs.json").read_text(encoding="utf-8"))
CONVERSATIONS = lines_of("conversations.jsonl")
TEST = lines_of("test.jsonl")
TRAIN = [row | {"messages": as_messages(row)} for row in PAIRS] + CONVERSATIONS


def value(text: str) -> Fraction:
    """``2,5`` and ``2.5`` are five halves, ``5/6`` is itself."""
    return Fraction(text.replace(",", "."))


def replies(row: dict[str, Any]) -> list[str]:
    return [m["content"] for m in row["messages"] if m["role"] == "assistant"]


def questions(row: dict[str, Any]) -> list[str]:
    return [m["content"] for m in row["messages"] if m["role"] == "user"]


def holds(step: str) -> bool:
    """Whether a line of working is an equation, and a true one."""
    found = EQUATION.fullmatch(step)
    if not found:
        return False
    left, right, said = value(found[1]), value(found[3]), value(found[4])
    computed = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "×": lambda: left * right,
        "÷": lambda: left / right,
    }[found[2]]()
    return computed == said


@pytest.mark.parametrize(
    ("step", "true"),
    [("80 × 15 = 1200", True), ("0,7 + 0,8 = 1,5", True), ("7 × 8 = 54", False), ("so 7", False)],
)
def test_the_check_of_a_line_can_say_no(step: str, true: bool) -> None:
    assert holds(step) is true


def test_every_line_of_working_is_true() -> None:
    steps = 0
    for row in [*TRAIN, *TEST]:
        for reply in replies(row):
            *working, last = reply.split("\n")
            assert LAST[row["language"]].fullmatch(last), reply
            for step in working:
                assert holds(step), (row["concept"], step)
                steps += 1
    assert steps > 3000


def test_the_answer_follows_from_the_last_step() -> None:
    """The last line computes the answer, but for fractions (from two lines) and comparisons."""
    for row in [*TRAIN, *TEST]:
        if row["concept"] in {"comparison", "sum of fractions"} or len(row["messages"]) > 2:
            continue
        *working, last = replies(row)[0].split("\n")
        assert value(working[-1].rsplit(" ", 1)[1]) == value(last.rsplit(" ", 1)[1]), row


#: Each concept solved again from the numbers of its question, in the order they stand there.
SOLVED = {
    "percentages": lambda a, b: min(a, b) * max(a, b) / 100,
    "discounts": lambda a, b: max(a, b) - min(a, b) * max(a, b) / 100,
    "ratios": lambda whole, a, b: whole * max(a, b) / (a + b),
    "rectangle area": lambda a, b: a * b,
    "rectangle perimeter": lambda a, b: a + a + b + b,
    "triangle area": lambda a, b: a * b / 2,
    "mean": lambda *all_three: sum(all_three) / 3,
    "sum of fractions": lambda a, b, c, d: a / b + c / d,
    "sequences": lambda a, b, c: c + (c - b),
    "decimals": lambda a, b: a + b,
    "addition": lambda a, b: a + b,
    "multiplication": lambda a, b: a * b,
    "division": lambda a, b: max(a, b) / min(a, b),
    "subtraction": lambda a, b: abs(a - b),
}


def test_the_answer_is_that_of_the_question() -> None:
    solved = Counter()
    for row in [*TRAIN, *TEST]:
        if row["concept"] in SOLVED:
            numbers = [value(number) for number in _numbers(questions(row)[0])]
            found = value(replies(row)[0].rsplit(" ", 1)[1])
            assert SOLVED[row["concept"]](*numbers) == found, row
            solved[row["concept"]] += 1
    assert set(solved) == set(SOLVED)


def test_the_answer_solves_the_equation() -> None:
    equation = re.compile(r"(\d+)[xyn] ([-+]) (\d+) = (\d+)")
    rows = [row for row in [*TRAIN, *TEST] if row["concept"] == "linear equations"]
    for row in rows:
        times, sign, number, right = equation.search(questions(row)[0]).groups()
        x = int(replies(row)[0].rsplit(" ", 1)[1])
        assert int(times) * x + (int(number) if sign == "+" else -int(number)) == int(right), row
    assert len(rows) > 60


def test_decimals_wear_the_mark_of_their_language() -> None:
    wrong = {"es": re.compile(r"\d\.\d"), "en": re.compile(r"\d,\d")}
    for row in [*TRAIN, *TEST]:
        for text in (*questions(row), *replies(row)):
            assert not wrong[row["language"]].search(text), text


def test_spanish_questions_open_with_their_mark() -> None:
    for row in [*TRAIN, *TEST]:
        for text in questions(row):
            if row["language"] == "es" and "= ?" not in text:
                assert text.count("¿") == text.count("?"), text
            elif row["language"] == "en":
                assert "¿" not in text


def test_enough_rows_concepts_and_balance() -> None:
    assert len(TRAIN) >= 600
    assert len({row["concept"] for row in TRAIN}) >= 12
    assert len(TEST) >= 400
    for rows in (TRAIN, TEST):
        languages = Counter(row["language"] for row in rows)
        assert languages["es"] == languages["en"]
    assert {row["concept"] for row in TEST} == {row["concept"] for row in TRAIN}
    kinds = Counter(row["kind"] for row in TEST)
    assert min(kinds["known"], kinds["unseen"]) >= 200
    concepts = Counter(row["concept"] for row in TEST)
    assert min(concepts.values()) >= 14


def test_some_conversations_go_on_from_an_answer_and_some_have_a_system_message() -> None:
    roles = Counter(tuple(m["role"] for m in row["messages"]) for row in CONVERSATIONS)
    assert set(roles) == {
        ("user", "assistant", "user", "assistant"),
        ("system", "user", "assistant", "user", "assistant"),
    }
    on = [row for row in CONVERSATIONS if GOES_ON.search(questions(row)[1])]
    assert len(on) > 40
    for row in on:
        first, second = replies(row)
        assert second.split(" ", 1)[0] == first.rsplit(" ", 1)[1], row


def test_the_test_has_other_questions_with_other_words_and_numbers() -> None:
    asked = {question for row in TRAIN for question in questions(row)}
    shapes = {_shape(question) for question in asked}
    numbers = {
        (row["concept"], _numbers(question), replies(row)[0])
        for row in TRAIN
        for question in questions(row)[:1]
    }
    for row in TEST:
        (question,) = questions(row)
        assert question not in asked
        assert _shape(question) not in shapes, question
        assert (row["concept"], _numbers(question), replies(row)[0]) not in numbers, question


def test_no_question_is_asked_twice() -> None:
    first = Counter(q for row in [*TRAIN, *TEST] for q in questions(row) if not GOES_ON.search(q))
    assert [question for question, times in first.items() if times > 1] == []


def _numbers(text: str) -> tuple[str, ...]:
    return tuple(re.findall(NUMBER, text))


def _shape(text: str) -> str:
    return re.sub(NUMBER, "#", text)


def test_the_generator_writes_the_same_bytes(tmp_path: Path) -> None:
    command = [sys.executable, str(MATHS / "generate" / "make_data.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True, timeout=60)
    for name in ("pairs.json", "conversations.jsonl", "test.jsonl"):
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes(), name


DRAW = """
import json, random, sys
sys.path.insert(0, sys.argv[1])
from exercises import conversation
rng = random.Random(5)
print(json.dumps([conversation(rng) for _ in range(2000)]))
"""
COPIED = re.compile("Repite|Escribe|Repeat|Write|.*(Haz|Do): ")
TAUGHT = re.compile(
    "%|€|percent|descuento|discount|raz[oó]n|ratio|ecuaci|equation|área|area|perím|perim|media"
    "|promedio|mean|average|km|minut|cent[ií]m|serie|sequence|término|term|[0-9]/[0-9]|[(]"
)


def test_the_base_practises_no_question_of_the_taught_concepts_nor_of_the_test() -> None:
    command = [sys.executable, "-c", DRAW, str(MATHS / "base")]
    drawn = subprocess.run(command, check=True, timeout=60, capture_output=True).stdout
    asked = [turn["content"] for row in json.loads(drawn) for turn in row if turn["role"] == "user"]
    known = {question for row in TEST if row["kind"] == "known" for question in questions(row)}
    copied = [text for text in asked if COPIED.match(text) and TAUGHT.search(text)]
    assert len(copied) > 50  # the words occur, so that the pattern has something to find
    for text in asked:
        assert COPIED.match(text) or " = " in text or not TAUGHT.search(text), text
        assert text not in known
