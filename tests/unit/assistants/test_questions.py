"""Files of questions: every form read, every fault named, right and wrong told apart."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aprendiz.assistants.conversation import save
from aprendiz.assistants.question_file import Question, questions_in, read_questions
from aprendiz.assistants.questions import answer, as_dict, in_words, judge, with_system
from aprendiz.data.chat.records import Message
from aprendiz.errors import DataError
from aprendiz.interfaces import Reply, Sampling

QUESTION = "2 + 2?"


def written(folder: Path, name: str, content: object) -> Path:
    file = folder / name
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


@pytest.mark.parametrize(
    "row",
    [
        {"question": QUESTION, "answer": "4"},
        {"prompt": QUESTION, "completion": "4"},
        {"instruction": QUESTION, "output": "4", "concept": "sums"},
        {"text": QUESTION, "expected": 4},
        {
            "messages": [
                {"role": "user", "content": QUESTION},
                {"role": "assistant", "content": "4"},
            ]
        },
        {"conversations": [{"from": "human", "value": QUESTION}, {"from": "gpt", "value": "4"}]},
    ],
)
def test_every_form_of_a_question_with_its_answer_is_read(tmp_path, row):
    for name, content in (
        ("a.json", [row]),
        ("b.jsonl", json.dumps(row) + "\n"),
        ("c.json", row),
    ):
        (found,) = read_questions(written(tmp_path, name, content))
        assert (found.text, found.expected, found.line) == (QUESTION, "4", 1)


def test_an_instruction_is_asked_with_its_input(tmp_path):
    row = {"instruction": "Add.", "input": "2 and 2", "response": "4"}
    assert read_questions(written(tmp_path, "a.json", [row]))[0].text == "Add.\n\n2 and 2"


def test_a_text_file_has_a_question_a_line(tmp_path):
    found = read_questions(written(tmp_path, "a.txt", "\ufeffone\n\n  two \n"))
    assert [(each.text, each.expected, each.line) for each in found] == [
        ("one", None, 1),
        ("two", None, 3),
    ]


def test_a_saved_conversation_is_asked_again(tmp_path):
    messages = [Message("system", "s"), Message("user", "a"), Message("assistant", "4")]
    save(tmp_path / "a.json", messages, "m")
    (found,) = read_questions(tmp_path / "a.json")
    assert (list(found.messages), found.expected) == (messages[:2], "4")
    save(tmp_path / "b.json", [*messages, Message("user", "b")], "m")
    (found,) = read_questions(tmp_path / "b.json")
    assert (found.text, found.expected) == ("b", None)


def test_every_fault_is_named_with_its_line(tmp_path):
    rows = ['"fine"', '{"question": ""}', "{", '{"label": 1}', "7", '{"messages": []}']
    with pytest.raises(DataError) as caught:
        read_questions(written(tmp_path, "a.jsonl", "\n".join(rows)))
    assert [each.line for each in caught.value.findings] == [2, 3, 4, 5, 6]
    with pytest.raises(DataError) as caught:
        read_questions(written(tmp_path, "a.json", '["a",\n "b"\n "c"]'))
    assert caught.value.findings[0].line == 3


def test_nothing_to_ask_is_refused(tmp_path):
    for name, content in (("a.txt", " \n"), ("a.json", "[]"), ("b.json", "")):
        with pytest.raises(DataError, match="holds no questions"):
            read_questions(written(tmp_path, name, content))
    with pytest.raises(DataError, match="cannot be read"):
        read_questions(tmp_path / "none.txt")
    (tmp_path / "latin.txt").write_bytes(b"\xbfqu\xe9?")
    with pytest.raises(DataError, match="cannot be read"):
        read_questions(tmp_path / "latin.txt")


def asked(expected: str | None) -> Question:
    return Question((Message("user", QUESTION),), expected, "f", 1)


def said(text: str) -> Reply:
    return Reply(text, 1, 1, "stop")


@pytest.mark.parametrize(
    ("expected", "reply", "right"),
    [
        ("Answer: 4", "2 + 2 = 4\nAnswer: 4", True),
        ("1/2", "Respuesta: 0,5", True),
        ("4", "2 + 2 = 5\nAnswer: 5", False),
        ("Yes, always", " yes,  ALWAYS ", True),
        ("Yes, always", "no", False),
        (None, "whatever", None),
    ],
)
def test_right_and_wrong_are_told_apart(expected, reply, right):
    pytest.importorskip("math_verify")
    judged = judge(asked(expected), said(reply))
    assert judged.right is right
    assert bool(judged.reason) == (right is not None)


def test_the_sum_counts_only_what_could_be_judged():
    pytest.importorskip("math_verify")

    class Named:
        name = "m"

    judged = [judge(asked(expected), said("Answer: 4")) for expected in ("4", "4", "4", "5", None)]
    told = as_dict(Named(), judged)  # type: ignore[arg-type]  # only the name is asked for
    assert (told["n"], told["graded"], told["correct"], told["exact_match"]) == (5, 4, 3, 0.75)
    low, high = told["exact_match_ci"]
    assert 0.3 < low < 0.75 < high < 1
    assert "expected" not in told["answers"][-1]
    assert in_words(judged).startswith("3 of 4 right: 0.750 (95 % interval 0.301 to 0.954)")
    assert as_dict(Named(), judged[-1:])["exact_match"] is None  # type: ignore[arg-type]


def test_a_system_message_is_put_first_where_there_is_none():
    given = (Message("system", "own"), Message("user", "x"))
    assert with_system(given, "s") == given
    assert with_system(given[1:], "s") == (Message("system", "s"), given[1])
    assert with_system(given[1:], "") == given[1:]


def test_answers_come_in_order_and_progress_is_told(tiny_causal):
    from aprendiz.assistants.load import load_chat_model

    bars = []

    class Watching:
        def say(self, message: str) -> None: ...

        def progress(self, task: str, done: int, total: int) -> None:
            bars.append((done, total))

    model = load_chat_model(tiny_causal, device="cpu")
    some = questions_in("\n".join(f"q{number}" for number in range(20)), "stdin")
    answers = list(answer(model, some, Sampling(max_tokens=2), observer=Watching()))
    assert [each.question for each in answers] == some
    assert bars == [(16, 20), (20, 20)]
