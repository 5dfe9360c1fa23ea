"""A deployment as a chat model: asked as it was taught, streamed, stopped, refused in our words."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from aprendiz.data.chat.records import Message
from aprendiz.errors import ChatError, ProviderError, SettingsError
from aprendiz.interfaces import ChatModel, Reply, Sampling
from aprendiz.methods.managed import chat
from aprendiz.methods.managed.pointer import Pointer

PIECES = ["80 × 15", " = 12", "00"]
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


class Service:
    """A service that streams, or refuses; remembers what it was asked."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.refusal: tuple[int, dict[str, Any]] | None = None
        self.refuses_usage = False
        self.breaks_off = False
        self.finish = "stop"

    def answer(self, body: dict[str, Any]) -> tuple[int, str, bytes]:
        self.bodies.append(body)
        refusal = self.refusal
        if self.refuses_usage and "stream_options" in body:
            refusal = (400, {"message": "unknown field stream_options", "param": "stream_options"})
        if refusal:
            return refusal[0], "application/json", json.dumps({"error": refusal[1]}).encode()
        if not body.get("stream"):
            message = {"role": "assistant", "content": body["messages"][-1]["content"].upper()}
            choice = {"index": 0, "finish_reason": self.finish, "message": message}
            told = {**self._object("chat.completion"), "choices": [choice], "usage": USAGE}
            return 200, "application/json", json.dumps(told).encode()
        lines = [self._chunk({"content": piece}) for piece in PIECES]
        if not self.breaks_off:
            lines.append(self._chunk({}, self.finish))
            if "stream_options" in body:
                lines.append(
                    {**self._object("chat.completion.chunk"), "choices": []} | {"usage": USAGE}
                )
        events = [f"data: {json.dumps(each)}\n\n" for each in lines]
        return 200, "text/event-stream", "".join([*events, "data: [DONE]\n\n"]).encode()

    def _object(self, kind: str) -> dict[str, Any]:
        return {"id": "c", "object": kind, "created": 1, "model": "ft"}

    def _chunk(self, delta: dict[str, str], finish: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return {**self._object("chat.completion.chunk"), "choices": [choice]}


@pytest.fixture
def service(monkeypatch) -> Iterator[Service]:
    told = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, kind, content = told.answer(body)
            if told.breaks_off:
                content = content.removesuffix(b"data: [DONE]\n\n")
            self.send_response(status)
            self.send_header("content-type", kind)
            # One that breaks off promises more than it sends.
            self.send_header("content-length", str(len(content) + 100 * told.breaks_off))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{server.server_address[1]}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    yield told
    server.shutdown()
    server.server_close()


@pytest.fixture
def model(tmp_path):
    def load(address: str = "http://127.0.0.1:9/v1") -> chat.ManagedChat:
        values: dict[str, Any] = {
            "provider": "openai", "address": address, "api_version": "", "job": "j", "model": "ft",
            "deployment": "ft", "labels": ("a",), "system_prompt": "as taught", "concurrency": 4,
        }  # fmt: skip
        Pointer(**values).write(tmp_path)
        return chat.load(tmp_path)

    return load


ASKED = [Message("user", "15 % of 80?")]


def test_a_reply_comes_in_pieces_and_whole_with_its_tokens(model, service):
    loaded = model()
    assert isinstance(loaded, ChatModel)
    *pieces, reply = loaded.stream(ASKED, Sampling(64, 0.5, 0.9, 3, ("\n",)))
    assert pieces == PIECES
    assert reply == Reply("".join(PIECES), 7, 3, "stop")
    (body,) = service.bodies
    assert body["messages"] == [
        {"role": "system", "content": "as taught"},
        {"role": "user", "content": "15 % of 80?"},
    ]
    fields = ("max_completion_tokens", "temperature", "top_p", "seed", "stop", "stream")
    assert [body[each] for each in fields] == [64, 0.5, 0.9, 3, ["\n"], True]


def test_a_system_message_of_the_conversation_takes_the_place_of_the_taught_one(model, service):
    list(model().stream([Message("system", "own"), *ASKED]))
    assert [each["content"] for each in service.bodies[0]["messages"]] == ["own", "15 % of 80?"]


def test_a_service_that_tells_no_tokens_of_a_stream_is_asked_without(model, service):
    service.refuses_usage = True
    loaded = model()
    for _ in range(2):
        assert list(loaded.stream(ASKED))[-1] == Reply("".join(PIECES), 0, 0, "stop")
    assert ["stream_options" in body for body in service.bodies] == [True, False, False]


def test_closing_a_stream_closes_the_connection(model, service):
    stream = model().stream(ASKED)
    assert next(stream) == PIECES[0]
    stream.close()
    assert list(stream) == []


def test_a_stream_that_breaks_off_is_said(model, service):
    service.breaks_off = True
    with pytest.raises(ProviderError, match=r"broke off|nobody answers"):
        list(model().stream(ASKED))


def test_replies_keep_their_order(model, service):
    asked = [[Message("user", f"q{number}")] for number in range(9)]
    told = model().replies(asked)
    assert [each.text for each in told] == [f"Q{number}" for number in range(9)]
    assert told[0].prompt_tokens == 7
    assert model().replies([]) == []


def test_a_reply_that_was_cut_says_so(model, service):
    service.finish = "length"
    assert model().replies([ASKED])[0].finish_reason == "length"


def test_too_long_a_conversation_is_a_chat_error(model, service):
    service.refusal = (400, {"message": "too long", "code": "context_length_exceeded"})
    with pytest.raises(ChatError, match="too long"):
        list(model().stream(ASKED))


def test_one_refused_for_its_content_does_not_end_a_batch(model, service):
    service.refusal = (400, {"message": "no", "code": "content_filter"})
    assert model().replies([ASKED])[0] == Reply("", 0, 0, "stop")
    with pytest.raises(ProviderError, match="no"):
        list(model().stream(ASKED))


def test_nothing_to_answer_asks_nobody(model, service):
    with pytest.raises(ChatError):
        model().stream([])
    with pytest.raises(ChatError):
        model().replies([ASKED, []])
    assert service.bodies == []


def test_a_machine_that_is_not_set_up_for_the_service_says_so(model):
    with pytest.raises(SettingsError, match="not set up for it"):
        model("https://api.openai.com/v1")
