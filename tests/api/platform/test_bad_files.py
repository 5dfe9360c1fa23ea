"""Files that nothing can be learnt from, through the door: the vendor's code, our line and reason."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from tests.api.platform.conftest import LivedIn, upload, user
from tests.unit.platform.chats import ended, lines

GOOD = lines()
USER, ANSWER = user("hello"), {"role": "assistant", "content": "greet"}
BAD_LINE = 5


def turns(*messages: Any, **more: Any) -> str:
    return json.dumps({"messages": list(messages), **more})


def among_good(bad: str) -> str:
    """A sound file but for its fifth line."""
    rows = GOOD.splitlines()
    rows[BAD_LINE - 1] = bad
    return "\n".join(rows) + "\n"


#: A line that is at fault, and words of the reason.
LINES = {
    "not JSON": ("hello", "not JSON"),
    "cut off": ('{"messages": [{"role": "user", "con', "in the middle of a value"),
    "single quotes": (str({"messages": [USER, ANSWER]}), "double quotes"),
    "two on a line": (turns(USER, ANSWER) * 2, "something follows"),
    "a list": (json.dumps([USER, ANSWER]), "a list where a conversation is expected"),
    "no messages": (json.dumps({"chat": [USER, ANSWER]}), 'no "messages"; it has \'chat\''),
    "messages a text": ('{"messages": "hi"}', "a text, not a list"),
    "messages empty": (turns(), '"messages" is empty'),
    "messages twice": ('{"messages": [], "messages": []}', "the same key twice"),
    "prompt and completion": ('{"prompt": "hi", "completion": "greet"}', "completion models"),
    "preferences": (
        json.dumps({"input": {"messages": [USER]}, "preferred_output": [ANSWER],
                    "non_preferred_output": [ANSWER]}),
        "(DPO)",
    ),
    "for a grader": (turns(USER, answer="greet"), "reinforcement data"),
    "unknown key": (turns(USER, ANSWER, lang="es"), "key 'lang'"),
    "message a text": (turns("hello", ANSWER), "message 1 is a text"),
    "no role": (turns({"content": "hello"}, ANSWER), "message 1 has no role"),
    "unknown role": (turns({**USER, "role": "human"}, ANSWER), "message 1 is 'human'"),
    "extra key": (turns({**USER, "mood": "fine"}, ANSWER), "key 'mood'"),
    "weight of a user": (turns({**USER, "weight": 1}, ANSWER), "the user's and has a weight"),
    "weight of two": (turns(USER, {**ANSWER, "weight": 2}), "the weight of message 2 is 2"),
    "all weights zero": (turns(USER, {**ANSWER, "weight": 0}), "nothing to learn"),
    "no content": (turns(USER, {"role": "assistant"}), "message 2 has no content"),
    "empty content": (turns(user("  "), ANSWER), "the content of message 1 is empty"),
    "a number": (turns(user(5), ANSWER), "content of message 1 is a number"),
    "a picture": (turns(user([{"type": "image_url", "image_url": {"url": "x"}}]), ANSWER),
                  "parts of type 'image_url'"),
    "nobody answers": (turns(USER), "no message is an assistant's"),
    "the user last": (turns(USER, ANSWER, USER), "the last message is the user's"),
    "half a character": (turns(user("\ud800"), ANSWER), "half a surrogate pair"),
    "NUL": (turns(user("a\0b"), ANSWER), "a NUL character"),
    "name a number": (turns({**USER, "name": 3}, ANSWER), "the name in message 1 is a number"),
}  # fmt: skip

#: A file that is at fault as a whole, the line that is told (0 for none), words of the reason.
FILES: dict[str, tuple[str | bytes, int, str]] = {
    "empty": ("", 0, "the file is empty"),
    "blank": ("\n\n\n", 0, "holds no text"),
    "UTF-16": (GOOD.encode("utf-16"), 1, "UTF-16"),
    "Latin-1": (GOOD.encode().replace(b"hey friend", b"hey fri\xe9nd"), 4, "byte 0xE9 is not UTF-8"),
    "gzip": (gzip.compress(GOOD.encode()), 1, "gzip"),
    "one JSON list": (json.dumps([json.loads(row) for row in GOOD.splitlines()], indent=1), 1,
                      "one JSON list"),
    "CSV": ("text,label\nhello,greet\n", 1, "none of the 2 lines is JSON"),
}  # fmt: skip

KINDS = {name: (among_good(bad), BAD_LINE, words) for name, (bad, words) in LINES.items()} | FILES


def failed_job(place: LivedIn, training: str, validation: str | None = None) -> dict[str, Any]:
    """The job that was made with these files, once it has ended; it must have failed."""
    body = {"model": "gpt-4o-mini", "training_file": training, "validation_file": validation}
    made = place.client.post("/v1/fine_tuning/jobs", json=body)
    assert made.status_code == 200, made.text
    ended(place.platform.store, made.json()["id"])
    told = place.client.get(f"/v1/fine_tuning/jobs/{made.json()['id']}").json()
    assert (told["status"], told["fine_tuned_model"]) == ("failed", None)
    return told


@pytest.mark.parametrize("kind", KINDS)
def test_a_bad_file_is_told_by_line_and_reason_and_fails_its_job_with_the_vendors_code(
    lived_in: LivedIn, kind: str
) -> None:
    content, line, words = KINDS[kind]
    file = upload(lived_in.client, content).json()
    assert file["status"] == "error"
    where = f"line {line}: " if line else ""
    assert file["status_details"].startswith(where)
    assert words in file["status_details"].replace("\n", " ")
    job = failed_job(lived_in, file["id"])
    assert (job["error"]["code"], job["error"]["param"]) == ("invalid_file_format", "training_file")
    assert f"train.jsonl: {where}" in job["error"]["message"]
    assert words in job["error"]["message"]
    # As at the vendors, such a job never gets its numbers.
    assert set(job["hyperparameters"].values()) == {"auto"}
    events = lived_in.client.get(f"/v1/fine_tuning/jobs/{job['id']}/events").json()["data"]
    assert (events[0]["level"], events[0]["message"]) == ("error", job["error"]["message"])


def test_nine_examples_are_one_too_few_and_ten_are_enough(lived_in: LivedIn) -> None:
    rows = GOOD.splitlines(keepends=True)
    nine = upload(lived_in.client, "".join(rows[:9])).json()
    assert nine["status"] == "processed"  # it may still be somebody's validation file
    error = failed_job(lived_in, nine["id"])["error"]
    assert error == {
        "code": "invalid_n_examples",
        "message": "Training file has 9 example(s), but must have at least 10 examples",
        "param": "training_file",
    }
    ten = upload(lived_in.client, "".join(rows[5:15])).json()
    body = {"model": "tfidf", "training_file": ten["id"]}
    made = lived_in.client.post("/v1/fine_tuning/jobs", json=body).json()
    assert made["error"] is None
    lived_in.client.post(f"/v1/fine_tuning/jobs/{made['id']}/cancel")


def test_a_bad_validation_file_fails_the_job_under_its_own_name(lived_in: LivedIn) -> None:
    good = upload(lived_in.client, GOOD).json()["id"]
    bad = upload(lived_in.client, among_good("hello"), name="held out.jsonl").json()["id"]
    error = failed_job(lived_in, good, bad)["error"]
    assert (error["code"], error["param"]) == ("invalid_file_format", "validation_file")
    assert "validation file. held out.jsonl: line 5: " in error["message"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("".join(turns(user(f"q {n}"), {"role": "assistant", "content": f"a {n}"}) + "\n"
                 for n in range(12)), "12 different answers in 12"),
        ((turns(USER, ANSWER) + "\n") * 12, "every answer is the same"),
    ],
)  # fmt: skip
def test_answers_that_are_no_labels_are_refused_with_the_reason(
    lived_in: LivedIn, content: str, words: str
) -> None:
    file = upload(lived_in.client, content).json()
    assert file["status"] == "processed"
    body = {"model": "probe", "training_file": file["id"]}
    answer = lived_in.client.post("/openai/fine_tuning/jobs", json=body)
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["code"], error["param"]) == ("unsupported_training_file", "training_file")
    assert words in error["message"]


def test_a_file_for_something_else_is_no_training_file(lived_in: LivedIn) -> None:
    sent = {"data": {"purpose": "assistants"}, "files": {"file": ("a.jsonl", GOOD)}}
    file = lived_in.client.post("/v1/files", **sent).json()
    body = {"model": "tfidf", "training_file": file["id"]}
    answer = lived_in.client.post("/v1/fine_tuning/jobs", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_file")
    assert "purpose 'assistants'" in answer.json()["error"]["message"]
