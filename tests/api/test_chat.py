"""A language model behind ``aprendiz serve``: OpenAI's chat protocol, spoken by its own SDK."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from aprendiz.errors import BaseModelError
from aprendiz.serving.chat_app import create_chat_app
from aprendiz.serving.chat_requests import MOST_MESSAGES, AskedNamedChat
from aprendiz.serving.chat_service import ChatService
from aprendiz.serving.kinds import speaks
from aprendiz.serving.server import DrainingServer
from aprendiz.settings import Settings
from tests.api.conftest import wait_ready
from tests.api.echo_model import EchoModel
from tests.unit.platform.chats import wait_until

CHAT = "/v1/chat/completions"
SAID = "one two three"

Live = Callable[..., AbstractContextManager[tuple[str, DrainingServer]]]


def app_of(model: EchoModel, tmp_path: Path, **options: Any) -> Any:
    (tmp_path / "config.json").write_text("{}")  # a place where a language model may lie
    settings = Settings(_env_file=None, max_characters=3_000, max_body_bytes=131_072)
    return create_chat_app(
        tmp_path, **({"settings": settings, "load": lambda place: model} | options)
    )


@pytest.fixture
def model() -> EchoModel:
    return EchoModel()


@pytest.fixture
def client(model: EchoModel, tmp_path: Path) -> Iterator[TestClient]:
    with TestClient(app_of(model, tmp_path)) as client:
        wait_ready(client)
        model.asked.clear()
        yield client


@pytest.fixture
def live(tmp_path: Path) -> Live:
    """``with live(model) as (address, server)``: the app on a real socket."""

    @contextmanager
    def run(model: EchoModel, **options: Any) -> Iterator[tuple[str, DrainingServer]]:
        app = app_of(model, tmp_path, **options)
        server = DrainingServer(app, drain_seconds=0, settle_seconds=0, say=lambda _: None)
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            with httpx.Client(base_url=address, trust_env=False) as client:
                wait_ready(client)
            model.written = 0
            yield address, server
        finally:
            model.gate.set()
            server.should_exit = True
            thread.join(30)
            listener.close()
            assert not thread.is_alive()

    return run


def body(text: str, /, **more: Any) -> dict[str, Any]:
    return {"model": "echo", "messages": [{"role": "user", "content": text}], **more}


def events(text: str) -> list[dict[str, Any]]:
    """The events of a stream, which must end as the protocol says."""
    *told, done, end = text.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    return [json.loads(each.removeprefix("data: ")) for each in told]


def test_a_plain_answer(client: TestClient, model: EchoModel) -> None:
    told = client.post(CHAT, json=body(SAID)).json()
    assert told["id"].startswith("chatcmpl-")
    assert (told["object"], told["model"]) == ("chat.completion", "echo")
    assert told["choices"] == [
        {
            "index": 0, "logprobs": None, "finish_reason": "stop",
            "message": {"role": "assistant", "content": SAID, "refusal": None},
        }
    ]  # fmt: skip
    assert told["usage"] == {"prompt_tokens": 4, "completion_tokens": 4, "total_tokens": 8}
    assert len(model.threads) == 1 and threading.main_thread().name not in model.threads


def test_a_stream_says_the_same_a_token_at_a_time(client: TestClient) -> None:
    options = {"stream_options": {"include_usage": True}}
    answer = client.post(CHAT, json=body(SAID, stream=True, **options))
    assert answer.headers["content-type"].startswith("text/event-stream")
    *chunks, last = events(answer.text)
    assert [chunk["choices"][0]["delta"] for chunk in chunks] == [
        {"role": "assistant", "content": ""}, {"content": "one"}, {"content": " two"},
        {"content": " three"}, {},
    ]  # fmt: skip
    assert [chunk["choices"][0]["finish_reason"] for chunk in chunks] == [None] * 4 + ["stop"]
    assert all(chunk["usage"] is None for chunk in chunks)
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 8)
    assert len({(chunk["id"], chunk["created"]) for chunk in [*chunks, last]}) == 1
    without = events(client.post(CHAT, json=body(SAID, stream=True)).text)
    assert all("usage" not in chunk for chunk in without)


@pytest.mark.parametrize(
    ("asked", "said", "finish", "tokens"),
    [
        ({"max_tokens": 2}, "one two", "length", 2),
        ({"max_completion_tokens": 1, "max_tokens": 3}, "one", "length", 1),
        ({"max_tokens": 4}, SAID, "stop", 4),
        ({"stop": "two"}, "one", "stop", 2),
        ({"stop": ["nine", "three"]}, "one two", "stop", 3),
        ({"stop": []}, SAID, "stop", 4),
        ({"top_p": 0, "temperature": 2}, SAID, "stop", 4),
    ],
)
def test_an_answer_ends_where_it_is_told_to(
    client: TestClient, asked: dict[str, Any], said: str, finish: str, tokens: int
) -> None:
    told = client.post(CHAT, json=body(SAID, **asked)).json()
    choice = told["choices"][0]
    assert (choice["message"]["content"], choice["finish_reason"]) == (said, finish)
    assert told["usage"]["completion_tokens"] == tokens


def test_a_seed_fixes_what_is_drawn_and_each_choice_has_its_own(client: TestClient) -> None:
    def drawn(**more: Any) -> list[str]:
        asked = body("a b c d e f g h", temperature=1, n=3, **more)
        told = client.post(CHAT, json=asked).json()
        assert [choice["index"] for choice in told["choices"]] == [0, 1, 2]
        assert told["usage"]["completion_tokens"] == 3 * 9
        assert told["usage"]["prompt_tokens"] == 9
        return [choice["message"]["content"] for choice in told["choices"]]

    once = drawn(seed=-5)
    assert once == drawn(seed=-5)
    assert len(set(once)) == 3
    assert once != drawn(seed=6)


def test_without_chance_several_choices_are_written_once(
    client: TestClient, model: EchoModel
) -> None:
    told = client.post(CHAT, json=body(SAID, n=4, stream=True)).text
    chunks = events(told)
    assert [c["choices"][0]["index"] for c in chunks] == [0] * 5 + [1] * 3 + [2] * 3 + [3] * 3
    for index in range(4):
        mine = [c["choices"][0] for c in chunks if c["choices"][0]["index"] == index]
        assert "".join(each["delta"].get("content", "") for each in mine) == SAID
        assert mine[-1]["finish_reason"] == "stop"
    assert len(model.asked) == 1


def test_the_conversation_reaches_the_model_as_it_was_said(
    client: TestClient, model: EchoModel
) -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    messages = [
        {"role": "developer", "content": "be brief"},
        {"role": "user", "content": "hi"},
        {"role": "assistant", "content": "ho", "name": "bot"},
        {"role": "user", "content": parts},
    ]
    assert client.post(CHAT, json={"model": "echo", "messages": messages}).status_code == 200
    assert [(each.role, each.content) for each in model.asked[0]] == [
        ("system", "be brief"), ("user", "hi"), ("assistant", "ho"), ("user", "a\nb"),
    ]  # fmt: skip


LONG = {"messages": [{"role": "user", "content": "x" * 3_001}]}
FULL = {"messages": [{"role": "user", "content": "x " * 500}]}


@pytest.mark.parametrize(
    ("change", "status", "code", "param"),
    [
        ({"model": "other"}, 404, "model_not_found", "model"),
        ({"model": None}, 400, "invalid_value", "model"),
        ({"messages": []}, 400, "invalid_value", "messages"),
        ({"messages": [{"role": "robot", "content": "x"}]}, 400, "invalid_value",
         "messages[0].role"),
        ({"messages": [{"role": "system", "content": "x"}]}, 400, "invalid_value", "messages"),
        ({"messages": [{"role": "tool", "content": "x"}]}, 400, "unsupported_value",
         "messages[0].role"),
        ({"messages": [{"role": "user", "content": "x"}] * 50}, 200, "", ""),
        ({"messages": [{"role": "user", "content": ""}] * (MOST_MESSAGES + 1)}, 400,
         "invalid_value", "messages"),
        (LONG, 400, "context_length_exceeded", "messages"),
        (FULL, 400, "context_length_exceeded", "messages"),
        ({"n": 0}, 400, "invalid_value", "n"),
        ({"temperature": 2.1}, 400, "invalid_value", "temperature"),
        ({"stop": ["a"] * 5}, 400, "invalid_value", None),
        ({"stop": ""}, 400, "invalid_value", None),
        ({"seed": 1.5}, 400, "invalid_value", "seed"),
        ({"max_tokens": 0}, 400, "invalid_value", "max_tokens"),
        ({"logprobs": True}, 400, "unsupported_value", "logprobs"),
        ({"top_logprobs": 1}, 400, "invalid_value", "top_logprobs"),
        ({"presence_penalty": 0.5}, 400, "unsupported_value", "presence_penalty"),
        ({"presence_penalty": 0, "logit_bias": {}}, 200, "", ""),
        ({"logit_bias": {"5": 1}}, 400, "unsupported_value", "logit_bias"),
        ({"response_format": {"type": "json_object"}}, 400, "unsupported_value",
         "response_format"),
        ({"tool_choice": "required"}, 400, "unsupported_value", "tool_choice"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
def test_what_cannot_be_answered_is_refused_by_name(
    client: TestClient, change: dict[str, Any], status: int, code: str, param: str, stream: bool
) -> None:
    answer = client.post(CHAT, json=body(SAID, stream=stream) | change)
    assert answer.status_code == status, answer.text
    if status == 200:
        return
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code", "request_id"}
    assert error["code"] == code
    assert param is None or error["param"] == param


def test_what_is_no_json_or_too_large_is_refused(client: TestClient) -> None:
    json_type = {"content-type": "application/json"}
    for content, headers, status in (
        (b"{", json_type, 400),
        (b'{"temperature": NaN}', json_type, 400),
        (b"[]", json_type, 400),
        (b"{}", {}, 415),
        (b" " * 131_073, json_type, 413),
    ):
        answer = client.post(CHAT, content=content, headers=headers)
        assert answer.status_code == status
        assert answer.json()["error"]["code"]


def test_a_model_that_breaks_says_so_before_and_after_its_first_word(client: TestClient) -> None:
    early = client.post(CHAT, json=body("explode now", stream=True))
    assert (early.status_code, early.json()["error"]["code"]) == (500, "internal_error")
    assert "explode" not in early.text
    late = client.post(CHAT, json=body("break a b c d", stream=True))
    assert late.status_code == 200
    *_, last, end = late.text.split("\n\n")
    assert end == ""
    assert json.loads(last.removeprefix("data: "))["error"]["code"] == "internal_error"
    assert "voice" not in late.text
    assert client.post(CHAT, json=body(SAID)).status_code == 200


def test_the_one_model_is_listed(client: TestClient) -> None:
    (shown,) = client.get("/v1/models").json()["data"]
    assert (shown["id"], shown["object"]) == ("echo", "model")
    assert client.get("/v1/models/echo").json() == shown
    gone = client.get("/v1/models/some/other")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "model_not_found")
    assert client.get("/health").json() == {"status": "ok", "model": "echo"}


def test_the_document_and_the_page(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert set(document["paths"]) == {
        "/health", "/v1/models", "/v1/models/{model}", "/v1/chat/completions",
    }  # fmt: skip
    asked = document["components"]["schemas"]["AskedNamedChat"]
    assert asked["properties"]["messages"]["maxItems"] == MOST_MESSAGES
    assert set(asked["required"]) == {"messages", "model"}
    operation = document["paths"][CHAT]["post"]
    assert set(operation["responses"]) == {
        "200", "400", "404", "413", "415", "429", "500", "503",
    }  # fmt: skip
    assert set(operation["responses"]["200"]["content"]) == {
        "application/json", "text/event-stream",
    }  # fmt: skip
    page = client.get("/docs")
    assert CHAT.lstrip("/") in page.text and "classify" not in page.text.lower()
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_before_the_model_is_there(tmp_path: Path, model: EchoModel) -> None:
    may_load = threading.Event()

    def slow(place: Path) -> EchoModel:
        assert may_load.wait(30)
        return model

    with TestClient(app_of(model, tmp_path, load=slow)) as client:
        assert client.get("/health").json() == {"status": "loading"}
        for answer in (client.post(CHAT, json=body(SAID)), client.get("/v1/models")):
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "not_ready")
            assert int(answer.headers["retry-after"]) >= 1
        may_load.set()
        wait_ready(client)
        assert model.asked, "it was called ready before it had spoken once"


def test_a_model_that_cannot_be_loaded_fails_in_words(tmp_path: Path, model: EchoModel) -> None:
    failed: list[Exception] = []

    def broken(place: Path) -> EchoModel:
        raise BaseModelError("its base is not there")

    with TestClient(app_of(model, tmp_path, load=broken, on_failure=failed.append)) as client:
        wait_until(lambda: bool(failed), "the failure")
        assert client.get("/health").json() == {"status": "failed"}


# ------------------------------------------------------------------ over a real socket


def sdk(address: str, **options: Any) -> Any:
    openai = pytest.importorskip("openai")
    return openai.OpenAI(
        base_url=f"{address}/v1", api_key="none", _strict_response_validation=True,
        http_client=openai.DefaultHttpxClient(trust_env=False), **({"max_retries": 0} | options),
    )  # fmt: skip


def test_the_official_sdk_with_strict_types(live: Live, model: EchoModel) -> None:
    openai = pytest.importorskip("openai")
    with live(model) as (address, _):
        client = sdk(address)
        (listed,) = client.models.list()
        assert client.models.retrieve(listed.id) == listed
        plain = client.chat.completions.create(**body(SAID, n=2))
        assert [choice.message.content for choice in plain.choices] == [SAID, SAID]
        told, usage = "", None
        for chunk in client.chat.completions.create(
            **body(SAID, stream=True, stream_options={"include_usage": True})
        ):
            told += "".join(choice.delta.content or "" for choice in chunk.choices)
            usage = chunk.usage or usage
        assert (told, usage.total_tokens) == (SAID, 8)
        with pytest.raises(openai.NotFoundError) as unknown:
            client.chat.completions.create(**body(SAID) | {"model": "gpt-4o"})
        assert unknown.value.code == "model_not_found"
        with pytest.raises(openai.BadRequestError) as too_long:
            client.chat.completions.create(**body("x " * 500))
        assert too_long.value.code == "context_length_exceeded"
        with pytest.raises(openai.APIError, match="our side"):
            list(client.chat.completions.create(**body("break a b c d", stream=True)))


def test_a_client_that_goes_away_stops_the_generation(live: Live, model: EchoModel) -> None:
    model.context = 1_000_000
    endless = body("on and on forever", max_tokens=900_000)
    with live(model) as (address, server):
        service: ChatService = server.service  # type: ignore[assignment]
        assert service._generation is not None
        for stream in (True, False):
            closed = model.closed
            asked = endless | {"stream": stream}
            with (
                pytest.raises(httpx.ReadTimeout),
                httpx.Client(trust_env=False, timeout=0.4) as client,
                client.stream("POST", address + CHAT, json=asked) as answer,
            ):
                assert stream, "a plain answer came before its end"
                for number, _ in enumerate(answer.iter_lines()):
                    if number > 20:
                        raise httpx.ReadTimeout("I have heard enough")
            wait_until(lambda: model.closed == closed + 1, "the model to be let go")
            wait_until(lambda: service._generation.inside == 0, "its place to be free")  # type: ignore[union-attr]
        assert model.written < 2 * 900_000
        answer = httpx.post(address + CHAT, json=body(SAID), trust_env=False)
        assert answer.json()["choices"][0]["message"]["content"] == SAID


def test_those_who_wait_are_answered_in_turn_and_one_too_many_is_told(
    live: Live, model: EchoModel
) -> None:
    model.context = 1_000_000
    with live(model, most_inside=3) as (address, server), ThreadPoolExecutor(4) as pool:
        service: ChatService = server.service  # type: ignore[assignment]

        def ask(text: str, **more: Any) -> httpx.Response:
            return httpx.post(address + CHAT, json=body(text, **more), timeout=30, trust_env=False)

        def inside() -> int:
            assert service._generation is not None
            return service._generation.inside

        model.gate.clear()
        model.asked.clear()
        # The first asks for two different choices: the others come in between.
        answers = [pool.submit(ask, "first of all", temperature=1, n=2)]
        wait_until(lambda: len(model.asked) == 1, "the first to be heard")
        for number, text in enumerate(("second one", "third one"), start=2):
            answers.append(pool.submit(ask, text))
            wait_until(lambda: inside() == number, "a place in the line")
        refused = ask("fourth")
        assert (refused.status_code, refused.json()["error"]["code"]) == (
            429, "rate_limit_exceeded",
        )  # fmt: skip
        assert int(refused.headers["retry-after"]) >= 1
        assert httpx.get(f"{address}/health", trust_env=False).status_code == 200
        model.gate.set()
        assert [answer.result().status_code for answer in answers] == [200, 200, 200]
        heard = [messages[-1].content for messages in model.asked]
        assert heard == ["first of all", "second one", "third one", "first of all"]


def test_sixteen_clients_each_hear_their_own_words(live: Live, model: EchoModel) -> None:
    def ask(number: int) -> str:
        with httpx.Client(trust_env=False, timeout=60) as client:
            answer = client.post(
                address + CHAT, json=body(f"I am number {number}", stream=bool(number % 2))
            )
        if number % 2:
            pieces = [c["choices"][0]["delta"].get("content", "") for c in events(answer.text)]
            return "".join(pieces)
        return answer.json()["choices"][0]["message"]["content"]

    with live(model) as (address, _), ThreadPoolExecutor(16) as pool:
        assert list(pool.map(ask, range(48))) == [f"I am number {n}" for n in range(48)]
    assert len(model.threads) == 1


def test_a_stop_lets_the_answer_in_progress_come_to_its_end(live: Live, model: EchoModel) -> None:
    with live(model) as (address, server), httpx.Client(trust_env=False, timeout=30) as client:
        model.gate.clear()
        with ThreadPoolExecutor(2) as pool:
            plain = pool.submit(client.post, address + CHAT, json=body(SAID))
            wait_until(lambda: bool(model.asked), "the first to be heard")
            streamed = pool.submit(
                httpx.post, address + CHAT, json=body(SAID, stream=True), trust_env=False
            )
            wait_until(lambda: len(server.server_state.connections) == 2, "the second to connect")
            server.should_exit = True
            time.sleep(0.2)
            model.gate.set()
            assert plain.result().json()["choices"][0]["message"]["content"] == SAID
            assert len(events(streamed.result().text)) == 5


def test_a_second_signal_ends_what_is_being_written(live: Live, model: EchoModel) -> None:
    model.context = 1_000_000
    with live(model) as (address, server):
        with ThreadPoolExecutor(1) as pool:
            asked = pool.submit(
                httpx.post, address + CHAT, json=body("on forever", max_tokens=900_000),
                trust_env=False, timeout=30,
            )  # fmt: skip
            wait_until(lambda: model.written > 10, "the first words")
            server.should_exit = server.force_exit = True
            with suppress(httpx.HTTPError):  # the connection was cut, which says the same
                assert asked.result().status_code == 503
        wait_until(lambda: model.closed == 2, "the model to be let go")  # the warm-up was one


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        (("config.json", "model.safetensors"), True),
        (("adapter_config.json",), True),
        (("model.gguf",), True),
        ((), False),
        (("notes.txt",), False),
    ],
)
def test_the_kind_of_a_folder_is_told_by_its_files(
    tmp_path: Path, files: tuple[str, ...], wanted: bool
) -> None:
    for name in files:
        (tmp_path / name).write_text("{}")
    assert speaks(tmp_path) is wanted
    for name in files:
        assert speaks(tmp_path / name) is (name.endswith(".gguf"))


def test_names_of_language_models_are_known_and_mistyped_folders_are_not() -> None:
    assert speaks(Path("maths-tiny"))
    assert speaks(Path("HuggingFaceTB/SmolLM2-135M-Instruct"))
    for place in ("shop", "./shop", "/no/such/folder", "no/such/folder", "gone.gguf"):
        assert not speaks(Path(place)), place


def test_the_older_limit_gives_way_to_the_newer() -> None:
    asked = AskedNamedChat.model_validate(body("x", max_tokens=5, max_completion_tokens=7))
    assert asked.sampling().max_tokens == 7
