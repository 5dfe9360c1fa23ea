"""Many at once: every answer is the right one, a full queue says so, who leaves frees a place."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import httpx
import pytest

pytest.importorskip("openai")

from aprendiz import load
from aprendiz.artifact.model import Model
from aprendiz.interfaces import Prediction
from aprendiz.platform.answering import Answering
from aprendiz.platform.http.app import create_app
from tests.api.platform.conftest import Live, LivedIn, live_app, user
from tests.unit.platform.chats import wait_until

CLIENTS, CHATS = 16, 5
WORDS = ("pizza", "coffee", "refund", "money", "hello", "morning", "friend", "soup")


def test_sixteen_clients_at_once_each_get_their_own_answers(lived_in: LivedIn, live: Live) -> None:
    from openai import AsyncOpenAI, DefaultAsyncHttpxClient

    model = load(lived_in.platform.home / "jobs" / lived_in.job.id / "model")
    several = lived_in.several.fine_tuned_model or ""
    texts = [f"{WORDS[n % 8]} {WORDS[n // 8 % 8]} {n}" for n in range(CLIENTS * CHATS)]
    expected = model.predict(texts)

    async def one_client(number: int, address: str) -> list[tuple[str, float, str]]:
        got = []
        client = AsyncOpenAI(
            base_url=f"{address}/v1", api_key="any", max_retries=0,
            http_client=DefaultAsyncHttpxClient(trust_env=False),
        )  # fmt: skip
        async with client:
            for text in texts[number::CLIENTS]:
                told = await client.chat.completions.create(
                    model=lived_in.model, messages=[user(text)], logprobs=True
                )
                other = await client.chat.completions.create(model=several, messages=[user(text)])
                logprobs = told.choices[0].logprobs
                assert logprobs is not None and logprobs.content is not None
                got.append(
                    (told.choices[0].message.content, logprobs.content[0].logprob, other.model)
                )
        return got

    async def everybody(address: str) -> list[list[tuple[str, float, str]]]:
        return await asyncio.gather(*(one_client(n, address) for n in range(CLIENTS)))

    import math

    with live(lived_in.platform) as address:
        answers = asyncio.run(everybody(address))
    for number, got in enumerate(answers):
        own = expected[number::CLIENTS]
        assert [label for label, _, _ in got] == [each.label for each in own]
        assert [math.exp(each) for _, each, _ in got] == pytest.approx([p.confidence for p in own])
        assert {model for _, _, model in got} == {several}
    assert len({each.label for each in expected}) == 3  # else a mix-up would not show


class Gate:
    """A real model that answers nobody until it is opened."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.opened = threading.Event()
        self.batches: list[list[str]] = []

    def predict(self, texts: Sequence[str]) -> list[Prediction]:
        self.batches.append(list(texts))
        assert self.opened.wait(30)
        return self._model.predict(texts)


@pytest.fixture
def gate(lived_in: LivedIn) -> Iterator[Gate]:
    gate = Gate(load(lived_in.platform.home / "jobs" / lived_in.job.id / "model"))
    yield gate
    gate.opened.set()


@pytest.fixture
def crowded(lived_in: LivedIn, gate: Gate) -> Iterator[tuple[str, Answering]]:
    """A live platform in which two may wait beside those being answered."""
    app = create_app(lived_in.platform, open_without_key=True)

    def behind_the_gate(_: Path) -> Gate:
        return gate

    answering = Answering(lived_in.platform, behind_the_gate, most_waiting=2)  # type: ignore[arg-type]
    app.state.answering = answering
    with live_app(app) as address:
        yield address, answering
        gate.opened.set()


def ask(address: str, model: str, text: str, told: list[httpx.Response]) -> threading.Thread:
    """Chat in a thread of its own."""

    def run() -> None:
        body = {"model": model, "messages": [user(text)]}
        where = f"{address}/v1/chat/completions"
        told.append(httpx.post(where, json=body, timeout=30, trust_env=False))

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_a_full_queue_says_try_again_and_the_sdk_does(
    lived_in: LivedIn, gate: Gate, crowded: tuple[str, Answering]
) -> None:
    from openai import DefaultHttpxClient, OpenAI, RateLimitError

    address, answering = crowded
    told: list[httpx.Response] = []
    threads = [ask(address, lived_in.model, "please refund my payment", told)]
    wait_until(lambda: len(gate.batches) == 1, "the first chat to reach the model")
    for _ in range(2):
        threads.append(ask(address, lived_in.model, "a pizza please", told))
    wait_until(lambda: len(answering._queue) == 2, "two who wait")

    client = OpenAI(
        base_url=f"{address}/v1", api_key="any", http_client=DefaultHttpxClient(trust_env=False)
    )
    one = {"model": lived_in.model, "messages": [user("good morning")]}
    with pytest.raises(RateLimitError) as refused:
        client.with_options(max_retries=0).chat.completions.create(**one)
    assert refused.value.code == "rate_limit_exceeded"
    assert refused.value.response.headers["retry-after"] == "1"
    assert refused.value.request_id

    threading.Timer(0.2, gate.opened.set).start()
    assert client.chat.completions.create(**one).choices[0].message.content == "greet"
    for thread in threads:
        thread.join()
    labels = sorted(each.json()["choices"][0]["message"]["content"] for each in told)
    assert labels == ["order", "order", "refund"]
    assert gate.batches[1] == ["a pizza please"] * 2  # those who waited went through together


def test_a_client_that_gives_up_leaves_the_queue(
    lived_in: LivedIn, gate: Gate, crowded: tuple[str, Answering]
) -> None:
    address, answering = crowded
    told: list[httpx.Response] = []
    first = ask(address, lived_in.model, "please refund my payment", told)
    wait_until(lambda: len(gate.batches) == 1, "the first chat to reach the model")
    body = {"model": lived_in.model, "messages": [user("never mind")], "stream": True}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{address}/v1/chat/completions", json=body, trust_env=False,
            timeout=httpx.Timeout(10, read=0.3),
        )  # fmt: skip
    wait_until(lambda: not answering._queue, "its place to be free")
    gate.opened.set()
    first.join()
    assert told[0].status_code == 200
    assert gate.batches == [["please refund my payment"]]
