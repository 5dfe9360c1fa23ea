"""Doors to the app: in memory for shapes, over a real socket where timing or bytes matter."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from aprendiz.serving.app import create_app
from aprendiz.serving.server import DrainingServer
from aprendiz.settings import Settings
from tests.api.keyword_model import KeywordModel

Door = Callable[..., AbstractContextManager[Any]]


@pytest.fixture
def settings() -> Settings:
    return Settings(_env_file=None, max_characters=500, max_body_bytes=4096)


@pytest.fixture
def model() -> KeywordModel:
    return KeywordModel()


def wait_ready(client: Any) -> None:
    for _ in range(500):
        if client.get("/health").status_code == 200:
            return
        time.sleep(0.02)
    raise AssertionError("the server did not become ready")


@pytest.fixture
def client(tmp_path: Path, settings: Settings, model: KeywordModel) -> Iterator[TestClient]:
    app = create_app(tmp_path, settings=settings, load=lambda folder: model)
    with TestClient(app, raise_server_exceptions=True) as client:
        wait_ready(client)
        model.texts.clear()
        yield client


@pytest.fixture
def live(tmp_path: Path, settings: Settings) -> Door:
    """``with live(model) as address``: the app on a real socket, in a thread of this process."""

    @contextmanager
    def run(model: KeywordModel, **options: Any) -> Iterator[str]:
        options = {"settings": settings, "load": lambda folder: model} | options
        server = DrainingServer(create_app(tmp_path, **options), drain_seconds=0, settle_seconds=0)
        listener = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join(30)
            listener.close()

    return run


@pytest.fixture
def wait() -> Callable[[Any], None]:
    return wait_ready


@pytest.fixture
def live_client(live: Door, model: KeywordModel) -> Iterator[httpx.Client]:
    with live(model) as address, httpx.Client(base_url=address, timeout=30) as client:
        wait_ready(client)
        yield client
