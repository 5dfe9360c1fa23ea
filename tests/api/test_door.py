"""Who may come in: default-deny, whatever the path looks like and whoever runs the app."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aprendiz.errors import SettingsError
from aprendiz.serving.app import create_app
from aprendiz.serving.door import PUBLIC
from aprendiz.serving.keys import new_key
from aprendiz.serving.server import serve
from aprendiz.settings import Settings
from tests.api.keyword_model import KeywordModel


@pytest.fixture
def keys_file(tmp_path: Path) -> Path:
    return tmp_path / "serve.keys"


@pytest.fixture
def key(keys_file: Path) -> str:
    return new_key(keys_file, "web shop")


@pytest.fixture
def locked(
    tmp_path: Path, keys_file: Path, key: str, wait: Callable[[Any], None]
) -> Iterator[TestClient]:
    settings = Settings(_env_file=None, serve_keys=keys_file)
    app = create_app(tmp_path, settings=settings, load=lambda folder: KeywordModel())
    with TestClient(app) as client:
        wait(client)
        yield client


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


def test_every_route_asks_for_a_key_but_the_public_ones(locked: TestClient, key: str) -> None:
    app: Any = locked.app
    paths = {route.path: route.methods for route in app.routes if hasattr(route, "methods")}
    assert len(paths) >= 20
    for path, methods in paths.items():
        for method in methods:
            exact = path.replace("{model}", "keywords")
            status = locked.request(method, exact, follow_redirects=False).status_code
            if path in PUBLIC:
                assert status < 400, (method, path)
            else:
                assert status == 401, (method, path)
                assert locked.request(method, exact, headers=bearer(key)).status_code != 401


@pytest.mark.parametrize(
    "path",
    [
        "//classify",
        "/%63lassify",
        "/classify/",
        "/health/../classify",
        "/health/",
        "/HEALTH",
        "/livez%2f",
        "/docs/x",
        "/nothing",
        "/metrics",
        "/openapi.json/",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "HEAD", "OPTIONS", "DELETE", "NONSENSE"])
def test_no_spelling_of_a_path_gets_in(locked: TestClient, method: str, path: str) -> None:
    response = locked.request(method, f"http://testserver{path}")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"


def test_no_prefix_of_a_proxy_gets_in(locked: TestClient, key: str) -> None:
    app: Any = locked.app
    with TestClient(app, root_path="/health") as proxied:
        assert proxied.post("/health/classify", json={"text": "a"}).status_code == 401


@pytest.mark.parametrize("header", ["authorization", "x-api-key", "api-key"])
def test_a_right_key_opens_in_any_header(locked: TestClient, key: str, header: str) -> None:
    value = f"bearer  {key} " if header == "authorization" else key
    answer = locked.post("/classify", json={"text": "label01"}, headers={header: value})
    assert answer.status_code == 200


@pytest.mark.parametrize("sent", ["", "Bearer", "Bearer x", "Basic eA==", "Bearer é"])
def test_a_wrong_key_opens_nothing(locked: TestClient, sent: str) -> None:
    headers = {"authorization": sent.encode()}
    answer = locked.post("/classify", content=b"{", headers=headers)  # type: ignore[arg-type]
    assert answer.status_code == 401, "before the body is read"
    error = answer.json()["error"]
    assert error["type"] == "authentication_error"
    assert error["request_id"] == answer.headers["x-request-id"]


def test_a_revoked_key_is_shut_out_at_the_next_change_of_locks(
    locked: TestClient, key: str, keys_file: Path
) -> None:
    other = new_key(keys_file, "other")
    lines = keys_file.read_text().splitlines(keepends=True)
    keys_file.write_text(lines[1])
    app: Any = locked.app
    app.state.service.change_locks()
    assert locked.get("/info", headers=bearer(key)).status_code == 401
    assert locked.get("/info", headers=bearer(other)).status_code == 200


def test_no_answer_and_no_log_holds_a_key(
    locked: TestClient, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = ""
    for path, body in [("/classify", {"text": f"explode {key}"}), ("/classify", {key: key})]:
        answer = locked.post(path, json=body, headers=bearer(key) | {"x-request-id": key[:20]})
        shown += answer.text
    shown += locked.post(f"/{key}", headers=bearer(key)).text
    shown += locked.get("/metrics", headers=bearer(key)).text
    # The client of the test writes addresses into its own log, and one holds the key.
    shown += "".join(each.getMessage() for each in caplog.records if each.name[:5] != "httpx")
    assert "500" in shown or "internal_error" in shown
    assert key not in shown


def test_without_keys_another_address_than_this_machines_is_refused(
    tmp_path: Path, settings: Settings, wait: Callable[[Any], None]
) -> None:
    """Whoever runs the app: the address that the client reached is what counts."""
    app = create_app(tmp_path, settings=settings, load=lambda folder: KeywordModel())
    with TestClient(app, base_url="http://10.0.0.7:8000") as client:
        wait(client)
        refused = client.post("/classify", json={"text": "label01"})
        assert refused.status_code == 401
        assert refused.json()["error"]["code"] == "no_key_yet"
    for address in ("127.0.0.1", "[::1]", "127.8.9.10"):
        with TestClient(app, base_url=f"http://{address}:8000") as client:
            wait(client)
            assert client.post("/classify", json={"text": "label01"}).status_code == 200
    everyone = create_app(tmp_path, settings=settings, load=lambda f: KeywordModel(), anyone=True)
    with TestClient(everyone, base_url="http://10.0.0.7:8000") as client:
        wait(client)
        assert client.post("/classify", json={"text": "label01"}).status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_beyond_this_machine_nothing_is_served_without_a_key(host: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        serve(tmp_path, host, 0, settings=Settings(_env_file=None, serve_keys=tmp_path / "none"))
    assert "--new-key" in caught.value.hint


def test_no_other_origin_is_let_in_by_a_browser(client: TestClient) -> None:
    """CORS is off: a preflight gets no permission, and answers carry none."""
    asked = {
        "origin": "https://elsewhere.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    for response in (
        client.options("/classify", headers=asked),
        client.post("/classify", json={"text": "a"}, headers={"origin": asked["origin"]}),
        client.get("/health", headers={"origin": asked["origin"]}),
    ):
        assert not [name for name in response.headers if name.startswith("access-control")]
