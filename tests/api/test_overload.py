"""More than can be done: refused with a time to come back, dropped when nobody waits, never hung."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from pydantic import SecretStr

from aprendiz.serving.connections import Connection
from aprendiz.serving.service import Service
from aprendiz.settings import Settings
from tests.api.conftest import Door
from tests.api.keyword_model import KeywordModel


class Gate(KeywordModel):
    """Stands still at the word ``gate`` until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.busy, self.may_go_on = threading.Event(), threading.Event()

    def predict(self, texts: Any, threshold: float | None = None) -> Any:
        if "gate" in texts:
            self.busy.set()
            assert self.may_go_on.wait(30)
        return super().predict(texts, threshold)


def small(**changes: Any) -> Settings:
    return Settings(_env_file=None, max_characters=500, **changes)


def address_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    assert parts.hostname and parts.port
    return parts.hostname, parts.port


def waiting(client: httpx.Client) -> int:
    for line in client.get("/metrics").text.splitlines():
        if line.startswith("aprendiz_queue_sequences"):
            return int(float(line.rsplit(" ", 1)[1]))
    return -1


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class Cutter(Gate):
    """Also cuts texts into tokens, and remembers which."""

    encodes = True

    def __init__(self) -> None:
        super().__init__()
        self.cut: list[str] = []

    def encode(self, texts: Any) -> list[list[int]]:
        self.cut += texts
        return [[1, 2] for _ in texts]

    def predict_encoded(self, texts: Any, rows: Any, threshold: float | None = None) -> Any:
        return self.predict(texts, threshold)


def test_what_is_refused_was_not_tokenized(live: Door, wait: Callable[[Any], None]) -> None:
    model = Cutter()
    with (
        live(model, settings=small(serve_queue_tokens=16)) as address,
        httpx.Client(base_url=address, timeout=30) as client,
        ThreadPoolExecutor(10) as pool,
    ):
        wait(client)

        def ask(text: str) -> httpx.Response:
            return httpx.post(f"{address}/classify", json={"text": text}, timeout=30)

        first = pool.submit(ask, "gate")
        assert model.busy.wait(10)
        rest = [pool.submit(ask, f"label0{number}") for number in range(8)]  # 2 tokens each
        until(lambda: waiting(client) == 8)
        refused = ask("label08")
        model.may_go_on.set()
        assert {each.result().status_code for each in [first, *rest]} == {200}
    assert refused.status_code == 429
    assert "label07" in model.cut
    assert "label08" not in model.cut


def test_a_full_queue_is_429_with_a_time_and_the_others_are_answered(
    live: Door, wait: Callable[[Any], None]
) -> None:
    model = Gate()
    settings = small(serve_queue_tokens=16)
    with (
        live(model, settings=settings) as address,
        httpx.Client(base_url=address, timeout=30) as client,
        ThreadPoolExecutor(10) as pool,
    ):
        wait(client)

        def ask(text: str) -> httpx.Response:
            return httpx.post(f"{address}/classify", json={"text": text}, timeout=30)

        first = pool.submit(ask, "gate")
        assert model.busy.wait(10)
        rest = [pool.submit(ask, f"label0{number}") for number in range(8)]  # 2 tokens each
        until(lambda: waiting(client) == 8)
        refused = ask("label08")
        assert client.get("/livez").status_code == client.get("/health").status_code == 200
        model.may_go_on.set()
        assert {each.result().status_code for each in [first, *rest]} == {200}
        assert refused.status_code == 429
        error = refused.json()["error"]
        assert (error["type"], error["code"]) == ("overloaded_error", "queue_full")
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert ask("label01").status_code == 200
        assert 'aprendiz_rejected_total{reason="queue_full"} 1.0' in client.get("/metrics").text


def test_one_greedy_key_leaves_room_for_another(
    live: Door, wait: Callable[[Any], None], tmp_path: Path
) -> None:
    from aprendiz.serving.keys import new_key

    file = tmp_path / "keys"
    greedy, modest = new_key(file, "greedy"), new_key(file, "modest")
    model = Gate()
    settings = small(serve_queue_tokens=16, serve_keys=file, serve_key=SecretStr("operator"))
    with live(model, settings=settings) as address, ThreadPoolExecutor(12) as pool:
        operator = httpx.Client(base_url=address, headers={"x-api-key": "operator"}, timeout=30)
        wait(operator)

        def ask(key: str, text: str) -> int:
            headers = {"authorization": f"Bearer {key}"}
            return httpx.post(
                f"{address}/classify", json={"text": text}, headers=headers, timeout=30
            ).status_code

        held = pool.submit(ask, greedy, "gate")
        assert model.busy.wait(10)
        queued = [pool.submit(ask, greedy, "label01") for _ in range(8)]
        until(lambda: waiting(operator) == 8)
        assert ask(greedy, "label01") == 429
        other = pool.submit(ask, modest, "label02")
        until(lambda: waiting(operator) == 9)
        model.may_go_on.set()
        assert [each.result() for each in [held, *queued, other]] == [200] * 10
        operator.close()


