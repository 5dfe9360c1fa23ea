"""Which chat files are classification, and that nothing is lost between the two forms."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.data.chat.labels import (
    closed_set,
    system_prompt,
    text_of,
    to_conversation,
    to_example,
    why_open,
)
from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.records import Conversation, Message
from aprendiz.data.chat.write import write_conversations
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example

LABELS = ("comprar", "consulta", "devolver", "queja")


def asked(text: str, answer: str, line: int = 1, system: str = "") -> Conversation:
    return to_conversation(Example(text, answer, "a.jsonl", line), system)


def labelled(count: int, labels: tuple[str, ...] = LABELS) -> list[Conversation]:
    return [asked(f"texto {n}", labels[n % len(labels)], n + 1) for n in range(count)]


def test_labelled_texts_are_a_closed_set() -> None:
    assert closed_set(labelled(8)) == LABELS
    assert why_open(labelled(8)) == ""


def test_a_rare_label_does_not_open_the_set() -> None:
    rows = [*labelled(20), asked("otra cosa", "saludo", 21)]
    assert closed_set(rows) == (*LABELS, "saludo")


def test_seventy_seven_labels_of_ten() -> None:
    labels = tuple(sorted(f"intent {n}" for n in range(77)))
    assert closed_set(labelled(770, labels)) == labels


def test_white_space_around_an_answer_is_not_another_answer() -> None:
    rows = [asked(f"t{n}", answer) for n, answer in enumerate(["a", " a", "b", "b\n"])]
    assert closed_set(rows) == ("a", "b")


USER, ANSWER = Message("user", "hola"), Message("assistant", "queja")
OPEN: dict[str, tuple[list[Conversation], str]] = {
    "no conversation": ([], "no conversation"),
    "one answer": ([asked(f"t{n}", "a") for n in range(9)], "the same, 'a'"),
    "an answer each": ([asked(f"t{n}", f"answer {n}") for n in range(30)], "30 different answers"),
    "too many labels": (labelled(600, tuple(map(str, range(201)))), "201 different answers"),
    "fewer than two rows an answer": (labelled(7), "4 different answers in 7"),
    "a long answer": ([*labelled(8), asked("x", "y" * 81, 9)], "line 9: the answer has 81"),
    "an answer of two lines": ([*labelled(8), asked("x", "y\nz", 9)], "line 9: the answer has sev"),
    "two answers that count": (
        [*labelled(8), Conversation((USER, ANSWER, USER, ANSWER), "a", 9)],
        "line 9: 2 assistant messages count",
    ),
    "only an earlier answer counts": (
        [*labelled(8), Conversation((USER, ANSWER, USER, Message("assistant", "a", 0)), "a", 9)],
        "line 9: the assistant's last",
    ),
    "nobody asks": (
        [*labelled(8), Conversation((Message("system", "s"), ANSWER), "a", 9)],
        "line 9: the user says nothing",
    ),
    "tools": (
        [*labelled(8), Conversation((USER, ANSWER), "a", 9, rest='{"tools": []}')],
        "line 9: tools",
    ),
    "the system message decides": (
        [
            asked("es bueno", "positivo", 1, system="sentimiento"),
            asked("es bueno", "opinión", 2, system="tema"),
            *labelled(16),
        ],
        "lines 1 and 2",
    ),
}


@pytest.mark.parametrize("name", OPEN)
def test_what_opens_a_set(name: str) -> None:
    conversations, reason = OPEN[name]
    assert closed_set(conversations) is None
    assert reason in why_open(conversations)


def test_earlier_turns_are_fine_when_they_do_not_count() -> None:
    turns = (USER, Message("assistant", "¿qué pasó?", 0), Message("user", "se rompió"), ANSWER)
    rows = [*labelled(8), Conversation(turns, "a", 9)]
    assert closed_set(rows) == LABELS
    assert to_example(rows[-1]).text == "user: hola\nassistant: ¿qué pasó?\nuser: se rompió"


def test_different_system_messages_are_fine_while_they_decide_nothing() -> None:
    rows = [asked(f"t{n}", LABELS[n % 4], n, system=f"version {n % 3}") for n in range(12)]
    assert closed_set(rows) == LABELS


def test_the_text_of_one_user_message_is_its_text() -> None:
    assert text_of([Message("system", "clasifica"), Message("user", " user: ¿hola?\n")]) == (
        "user: ¿hola?"
    )
    assert text_of([Message("system", "clasifica")]) == ""


@pytest.mark.parametrize("language", ["en", "es"])
def test_the_prompt_lists_every_label(language: str) -> None:
    prompt = system_prompt(LABELS, language)  # type: ignore[arg-type]
    assert ", ".join(LABELS) in prompt
    assert system_prompt(LABELS, "en") != system_prompt(LABELS, "es")


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cf")), min_size=1, max_size=20)
ROWS = st.lists(
    st.tuples(TEXTS.filter(str.strip), st.sampled_from(LABELS)), min_size=1, max_size=20
)


@given(ROWS, st.booleans())
def test_through_chat_the_same_is_learnt_as_from_plain_rows(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], system: bool
) -> None:
    folder = tmp_path_factory.getbasetemp()
    lines = [json.dumps({"text": text, "label": label}) for text, label in rows]
    (folder / "plain.jsonl").write_text("\n".join(lines))
    plain = read_examples(folder / "plain.jsonl").examples
    prompt = system_prompt(LABELS, "es") if system else ""
    untrimmed = [Example(text, label, "", 0) for text, label in rows]
    write_conversations(folder / "c.jsonl", [to_conversation(row, prompt) for row in untrimmed])
    chat = [to_example(each) for each in read_conversations(folder / "c.jsonl").conversations]
    assert [(row.text, row.label, row.line) for row in chat] == [
        (row.text, row.label, row.line) for row in plain
    ]


@given(st.lists(st.sampled_from("abcdefgh"), max_size=30), st.randoms(use_true_random=False))
def test_a_closed_set_is_all_answers_whatever_the_order(answers: list[str], chance: object) -> None:
    rows = [asked(f"text {n}", answer, n) for n, answer in enumerate(answers)]
    labels = closed_set(rows)
    assert (labels is None) == bool(why_open(rows))
    if labels is not None:
        assert labels == tuple(sorted(set(answers)))
        assert 2 <= len(labels) <= len(answers) / 2
    else:
        assert len(set(answers)) < 2 or len(set(answers)) > len(answers) / 2
    chance.shuffle(rows)  # type: ignore[attr-defined]
    assert closed_set(rows) == labels
