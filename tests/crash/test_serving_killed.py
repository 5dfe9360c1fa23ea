"""kill -9 of a server under load: lost is what was in flight, and a new one answers at once."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter

from tests.crash.serving import Client, serving

CLIENTS = 16


def test_only_what_was_in_flight_is_lost() -> None:
    clients: list[Client] = []
    with serving("tests.api.keyword_model", "0.005") as running:
        clients = [
            Client(running.port, f"label{number:02d}", f"label{number:02d}")
            for number in range(CLIENTS)
        ]
        for client in clients:
            client.start()
        time.sleep(1.0)
        os.kill(running.process.pid, signal.SIGKILL)
        running.process.wait(30)
        time.sleep(0.2)
        for client in clients:
            client.enough.set()
        for client in clients:
            client.join(60)
    outcomes = sum((client.outcomes for client in clients), Counter[str]())
    lost = [each for client in clients for each in client.lost]
    print(f"kill -9: {sum(outcomes.values())} requests, lost {len(lost)} of {CLIENTS} in flight")
    # A client has one request in flight, and loses that one at most.
    assert max(len(client.lost) for client in clients) <= 1
    assert outcomes["200"] > CLIENTS
    assert set(outcomes) <= {"200", "refused"}

    begin = time.monotonic()
    with serving("tests.api.keyword_model", "0.005") as again:
        client = Client(again.port, "label01", "label01")
        client.start()
        while not client.outcomes["200"]:
            assert time.monotonic() - begin < 30
            time.sleep(0.01)
        client.enough.set()
        client.join(30)
        assert client.lost == []
