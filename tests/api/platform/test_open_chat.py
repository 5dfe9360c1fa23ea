"""Chats with a tuned language model: its own words, a token at a time, in every dialect."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("openai")
pytest.importorskip("peft")
pytest.importorskip("trl")

from openai import BadRequestError, DefaultHttpxClient, OpenAI

from aprendiz.errors import BaseModelError
from aprendiz.platform.answering import Answering
from aprendiz.platform.http.app import create_app
from aprendiz.platform.intake import Reader
from aprendiz.platform.journal import Entry
from aprendiz.platform.records import FileRecord, JobRequest
from aprendiz.platform.service import Platform
from tests.api.echo_model import EchoModel
from tests.api.platform.conftest import LivedIn, live_app, user
from tests.api.platform.sdk import WAYS
from tests.unit.platform.chats import chat, send, wait_until

SAID = "one two three"


@dataclass(frozen=True)
class Speaking:
    """A live platform with a tuned language model, and the network behind it."""

    address: str
    answering: Answering
    model: EchoModel
    name: str


def tuned(platform: Platform) -> str:
    """A job of ``lora`` as its training process leaves it, but for the weights."""
    text = "".join(chat(f"question {n}", f"an answer of its own, {n}") for n in range(10))
    job = platform.jobs.create(JobRequest("lora", send(platform, text).id))
    running = platform.store.transition(
        job.id, {"validating_files"}, "running", resolved={"n_epochs": 3}
    )
    assert running is not None

    def results() -> FileRecord:
        return platform.files.put_down(b"step\n", "results.csv", "fine-tune-results")

    end = Entry("end", 1.0, {"steps": 3, "tokens": 90, "epochs": 3.0})
    intake = Reader(running, 3, results, None).intake([end])
    platform.store.take_in(running, 1, intake)
    return platform.store.job(job.id).fine_tuned_model or ""


@pytest.fixture
def speaking(still: Platform) -> Iterator[Speaking]:
    model = EchoModel("not the name that clients know", context=400)
    app = create_app(still, open_without_key=True)
    answering = Answering(still, load_chat=lambda folder: model, most_speaking=3)
    app.state.answering = answering
    with live_app(app) as address:
        yield Speaking(address, answering, model, tuned(still))
        model.gate.set()


@pytest.mark.parametrize("way", WAYS)
def test_it_answers_plain_and_streaming_through_the_sdk(speaking: Speaking, way: str) -> None:
    client = WAYS[way](speaking.address, "any")
    asked: dict[str, Any] = {"model": speaking.name, "messages": [user(SAID)]}
    plain = client.chat.completions.create(**asked)
    assert (plain.choices[0].message.content, plain.model) == (SAID, speaking.name)
    assert plain.usage is not None
    assert (plain.usage.prompt_tokens, plain.usage.completion_tokens) == (4, 4)
    pieces, usage, finish = [], None, None
    for chunk in client.chat.completions.create(
        **asked, stream=True, stream_options={"include_usage": True}
    ):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            pieces.append(choice.delta.content)
            finish = choice.finish_reason or finish
    assert pieces == ["", "one", " two", " three", None]
    assert (finish, usage) == ("stop", plain.usage)

    short = client.chat.completions.create(**asked, max_tokens=2).choices[0]
    assert (short.message.content, short.finish_reason) == ("one two", "length")
    assert client.chat.completions.create(**asked, stop=[" x", "two"]).choices[0].message.content == "one"  # fmt: skip
    drawn = [
        client.chat.completions.create(**asked, temperature=1, seed=seed, n=2).choices
        for seed in (3, 3, 4)
    ]
    told = [[choice.message.content for choice in choices] for choices in drawn]
    assert told[0] == told[1] != told[2]


def test_what_only_classifiers_can_is_refused(speaking: Speaking) -> None:
    client = WAYS["OpenAI"](speaking.address, "any")
    for more, param in (
        ({"logprobs": True}, "logprobs"),
        ({"frequency_penalty": 1}, "frequency_penalty"),
        ({"logit_bias": {"1": 5}}, "logit_bias"),
    ):
        with pytest.raises(BadRequestError) as told:
            client.chat.completions.create(
                model=speaking.name, messages=[user(SAID)], stream=True, **more
            )
        assert (told.value.code, told.value.param) == ("unsupported_value", param)
    with pytest.raises(BadRequestError) as too_long:
        client.chat.completions.create(model=speaking.name, messages=[user("x " * 500)])
    assert too_long.value.code == "context_length_exceeded"


def test_azures_errors_keep_their_shape(speaking: Speaking) -> None:
    where = f"{speaking.address}/openai/deployments/{speaking.name}/chat/completions"
    body = {"messages": [user(SAID)], "logprobs": True}
    answer = httpx.post(where, json=body, trust_env=False)
    assert answer.status_code == 400
    assert answer.json()["error"]["innererror"] == {"code": "unsupported_value"}


def test_a_long_reply_holds_up_no_label_and_those_who_wait_have_their_turn(
    lived_in: LivedIn,
) -> None:
    speaker = EchoModel()
    app = create_app(lived_in.platform, open_without_key=True)
    answering = Answering(lived_in.platform, load_chat=lambda folder: speaker, most_speaking=2)
    # The classifier of the first job, and under the second's name a language model.
    answering.speaks = lambda record: record.job == lived_in.several.id  # type: ignore[method-assign]
    app.state.answering = answering

    def ask(model: str, told: list[httpx.Response]) -> threading.Thread:
        body = {"model": model, "messages": [user("a pizza please")]}
        where = f"{address}/v1/chat/completions"
        thread = threading.Thread(
            target=lambda: told.append(httpx.post(where, json=body, trust_env=False, timeout=30))
        )
        thread.start()
        return thread

    with live_app(app) as address:
        speaker.gate.clear()
        told: list[httpx.Response] = []
        name = lived_in.several.fine_tuned_model or ""
        threads = [ask(name, told)]
        wait_until(lambda: bool(speaker.asked), "the first chat to reach the model")
        threads.append(ask(name, told))
        wait_until(lambda: answering.generation.inside == 2, "the second to wait")
        labels: list[httpx.Response] = []
        ask(lived_in.model, labels).join()
        assert labels[0].json()["choices"][0]["message"]["content"] == "order"
        refused: list[httpx.Response] = []
        ask(name, refused).join()
        assert refused[0].status_code == 429
        assert refused[0].headers["retry-after"]
        assert refused[0].json()["error"]["code"] == "rate_limit_exceeded"
        assert not told
        speaker.gate.set()
        for thread in threads:
            thread.join()
        assert [each.json()["choices"][0]["message"]["content"] for each in told] == [
            "a pizza please"
        ] * 2


def test_a_client_that_goes_away_stops_the_generation(speaking: Speaking) -> None:
    speaking.model.context = 1_000_000
    body = {"model": speaking.name, "messages": [user("on forever")], "max_tokens": 900_000}
    client = OpenAI(
        base_url=f"{speaking.address}/v1", api_key="any", max_retries=0,
        http_client=DefaultHttpxClient(trust_env=False),
    )  # fmt: skip
    stream = client.chat.completions.create(**body, stream=True)
    for number, _ in enumerate(stream):
        if number == 10:
            break
    stream.close()
    wait_until(lambda: speaking.model.closed == 1, "the model to be let go")
    wait_until(lambda: speaking.answering.generation.inside == 0, "its place to be free")
    assert speaking.model.written < 900_000


def test_what_breaks_off_is_told_in_the_stream(speaking: Speaking) -> None:
    body = {"model": speaking.name, "messages": [user("break a b c d")], "stream": True}
    answer = httpx.post(f"{speaking.address}/v1/chat/completions", json=body, trust_env=False)
    last = answer.text.strip().split("\n\n")[-1]
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "internal_error"


def test_a_model_that_cannot_be_loaded_says_so_and_tells_no_path(
    still: Platform, caplog: pytest.LogCaptureFixture
) -> None:
    def gone(folder: Path) -> EchoModel:
        raise BaseModelError(f"{folder}: its base is another one now")

    app = create_app(still, open_without_key=True)
    app.state.answering = Answering(still, load_chat=gone)
    name = tuned(still)
    with live_app(app) as address:
        for stream in (False, True):
            body = {"model": name, "messages": [user("hi")], "stream": stream}
            answer = httpx.post(f"{address}/v1/chat/completions", json=body, trust_env=False)
            assert (answer.status_code, answer.json()["error"]["code"]) == (500, "model_unusable")
            assert str(still.home) not in answer.text
    assert "its base is another one now" in caplog.text


def test_only_the_language_models_used_last_stay_in_memory(tmp_path: Path, still: Platform) -> None:
    loaded: list[str] = []

    def load(folder: Path) -> EchoModel:
        loaded.append(folder.parent.name)
        return EchoModel()

    names = [tuned(still) for _ in range(3)]
    app = create_app(still, open_without_key=True)
    app.state.answering = Answering(still, load_chat=load)
    with live_app(app) as address, httpx.Client(base_url=address, trust_env=False) as client:
        for number in (0, 1, 0, 2, 0, 1):
            body = {"model": names[number], "messages": [user("hi")]}
            told = client.post("/v1/chat/completions", json=body).json()
            assert told["model"] == names[number]
    jobs = [still.store.model(name).job for name in names]
    assert [jobs.index(each) for each in loaded] == [0, 1, 2, 1]