@pytest.mark.parametrize("how", ["header", "setting"])
def test_a_deadline_is_504_and_its_text_is_not_computed(
    live: Door, wait: Callable[[Any], None], how: str
) -> None:
    model = Gate()
    settings = small(**({"serve_timeout_seconds": 0.3} if how == "setting" else {}))
    with (
        live(model, settings=settings) as address,
        httpx.Client(base_url=address, timeout=30) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        wait(client)
        held = pool.submit(httpx.post, f"{address}/classify", json={"text": "gate"}, timeout=30)
        assert model.busy.wait(10)
        headers = {"x-request-timeout-ms": "50"} if how == "header" else {}
        late = client.post("/classify", json={"text": "label03"}, headers=headers)
        assert late.status_code == 504
        assert late.json()["error"]["type"] == "timeout_error"
        model.may_go_on.set()
        held.result()
        assert client.post("/classify", json={"text": "label04"}).status_code == 200
        assert "label03" not in model.texts


def test_texts_of_clients_that_left_are_not_computed(
    live: Door, wait: Callable[[Any], None]
) -> None:
    model = Gate()
    with (
        live(model, settings=small()) as address,
        httpx.Client(base_url=address, timeout=30) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        wait(client)
        held = pool.submit(httpx.post, f"{address}/classify", json={"text": "gate"}, timeout=30)
        assert model.busy.wait(10)
        body = b'{"text": "label05"}'
        head = b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        leaving = [socket.create_connection(address_of(address)) for _ in range(20)]
        for connection in leaving:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        until(lambda: waiting(client) == 20)
        for connection in leaving:
            connection.close()
        until(lambda: waiting(client) == 0)
        model.may_go_on.set()
        assert held.result().status_code == 200
        assert client.post("/classify", json={"text": "label06"}).status_code == 200
        assert "label05" not in model.texts
        cancelled = 'aprendiz_requests_total{model="",outcome="cancelled",route="/classify"} 20.0'
        assert cancelled in client.get("/metrics").text


def test_a_worker_that_hangs_is_not_alive(
    live: Door, wait: Callable[[Any], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aprendiz.serving.service._STALLED_SECONDS", 0.1)
    model = Gate()
    with (
        live(model, settings=small()) as address,
        httpx.Client(base_url=address, timeout=30) as client,
        ThreadPoolExecutor(1) as pool,
    ):
        wait(client)
        assert client.get("/livez").status_code == 200
        held = pool.submit(httpx.post, f"{address}/classify", json={"text": "gate"}, timeout=30)
        assert model.busy.wait(10)
        until(lambda: client.get("/livez").status_code == 503)
        assert client.get("/health").json() == {"status": "failed"}
        model.may_go_on.set()
        assert held.result().status_code == 200
        until(lambda: client.get("/livez").status_code == 200)


# --------------------------------------------------------------------------- slow clients


def test_a_body_that_does_not_come_is_408(live: Door, wait: Callable[[Any], None]) -> None:
    settings = small(serve_read_seconds=0.2)
    with live(KeywordModel(), settings=settings) as address:
        head = b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        for begun in (b"", b'{"text'):
            with socket.create_connection(address_of(address), timeout=30) as connection:
                connection.sendall(head + b"Content-Length: 20\r\n\r\n" + begun)
                answer = _all(connection)
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert b"connection: close" in answer
            assert b'"code": "too_slow"' in answer


def test_a_head_that_does_not_come_is_408_and_silence_is_cut(
    live: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "head_seconds", 0.2)
    with live(KeywordModel(), settings=small()) as address:
        with socket.create_connection(address_of(address), timeout=30) as connection:
            connection.sendall(b"POST /classify HTTP/1.1\r\nHost: a\r\nX-Slow: ")
            assert _all(connection).startswith(b"HTTP/1.1 408 ")
        with socket.create_connection(address_of(address), timeout=30) as connection:
            assert _all(connection) == b""
        with socket.create_connection(address_of(address), timeout=30) as connection:
            # Kept alive, then slow: the clock runs for every head, not only for the first.
            connection.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
            connection.sendall(b"GET /liv")
            assert _all(connection).startswith(b"HTTP/1.1 408 ")


@pytest.mark.parametrize("flood", ["one long header", "many headers", "many in pieces"])
def test_a_flood_of_headers_is_431(live: Door, flood: str) -> None:
    with (
        live(KeywordModel(), settings=small()) as address,
        socket.create_connection(address_of(address), timeout=30) as connection,
    ):
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n")
        try:
            if flood == "one long header":
                connection.sendall(b"X-Long: ")
                for _ in range(200):
                    connection.sendall(b"x" * 1024)
            elif flood == "many headers":
                connection.sendall(b"".join(b"X-%d: a\r\n" % n for n in range(200)) + b"\r\n")
            else:
                for number in range(500):
                    connection.sendall(b"X-%d: a\r\n" % number)
        except OSError:
            pass
        answer = _all(connection)
        # A client that is still sending may see the connection cut before it has read.
        assert answer.startswith(b"HTTP/1.1 431 ") or (answer == b"" and flood != "many headers")
        with httpx.Client(base_url=address) as client:
            assert client.get("/livez").status_code == 200


def _all(connection: socket.socket) -> bytes:
    answer = b""
    try:
        while piece := connection.recv(65536):
            answer += piece
    except ConnectionResetError:
        pass
    return answer


def test_a_stop_in_a_hurry_waits_for_the_batch_at_work(tmp_path: Path) -> None:
    """A thread that is inside a runtime when the interpreter ends aborts the process."""

    async def story() -> None:
        model = Gate()
        service = Service([tmp_path], settings=small(), load=lambda folder: model)
        service.start()
        while service.state != "ok":
            await asyncio.sleep(0.01)
        batcher = service.find().batcher
        asked = asyncio.create_task(service.classify(["gate"]))
        await asyncio.to_thread(model.busy.wait, 10)
        asyncio.get_running_loop().call_later(0.1, model.may_go_on.set)
        await service.stop()
        assert not batcher.has_threads
        assert len((await asked).predictions) == 1

    asyncio.run(asyncio.wait_for(story(), 60))
