"""A server for a long time and under siege: memory, loop, health, goodput.

The soak takes a minute by default; ``SOAK_SECONDS=1200`` makes it the twenty minutes of a
release. Clients and server share the machine, so only ratios and bounds are asserted.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import socket
import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from tests.crash.serving import Client, Running, serving

SOAK_SECONDS = float(os.environ.get("SOAK_SECONDS", "60"))
SLOW_CONNECTIONS = 500
HEAD = b"POST /classify HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


def resident_kb(process: int) -> int:
    status = Path(f"/proc/{process}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def ask(port: int, body: dict[str, object], path: str = "/classify") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("POST", path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        response.read()
        return response.status
    finally:
        connection.close()


def livez_seconds(port: int) -> float:
    begin = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/livez")
    assert connection.getresponse().status == 200
    connection.close()
    return time.perf_counter() - begin


def test_a_connection_that_rested_a_while_is_still_there(
    examples_file: Path, tmp_path: Path
) -> None:
    pytest.importorskip("sklearn")
    from aprendiz import workflow

    workflow.train(examples_file, out=tmp_path / "model", method="tfidf", track=False)
    with serving("aprendiz", "serve", str(tmp_path / "model"), "--port", "0") as running:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
        for rest in (10, 0):
            connection.request("GET", "/livez")
            response = connection.getresponse()
            assert response.status == 200
            response.read()
            time.sleep(rest)  # what the server had closed meanwhile would raise
        connection.close()


def test_memory_does_not_grow_with_random_lengths(examples_file: Path, tmp_path: Path) -> None:
    pytest.importorskip("sklearn")
    from aprendiz import workflow

    workflow.train(examples_file, out=tmp_path / "model", method="tfidf", track=False)
    with serving("aprendiz", "serve", str(tmp_path / "model"), "--port", "0") as running:
        outcomes: Counter[int] = Counter()
        stop = threading.Event()

        def client(seed: int) -> None:
            chance = random.Random(seed)
            while not stop.is_set():
                words = " ".join(
                    chance.choices(
                        ["refund", "order", "pizza", "hello", "é", "🙂"],
                        k=chance.choice([1, 5, 20, 200, 1500]),
                    )
                )
                outcomes[ask(running.port, {"text": words or "a"})] += 1
                if chance.random() < 0.1:
                    _leave(running.port)

        threads = [threading.Thread(target=client, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        begin, samples = time.monotonic(), []
        while time.monotonic() - begin < SOAK_SECONDS:
            time.sleep(SOAK_SECONDS / 60)
            samples.append(resident_kb(running.process.pid))
        stop.set()
        for thread in threads:
            thread.join(60)
    third = len(samples) // 3
    middle, last = sorted(samples[third : 2 * third]), sorted(samples[2 * third :])
    growth = last[len(last) // 2] - middle[len(middle) // 2]
    print(
        f"{SOAK_SECONDS:.0f} s, {sum(outcomes.values())} requests, {last[0]} kB, grew {growth} kB"
    )
    assert set(outcomes) == {200}
    assert growth < 0.03 * last[0]


def _leave(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(HEAD + b'Content-Length: 19\r\n\r\n{"text": "label05"}')


def test_500_slow_connections_leave_the_service_unaffected() -> None:
    with serving("tests.api.keyword_model", "0.001") as running:
        slow = []
        for number in range(SLOW_CONNECTIONS):
            connection = socket.create_connection(("127.0.0.1", running.port))
            connection.sendall(
                (b"POST /cl", HEAD, HEAD + b"Content-Length: 20\r\n\r\n{")[number % 3]
            )
            slow.append(connection)
        clients = [Client(running.port, f"label{n:02d}", f"label{n:02d}") for n in range(8)]
        for client in clients:
            client.start()
        begin, worst = time.monotonic(), 0.0
        while time.monotonic() - begin < 13:  # longer than any of the read deadlines
            worst = max(worst, livez_seconds(running.port))
            for connection in slow[:50]:
                with suppress(OSError):
                    connection.send(b"x")  # a byte now and then keeps no connection alive
            time.sleep(0.2)
        for client in clients:
            client.enough.set()
        for client in clients:
            client.join(60)
        ended = Counter(_end(connection) for connection in slow)
    answered = sum(client.outcomes["200"] for client in clients)
    print(f"{dict(ended)}, {answered} answers meanwhile, slowest /livez {worst * 1000:.0f} ms")
    assert all(client.lost == [] for client in clients)
    assert answered > 1000
    assert ended["open"] == 0
    assert ended["408"] > SLOW_CONNECTIONS / 2
    assert worst < 0.25


def _end(connection: socket.socket) -> str:
    connection.settimeout(2)
    try:
        answer = connection.recv(4096)
    except TimeoutError:
        return "open"
    except OSError:
        return "reset"
    finally:
        connection.close()
    return "408" if answer.startswith(b"HTTP/1.1 408 ") else "closed"


@pytest.mark.parametrize("load", [1.5, 10.0], ids=["150 %", "1000 %"])
def test_overload_costs_no_goodput_and_health_still_answers(load: float) -> None:
    """Arrivals at a fixed rate, whatever the answers: what is too much is refused at once.

    The keyword model sleeps 50 ms a batch, so that the capacity is the model's and not that
    of the two cores which the clients share: 64 tokens, or 16 texts, a batch.
    """
    environment = {"APRENDIZ_SERVE_BATCH_TOKENS": "48", "APRENDIZ_SERVE_QUEUE_TOKENS": "96"}
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    try:
        with serving("tests.api.keyword_model", "0.05") as running:
            capacity = _goodput(running, senders=32, seconds=3.0, pause=0.0)[0]
            senders = 64
            good, refused, worst = _goodput(
                running, senders=senders, seconds=5.0, pause=senders / (capacity * load)
            )
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
    print(
        f"{load:.0%}: capacity {capacity:.0f}/s, good {good:.0f}/s, refused {refused}, livez {worst * 1000:.0f} ms"
    )
    assert good >= 0.9 * capacity
    assert refused > 0
    assert worst < 0.25


def _goodput(
    running: Running, senders: int, seconds: float, pause: float
) -> tuple[float, int, float]:
    """Answers a second, refusals, and the slowest ``/livez`` in seconds.

    Args:
        senders: clients, each with one connection.
        seconds: how long.
        pause: between two requests of a client, from beginning to beginning; a client that is
            still waiting sends as soon as it can.
    """
    outcomes: Counter[int] = Counter()
    until = time.monotonic() + seconds

    def send(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
        due = time.monotonic() + random.random() * pause
        body = json.dumps({"text": "label07 it"})
        while time.monotonic() < until:
            time.sleep(max(0.0, due - time.monotonic()))
            due += pause
            connection.request("POST", "/classify", body, {"Content-Type": "application/json"})
            response = connection.getresponse()
            response.read()
            outcomes[response.status] += 1
        connection.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(senders)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    worst = 0.0
    while time.monotonic() < until:
        worst = max(worst, livez_seconds(running.port))
        time.sleep(0.05)
    for thread in threads:
        thread.join(120)
    took = time.monotonic() - begin
    assert set(outcomes) <= {200, 429}, outcomes
    return outcomes[200] / took, outcomes[429], worst
