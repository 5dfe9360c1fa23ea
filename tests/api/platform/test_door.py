"""Who may come in: a key in either vendor's header, looked at before a byte of the body."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from aprendiz.platform.http import envelope
from aprendiz.platform.http.app import create_app
from aprendiz.platform.service import Platform
from aprendiz.settings import Settings
from tests.api.platform.conftest import Live


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform that asks for a key."""
    platform = Platform(tmp_path_factory.mktemp("guarded"), settings=Settings(_env_file=None))
    yield platform
    platform.stop()


@pytest.fixture(scope="module")
def closed(guarded: Platform) -> Iterator[TestClient]:
    with TestClient(create_app(guarded)) as client:
        yield client


@pytest.fixture(scope="module")
def key(guarded: Platform) -> str:
    return guarded.keys.make("test")[1]


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer {key}"},
        {"authorization": "bearer  {key} "},
        {"api-key": "{key}"},
        {"Authorization": "Bearer ", "api-key": "{key}"},
        {"Authorization": "Basic eDp5", "api-key": "{key}"},
    ],
)
def test_a_key_opens_in_either_vendors_header(
    closed: TestClient, key: str, headers: dict[str, str]
) -> None:
    sent = {name: value.format(key=key) for name, value in headers.items()}
    assert closed.get("/v1/models", headers=sent).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer sk-wrong"},
        {"api-key": "sk-wrong"},
        {"Authorization": "Bearer sk-wrong", "api-key": "{key}"},
        {"Authorization": "{key}"},
        {"Authorization": "Bearer {key}x"},
        {"api-key": ""},
    ],
)
def test_everything_else_is_shut_out(closed: TestClient, key: str, headers: dict[str, str]) -> None:
    sent = {name: value.format(key=key) for name, value in headers.items()}
    for path in ("/v1/models", "/openai/files", "/subscriptions/a", "/docs", "/nothing"):
        answer = closed.get(path, headers=sent)
        assert answer.status_code == 401, path
        assert answer.json()["error"]["code"] == "invalid_api_key"
        assert key not in answer.text


def test_the_page_and_the_health_of_the_service_need_no_key(closed: TestClient) -> None:
    for path in ("/", "/health", "/livez", "/openapi.json", "/pages/index.html"):
        assert closed.get(path).status_code == 200, path


def test_no_spelling_of_a_path_gets_around_the_key(live: Live, guarded: Platform) -> None:
    end = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with live(guarded, open_without_key=False) as address:
        for path in ("/pages/../v1/models", "/pages/%2e%2e/v1/models", "//v1/models", "/V1/models"):
            status, body = raw(address, f"GET {path}{end}")
            assert status in (401, 404), path
            assert b'"data"' not in body


def test_without_a_key_the_body_is_never_asked_for(live: Live, guarded: Platform) -> None:
    head = "POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n"
    head += "Content-Type: multipart/form-data; boundary=b\r\nConnection: close\r\n\r\n"
    with live(guarded, open_without_key=False) as address:
        status, _ = raw(address, head)  # not a byte of the body is sent
    assert status == 401


def test_a_revoked_key_is_of_no_use_after_two_seconds(
    closed: TestClient, guarded: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(envelope, "time", SimpleNamespace(monotonic=lambda: clock[0]))
    record, key = guarded.keys.make("passing")
    headers = {"api-key": key}
    assert closed.get("/v1/files", headers=headers).status_code == 200
    guarded.store.delete_key(record.id)
    clock[0] += 2.01
    assert closed.get("/v1/files", headers=headers).status_code == 401


def test_a_key_made_by_another_process_counts_at_once(
    closed: TestClient, guarded: Platform
) -> None:
    headers = {"api-key": "not yet"}
    assert closed.get("/v1/files", headers=headers).status_code == 401
    beside = Platform(guarded.home, settings=guarded.settings)
    headers["api-key"] = beside.keys.make("made beside")[1]
    beside.stop()
    assert closed.get("/v1/files", headers=headers).status_code == 200


def raw(address: str, request: str) -> tuple[int, bytes]:
    """Send these very bytes and read to the end: the status and the body."""
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), timeout=20) as connection:
        connection.sendall(request.encode())
        told = b""
        while piece := connection.recv(65536):
            told += piece
            if request.startswith("POST") and b"\r\n\r\n" in told:
                break
    head, _, body = told.partition(b"\r\n\r\n")
    return int(head.split()[1]), body
