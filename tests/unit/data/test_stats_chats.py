"""What is said of conversations, counted by hand."""

from __future__ import annotations

import json

from aprendiz.data.chat.tokens import TokenCounter
from aprendiz.data.stats.chats import describe_chats
from tests.unit.data.conftest import Write

WORDS = TokenCounter("words", True, lambda text: len(text.split()))


def line(*messages: tuple[str, str], **more: object) -> str:
    told = [{"role": role, "content": content} for role, content in messages]
    return json.dumps({"messages": told, **more}) + "\n"


TASK = ("system", "say the intent")
CHATS = (
    line(TASK, ("user", "where is my parcel"), ("assistant", "track"))
    + line(TASK, ("user", "Where is my parcel?"), ("assistant", "track"))
    + line(TASK, ("user", "hello"), ("assistant", "hi there"), ("user", "bye"), ("assistant", "bye"))
    + line(("user", "weather"), ("assistant", "sun"), tools=[{"type": "function", "function": {"name": "w"}}])
    + "{broken\n"
)  # fmt: skip


def test_every_figure_by_hand(write: Write) -> None:
    told = describe_chats([str(write("a.jsonl", CHATS))], tokens=WORDS)
    assert [(each.rows, each.usable) for each in told.files] == [(5, 4)]
    assert (told.rows, told.messages) == (4, 3 + 3 + 5 + 2)
    assert (told.turns.p50, told.turns.longest) == (1, 2)
    roles = {role.name: role for role in told.roles}
    assert list(roles) == ["system", "user", "assistant"]
    assert {name: role.messages for name, role in roles.items()} == {
        "system": 3,
        "user": 5,
        "assistant": 5,
    }
    assert (roles["user"].tokens.total, roles["user"].tokens.longest) == (4 + 4 + 1 + 1 + 1, 4)
    assert sum(role.share for role in told.roles) == 1.0
    # 3 a message and an example, one word of role, and the words of the content.
    assert told.lengths.longest == 3 + 5 * 4 + 3 + 1 + 2 + 1 + 1
    assert (told.with_tools, told.not_learnt) == (1, 0)
    assert told.systems == 1
    assert told.system is not None and told.system.conversations == 3
    assert told.answers == 3
    assert [(each.text, each.conversations) for each in told.common_answers] == [("'track'", 2)]
    assert (told.repeated, told.near) == (0, 1)
    assert told.tokens_exact
    json.dumps(told.as_dict())


def test_weight_zero_is_counted(write: Write) -> None:
    row = {
        "messages": [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b", "weight": 0},
            {"role": "user", "content": "c"},
            {"role": "assistant", "content": "d"},
        ]
    }
    told = describe_chats([str(write("a.jsonl", json.dumps(row) + "\n"))], tokens=WORDS)
    assert told.not_learnt == 1


def test_several_files_and_one_that_is_not_there(write: Write) -> None:
    path = str(write("a.jsonl", CHATS))
    told = describe_chats([path, path, "missing.jsonl"], tokens=WORDS)
    assert told.rows == 8
    assert [each.usable for each in told.files] == [4, 4, 0]
    assert (told.repeated, told.near) == (4, 1)


def test_without_a_vocabulary_the_count_says_it_is_an_estimate(write: Write) -> None:
    told = describe_chats([str(write("a.jsonl", CHATS))])
    assert told.tokens_exact != ("estimate" in told.tokens)


def test_keywords_are_what_users_say(write: Write) -> None:
    rows = "".join(
        line(("user", f"my parcel {at} is late"), ("assistant", "secretword")) for at in range(5)
    )
    told = describe_chats([str(write("a.jsonl", rows))], tokens=WORDS)
    assert {each.word for each in told.keywords} == {"parcel", "late"}


def test_reading_is_told(write: Write) -> None:
    told: list[str] = []
    rows = "".join(line(("user", f"text {at}"), ("assistant", "x")) for at in range(4_100))
    describe_chats(
        [str(write("a.jsonl", rows))], tokens=WORDS, tell=lambda task, *_: told.append(task)
    )
    assert any("a.jsonl" in task for task in told)
    assert "looking for near copies" in told


def test_concepts_and_other_fields_by_hand(write: Write) -> None:
    pairs = [
        {"question": f"how much is {at} plus one", "answer": "x " * at, "concept": "sums", "id": at}
        for at in range(1, 26)
    ] + [
        {"question": f"half of {at} please", "answer": "y", "concept": "halves", "id": 50 + at}
        for at in range(1, 16)
    ]
    for at, pair in enumerate(pairs):
        pair["language"] = "en" if at < 30 else "es"
    told = describe_chats([str(write("a.json", json.dumps(pairs)))], tokens=WORDS)
    assert [(each.format, each.rows) for each in told.files] == [("json", 40)]
    assert {each.name: each.values for each in told.fields} == {
        "concept": (("sums", 25), ("halves", 15)),
        "language": (("en", 30), ("es", 10)),
    }
    sums, halves = told.concepts
    assert (sums.name, sums.rows, sums.share) == ("sums", 25, 25 / 40)
    assert (sums.answers.p50, sums.answers.longest, sums.questions.longest) == (13, 25, 6)
    assert (halves.name, halves.answers.longest, halves.questions.p50) == ("halves", 1, 4)
    assert "half" in halves.words
    assert not any(
        character.isdigit() for each in told.concepts for character in "".join(each.words)
    )
    assert (told.repeated, told.near) == (0, 0)  # numbers count
    assert sum(told.question_histogram.rows) == sum(told.answer_histogram.rows) == 40
    json.dumps(told.as_dict())


def test_rows_without_a_concept_have_none(write: Write) -> None:
    told = describe_chats([str(write("a.jsonl", CHATS))], tokens=WORDS)
    assert (told.concepts, told.fields) == ((), ())
