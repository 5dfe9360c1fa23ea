"""Over a real socket: many clients at once, bodies too large, queues too long."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.api.conftest import Door
from tests.api.keyword_model import KeywordModel


def test_64_clients_each_get_the_answer_to_their_own_text(
    live: Door, model: KeywordModel, wait: Callable[[Any], None]
) -> None:
    everyone = threading.Barrier(64)

    def ask(number: int) -> list[tuple[str, str]]:
        with httpx.Client(base_url=address, timeout=60) as client:
            client.get("/health")
            everyone.wait(60)
            wanted = [f"label{(number + turn) % 64:02d}" for turn in range(5)]
            answers = [client.post("/classify", json={"text": f"the {w}"}) for w in wanted]
        assert {answer.status_code for answer in answers} == {200}
        return [(w, a.json()["intent"]) for w, a in zip(wanted, answers, strict=True)]

    with live(model) as address:
        with httpx.Client(base_url=address) as client:
            wait(client)
        model.threads.clear()  # loading and warming up have their own
        with ThreadPoolExecutor(64) as pool:
            pairs = [pair for answers in pool.map(ask, range(64)) for pair in answers]
    assert len(pairs) == 320
    assert all(wanted == got for wanted, got in pairs)
    assert model.threads == {"inference-0"}


def test_a_megabyte_of_text_is_413_and_the_connection_lives(
    live_client: httpx.Client, model: KeywordModel
) -> None:
    model.texts.clear()
    response = live_client.post("/classify", json={"text": "x" * 1_000_000})
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "body_too_large"
    assert model.texts == []
    assert live_client.post("/classify", json={"text": "label01"}).status_code == 200


def test_a_chunked_body_is_counted_too(live_client: httpx.Client) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'{"text": "'
        for _ in range(100):
            yield b"x" * 1000
        yield b'"}'

    headers = {"content-type": "application/json"}
    response = live_client.post("/classify", content=pieces(), headers=headers)
    assert response.status_code == 413

    small = live_client.post(
        "/classify", content=iter([b'{"text": ', b'"label09"}']), headers=headers
    )
    assert small.json()["intent"] == "label09"


def test_a_body_without_end_is_cut_off(live_client: httpx.Client) -> None:
    address = urlsplit(str(live_client.base_url))
    with socket.create_connection((address.hostname, address.port), timeout=30) as connection:
        head = b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        connection.sendall(head + b"Transfer-Encoding: chunked\r\n\r\n")
        sent = 0
        try:
            while sent < 64 * 1024 * 1024:
                connection.sendall(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
                sent += 0x10000
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert sent < 64 * 1024 * 1024
    assert live_client.get("/health").status_code == 200


def test_an_announced_giant_is_refused_before_it_is_sent(live_client: httpx.Client) -> None:
    address = urlsplit(str(live_client.base_url))
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=30)
    connection.putrequest("POST", "/classify")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(10**12))
    connection.endheaders()
    response = connection.getresponse()
    assert response.status == 413
    assert response.getheader("connection") == "close"
    assert json.loads(response.read())["error"]["code"] == "body_too_large"
    connection.close()


def test_clients_that_leave_early_do_no_harm(live_client: httpx.Client) -> None:
    address = urlsplit(str(live_client.base_url))
    head = b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
    for rest in (b"", b"Content-Length: 50\r\n\r\n", b"Content-Length: 50\r\n\r\n{"):
        with socket.create_connection((address.hostname, address.port)) as connection:
            connection.sendall(head + rest)
    assert live_client.post("/classify", json={"text": "label04"}).json()["intent"] == "label04"
