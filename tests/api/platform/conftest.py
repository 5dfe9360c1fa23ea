"""Platforms behind HTTP: in memory for shapes, over a real socket where bytes and timing matter."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy")
pytest.importorskip("sklearn")

from starlette.testclient import TestClient

from aprendiz.platform.http.app import create_app
from aprendiz.platform.records import JobRecord, JobRequest
from aprendiz.platform.service import Platform
from aprendiz.serving.server import DrainingServer
from aprendiz.settings import Settings
from tests.unit.platform.chats import ended, held_out, lines, send

DATED = "?api-version=2024-10-21"
#: Where each dialect stands, what it adds to an address, and what it says when it made something.
DIALECTS = {"/v1": ("", 200), "/openai/v1": ("", 200), "/openai": (DATED, 201)}


@pytest.fixture
def still(tmp_path: Path) -> Iterator[Platform]:
    """An empty platform whose supervisor does not run: what is created stays as it is."""
    platform = Platform(tmp_path / "platform", settings=Settings(_env_file=None))
    yield platform
    platform.stop()


@pytest.fixture
def api(still: Platform) -> Iterator[TestClient]:
    """A client of that platform, which asks for no key."""
    with TestClient(create_app(still, open_without_key=True)) as client:
        yield client


@dataclass(frozen=True)
class LivedIn:
    """A running platform on which jobs have ended.

    Attributes:
        client: of it, in memory; no key is asked for.
        job: learnt from single questions, with a validation file.
        several: learnt from conversations of several turns.
    """

    platform: Platform
    client: TestClient
    job: JobRecord
    several: JobRecord

    @property
    def model(self) -> str:
        """The tuned model of the first job."""
        return self.job.fine_tuned_model or ""

    def chat(self, text: str, /, model: str = "", **body: Any) -> Any:
        """The answer to one question, as JSON."""
        body = {"model": model or self.model, "messages": [user(text)], **body}
        answer = self.client.post("/v1/chat/completions", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def lived_in(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivedIn]:
    """Two real trainings, in processes of their own; shared, so nobody may delete what is there."""
    home = tmp_path_factory.mktemp("lived-in")
    platform = Platform(home, settings=Settings(_env_file=None), jobs_at_once=2)
    platform.start()
    validation = send(platform, held_out(), "validation.jsonl").id
    jobs = [
        platform.jobs.create(JobRequest("tfidf", send(platform, lines()).id, validation, seed=7)),
        platform.jobs.create(JobRequest("tfidf", send(platform, turns()).id, seed=7)),
    ]
    one, several = (ended(platform.store, job.id) for job in jobs)
    assert (one.status, several.status) == ("succeeded", "succeeded"), (one.error, several.error)
    with TestClient(create_app(platform, open_without_key=True)) as client:
        yield LivedIn(platform, client, one, several)
    platform.stop()


def turns() -> str:
    """Conversations in which the last question is always the same: only what came before tells."""
    import json

    rows = []
    for topic, label in (("pizza", "food"), ("train", "travel")):
        for number in range(8):
            messages = [
                user(f"tell me about the {topic} number {number}"),
                {"role": "assistant", "content": f"here is {topic} {number}", "weight": 0},
                user("and now?"),
                {"role": "assistant", "content": label},
            ]
            rows.append(json.dumps({"messages": messages}))
    return "\n".join(rows) + "\n"


def user(content: Any) -> dict[str, Any]:
    """A message from the user."""
    return {"role": "user", "content": content}


def upload(client: Any, text: str | bytes, at: str = "/v1", name: str = "train.jsonl") -> Any:
    """Send a file to learn from; the answer."""
    return client.post(
        f"{at}/files{DIALECTS[at][0]}", data={"purpose": "fine-tune"}, files={"file": (name, text)}
    )


Live = Callable[..., AbstractContextManager[str]]


@pytest.fixture
def live() -> Live:
    """``with live(platform) as address``: the app on a real socket, in a thread of this process."""

    @contextmanager
    def run(platform: Platform, **options: Any) -> Iterator[str]:
        app = create_app(platform, **({"open_without_key": True} | options))
        with live_app(app) as address:
            yield address

    return run


@contextmanager
def live_app(app: Any) -> Iterator[str]:
    """Serve an app on a free port of this machine."""
    server = DrainingServer(app, drain_seconds=0, settle_seconds=0, say=lambda _: None)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.005)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listener.close()
