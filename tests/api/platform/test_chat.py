"""Chats with a tuned classifier: the label as the answer, its probabilities as log-probabilities."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz import load
from aprendiz.platform import chat as chat_room
from aprendiz.platform.records import Refusal
from tests.api.platform.conftest import LivedIn, user
from tests.conftest import EXAMPLES

LABELS = set(EXAMPLES)


def stream(place: LivedIn, text: str, **body: Any) -> list[dict[str, Any]]:
    """The events of a streamed answer; it must end as the protocol says."""
    sent = {"model": place.model, "messages": [user(text)], "stream": True, **body}
    answer = place.client.post("/v1/chat/completions", json=sent)
    assert answer.headers["content-type"].startswith("text/event-stream")
    *events, done, end = answer.text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    return [json.loads(event.removeprefix("data: ")) for event in events]


def test_the_answer_is_the_models_own(lived_in: LivedIn) -> None:
    model = load(lived_in.platform.home / "jobs" / lived_in.job.id / "model")
    for text in ("please refund my payment", "good morning friend", "bring a coffee", "", "¿qué?"):
        (own,) = model.predict([text])
        told = lived_in.chat(text, logprobs=True, top_logprobs=20)
        (choice,) = told["choices"]
        assert choice["message"] == {"role": "assistant", "content": own.label, "refusal": None}
        assert (choice["index"], choice["finish_reason"]) == (0, "stop")
        (token,) = choice["logprobs"]["content"]
        assert token["token"] == own.label
        assert bytes(token["bytes"]).decode() == own.label
        assert math.exp(token["logprob"]) == pytest.approx(own.confidence)
        told_scores = {each["token"]: math.exp(each["logprob"]) for each in token["top_logprobs"]}
        assert told_scores == pytest.approx(dict(own.scores))
        assert list(told_scores) == list(own.scores)  # the most probable first


def test_a_plain_answer_has_the_protocols_shape(lived_in: LivedIn) -> None:
    told = lived_in.chat("please refund my payment")
    assert told["id"].startswith("chatcmpl-")
    assert (told["object"], told["model"]) == ("chat.completion", lived_in.model)
    assert told["choices"][0]["logprobs"] is None
    usage = told["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
    assert usage["prompt_tokens"] > usage["completion_tokens"] > 0


@pytest.mark.parametrize("top", [None, 0, 1, 2])
def test_as_many_other_labels_as_asked_for(lived_in: LivedIn, top: int | None) -> None:
    (token,) = lived_in.chat("hi", logprobs=True, top_logprobs=top)["choices"][0]["logprobs"][
        "content"
    ]
    assert len(token["top_logprobs"]) == (top or 0)
    assert all(each["token"] in LABELS for each in token["top_logprobs"])


def test_several_choices_are_the_same_answer_and_are_paid_for(lived_in: LivedIn) -> None:
    one, three = lived_in.chat("a pizza please"), lived_in.chat("a pizza please", n=3)
    assert [choice["index"] for choice in three["choices"]] == [0, 1, 2]
    assert {choice["message"]["content"] for choice in three["choices"]} == {"order"}
    assert three["usage"]["completion_tokens"] == 3 * one["usage"]["completion_tokens"]
    assert three["usage"]["prompt_tokens"] == one["usage"]["prompt_tokens"]


def test_a_streamed_answer_says_the_same_in_pieces(lived_in: LivedIn) -> None:
    plain = lived_in.chat("a pizza please", logprobs=True, top_logprobs=2)
    chunks = stream(lived_in, "a pizza please", logprobs=True, top_logprobs=2)
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": ""}, {"content": "order"}, {},
    ]  # fmt: skip
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None, None, "stop"]
    assert chunks[1]["choices"][0]["logprobs"] == plain["choices"][0]["logprobs"]
    assert len({(chunk["id"], chunk["created"], chunk["model"]) for chunk in chunks}) == 1
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}
    assert all("usage" not in chunk for chunk in chunks)


def test_a_stream_tells_its_usage_when_asked(lived_in: LivedIn) -> None:
    options = {"stream_options": {"include_usage": True}}
    *chunks, last = stream(lived_in, "a pizza please", n=2, **options)
    assert last["choices"] == []
    assert last["usage"] == lived_in.chat("a pizza please", n=2)["usage"]
    assert all(chunk["usage"] is None for chunk in chunks)
    assert [chunk["choices"][0]["index"] for chunk in chunks] == [0, 0, 0, 1, 1, 1]


def test_a_checkpoint_answers_under_its_own_name(lived_in: LivedIn) -> None:
    name = lived_in.platform.store.checkpoints(lived_in.job.id).rows[0].model
    told = lived_in.chat("a pizza please", model=name)
    assert (told["model"], told["choices"][0]["message"]["content"]) == (name, "order")


def label(place: LivedIn, *messages: dict[str, Any], model: str = "") -> str:
    """What a model answers to a conversation."""
    body = {"model": model or place.model, "messages": messages, "logprobs": True}
    told = place.client.post("/v1/chat/completions", json=body).json()["choices"][0]
    return f"{told['message']['content']} {told['logprobs']['content'][0]['logprob']}"


def test_a_model_of_single_questions_reads_the_last_one_only(lived_in: LivedIn) -> None:
    alone = label(lived_in, user("a pizza please"))
    assert alone.startswith("order ")
    history = [
        {"role": "system", "content": "You sort what customers write."},
        {"role": "developer", "content": "refund refund refund"},
        user("please refund my payment"),
        {"role": "assistant", "content": "refund"},
    ]
    assert label(lived_in, *history, user("a pizza please")) == alone
    after = {"role": "assistant", "content": "let me see"}
    assert label(lived_in, *history, user("a pizza please"), after) == alone
    assert label(lived_in, user("please refund my payment")) != alone


def test_a_model_of_several_turns_reads_what_came_before(lived_in: LivedIn) -> None:
    name = lived_in.several.fine_tuned_model or ""
    for topic, answer in (("pizza", "food"), ("train", "travel")):
        history = [
            user(f"tell me about the {topic}"),
            {"role": "assistant", "content": f"here is the {topic}"},
            user("and now?"),
        ]
        assert label(lived_in, *history, model=name).startswith(f"{answer} ")


def test_content_may_come_in_parts_of_text(lived_in: LivedIn) -> None:
    parts = [{"type": "text", "text": "a pizza"}, {"type": "text", "text": "please"}]
    assert label(lived_in, user(parts)) == label(lived_in, user("a pizza\nplease"))
    picture = {"type": "image_url", "image_url": {"url": "data:,"}}
    body = {"model": lived_in.model, "messages": [user([picture])]}
    answer = lived_in.client.post("/v1/chat/completions", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, "messages[0]")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": None}, "messages"),
        ({"messages": [{"role": "user"}]}, "messages[0]"),
        ({"messages": [{"role": "robot", "content": "x"}]}, "messages[0].role"),
        ({"messages": [{"role": "system", "content": "x"}]}, "messages"),
        ({"messages": [user("x" * (chat_room.MOST_CHARACTERS + 1))]}, "messages"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"logprobs": 3}, "logprobs"),
        ({"n": 0}, "n"),
        ({"n": 129}, "n"),
        ({"temperature": 2.1}, "temperature"),
        ({"stream": "yes"}, "stream"),
        ({"model": None}, "model"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        ({"tool_choice": "required"}, "tool_choice"),
    ],
)
def test_what_cannot_be_answered_is_refused_by_name(
    lived_in: LivedIn, change: dict[str, Any], param: str
) -> None:
    body = {"model": lived_in.model, "messages": [user("hi")], "stream": True} | change
    answer = lived_in.client.post("/v1/chat/completions", json=body)
    assert answer.status_code == 400, answer.text  # also with stream: the answer is there first
    assert answer.json()["error"]["param"] == param


def test_settings_that_mean_nothing_to_a_label_are_taken(lived_in: LivedIn) -> None:
    plain = lived_in.chat("a pizza please")["choices"]
    odd = lived_in.chat(
        "a pizza please", temperature=2, top_p=0.1, seed=-5, stop=["o"], max_tokens=1, user="u",
        store=False, metadata={"a": "b"}, tools=[], tool_choice="auto", logit_bias={"5": 1},
        response_format={"type": "text"}, presence_penalty=1, stream_options=None, future=True,
    )  # fmt: skip
    assert odd["choices"] == plain


@pytest.mark.parametrize("name", ["gpt-4o-mini", "tfidf", "gpt-4o-mini-2024-07-18"])
def test_a_base_model_has_learnt_nothing_yet(lived_in: LivedIn, name: str) -> None:
    for path in ("/v1", "/openai/v1", f"/openai/deployments/{name}"):
        body = {"model": name, "messages": [user("hi")]}
        answer = lived_in.client.post(f"{path}/chat/completions", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "model_not_available")
        assert "learnt nothing yet" in answer.json()["error"]["message"]


def test_nobody_answers_under_an_unknown_name(lived_in: LivedIn) -> None:
    for path, code in (
        ("/v1", "model_not_found"),
        ("/openai/deployments/none", "DeploymentNotFound"),
    ):
        body = {"model": "none", "messages": [user("hi")]}
        answer = lived_in.client.post(f"{path}/chat/completions", json=body)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


def test_a_model_whose_folder_is_damaged_says_so_and_tells_no_path(
    lived_in: LivedIn, caplog: pytest.LogCaptureFixture
) -> None:
    folder = lived_in.platform.home / "jobs" / lived_in.several.id / "model"
    manifest = folder / "manifest.json"
    answering = lived_in.client.app.state.answering  # type: ignore[attr-defined]
    answering._loaded.clear()
    manifest.rename(folder / "aside")
    try:
        body = {"model": lived_in.several.fine_tuned_model, "messages": [user("hi")]}
        answer = lived_in.client.post("/v1/chat/completions", json=body)
    finally:
        (folder / "aside").rename(manifest)
    assert (answer.status_code, answer.json()["error"]["code"]) == (500, "model_unusable")
    assert str(lived_in.platform.home) not in answer.text
    assert str(folder) in caplog.text
    assert lived_in.chat("hi", model=lived_in.several.fine_tuned_model or "")


@given(
    probabilities=st.lists(st.floats(0, 1), min_size=1, max_size=30),
    top=st.integers(0, 20),
)
def test_log_probabilities_are_json_numbers_whatever_the_model_says(
    probabilities: list[float], top: int
) -> None:
    scores = {f"l{n}": p for n, p in enumerate(sorted(probabilities, reverse=True))}
    told = chat_room.logprobs(chat_room.Answer("m", "l0", scores), top)
    (token,) = json.loads(json.dumps(told, allow_nan=False))["content"]
    assert len(token["top_logprobs"]) == min(top, len(scores))
    assert all(chat_room.IMPOSSIBLE <= each["logprob"] <= 0 for each in token["top_logprobs"])


def test_a_conversation_in_which_nobody_asks_has_no_question() -> None:
    from aprendiz.data.chat.records import Message

    for several in (False, True):
        with pytest.raises(Refusal) as told:
            chat_room.question([Message("assistant", "hi")], several_turns=several)
        assert (told.value.status, told.value.param) == (400, "messages")
