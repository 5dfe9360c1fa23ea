"""Every error in one shape that both vendors' clients read, and what HTTP itself asks for."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.testclient import TestClient

from aprendiz.platform.http import app as app_room
from aprendiz.platform.service import Platform
from tests.api.platform.conftest import DIALECTS, Live, LivedIn, user

JOBS = "/fine_tuning/jobs"

Request = tuple[str, str, dict[str, Any], int, str, str | None]

#: Method, path in a dialect, arguments, status, code, field at fault.
REQUESTS: list[Request] = [
    ("GET", "/nowhere", {}, 404, "not_found", None),
    ("GET", "/files/", {}, 404, "not_found", None),
    ("PATCH", "/files", {}, 405, "method_not_allowed", None),
    ("GET", "/files/file-x", {}, 404, "file_not_found", "id"),
    ("GET", "/files/file-x/content", {}, 404, "file_not_found", "id"),
    ("DELETE", "/files/file-x", {}, 404, "file_not_found", "id"),
    ("GET", "/files?limit=0", {}, 400, "invalid_value", "limit"),
    ("GET", "/files?limit=many", {}, 400, "invalid_value", "limit"),
    ("GET", "/files?order=up", {}, 400, "invalid_value", "order"),
    ("GET", "/files?after=file-x", {}, 400, "invalid_cursor", "after"),
    ("GET", f"{JOBS}/ftjob-x", {}, 404, "fine_tune_not_found", "fine_tune_id"),
    ("GET", f"{JOBS}/ftjob-x/events", {}, 404, "fine_tune_not_found", "fine_tune_id"),
    ("GET", f"{JOBS}/ftjob-x/checkpoints", {}, 404, "fine_tune_not_found", "fine_tune_id"),
    ("POST", f"{JOBS}/ftjob-x/cancel", {}, 404, "fine_tune_not_found", "fine_tune_id"),
    ("GET", f"{JOBS}?after=ftjob-x", {}, 400, "invalid_cursor", "after"),
    ("GET", f"{JOBS}?metadata=x", {}, 400, "invalid_request", "metadata"),
    ("POST", JOBS, {"content": b"{"}, 400, "invalid_json", None),
    ("POST", JOBS, {"content": b'{"model": "\xff"}'}, 400, "invalid_json", None),
    ("POST", JOBS, {"content": b"[" * 100_000}, 400, "invalid_json", None),
    ("POST", JOBS, {"json": []}, 400, "invalid_value", None),
    ("POST", JOBS, {"json": {}}, 400, "missing_required_parameter", "model"),
    ("POST", JOBS, {"json": {"model": "tfidf", "training_file": 7}}, 400, "invalid_value",
     "training_file"),
    ("POST", JOBS, {"json": {"model": "claude", "training_file": "f"}}, 404, "model_not_found",
     "model"),
    ("POST", JOBS, {"json": {"model": "tfidf", "training_file": "f"}}, 400, "invalid_file",
     "training_file"),
    ("POST", JOBS, {"json": {"model": "tfidf", "training_file": "f", "seed": "7"}}, 400,
     "invalid_value", "seed"),
    ("POST", JOBS, {"json": {"model": "tfidf", "training_file": "f", "method": {"type": "dpo"}}},
     400, "unsupported_method", "method.type"),
    ("POST", JOBS, {"json": {"model": "tfidf", "training_file": "f",
                             "hyperparameters": {"n_epochs": 51}}},
     400, "invalid_value", "hyperparameters.n_epochs"),
    ("GET", "/models/claude", {}, 404, "model_not_found", "model"),
    ("DELETE", "/models/ft:none", {}, 404, "model_not_found", "model"),
    ("POST", "/files", {"json": {}}, 400, "missing_required_parameter", "file"),
    ("POST", "/files", {"files": {"file": ("a", b"x")}}, 400, "missing_required_parameter",
     "purpose"),
    ("POST", "/files", {"data": {"purpose": "fine-tune", "file": "x"}, "files": {"other": b"x"}},
     400, "missing_required_parameter", "file"),
    ("POST", "/files", {"data": {"purpose": "fun"}, "files": {"file": ("a", b"x")}}, 400,
     "invalid_purpose", "purpose"),
    ("POST", "/files", {"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400,
     "invalid_request", None),
    ("POST", "/chat/completions", {"json": {"model": "tfidf", "messages": [user("hi")]}}, 400,
     "model_not_available", "model"),
    ("POST", "/chat/completions", {"json": {"model": "ft:none", "messages": [user("hi")]}}, 404,
     "model_not_found", "model"),
]  # fmt: skip


@pytest.mark.parametrize("prefix", DIALECTS)
def test_an_error_tells_what_where_and_which_in_every_dialect(
    lived_in: LivedIn, prefix: str
) -> None:
    for method, path, arguments, status, code, param in REQUESTS:
        answer = lived_in.client.request(method, prefix + path, **arguments)
        told = f"{method} {prefix}{path}: {answer.status_code} {answer.text}"
        assert answer.status_code == status, told
        error = answer.json()["error"]
        assert set(error) - {"innererror"} == {"message", "type", "param", "code"}, told
        assert (error["code"], error["param"]) == (code, param), told
        assert error["message"] and str(lived_in.platform.home) not in error["message"]
        assert error["type"] == "invalid_request_error"
        assert error.get("innererror") == (None if prefix == "/v1" else {"code": code})
        assert ("apim-request-id" in answer.headers) == (prefix != "/v1")
        assert answer.headers["x-request-id"].startswith("req_")


def test_a_request_keeps_the_id_its_client_gave_it(api: TestClient) -> None:
    assert (
        api.get("/v1/files", headers={"x-request-id": "abc-1"}).headers["x-request-id"] == "abc-1"
    )
    odd = api.get("/openai/files", headers={"x-request-id": "a b\tc"}).headers
    assert odd["x-request-id"].startswith("req_")
    assert odd["apim-request-id"] == odd["x-request-id"]


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v1/files", "GET, POST"),
        ("/v1/files/file-x", "GET, DELETE"),
        ("/v1/fine_tuning/jobs/ftjob-x", "GET"),
        ("/openai/fine_tuning/jobs/ftjob-x", "GET, DELETE"),
        ("/v1/fine_tuning/jobs/ftjob-x/events", "GET"),
        ("/openai/v1/fine_tuning/jobs/ftjob-x/events", "GET, POST"),
        ("/openai/v1/fine_tuning/jobs/ftjob-x", "GET"),
        ("/openai/deployments", "GET, POST"),
    ],
)
def test_what_a_path_does_not_take_is_answered_with_what_it_takes(
    lived_in: LivedIn, path: str, allowed: str
) -> None:
    for method in ("OPTIONS", "PUT"):
        answer = lived_in.client.request(method, path)
        assert answer.status_code == 405
        assert answer.headers["allow"] == allowed


def test_head_is_get_without_a_body(lived_in: LivedIn) -> None:
    for path in ("/health", "/v1/models", f"/v1/fine_tuning/jobs/{lived_in.job.id}", "/v1/none"):
        full, head = lived_in.client.get(path), lived_in.client.head(path)
        assert (head.status_code, head.content) == (full.status_code, b""), path
        assert head.headers["content-length"] == str(len(full.content))


def test_unknown_parameters_and_versions_are_ignored(lived_in: LivedIn) -> None:
    for query in ("?api-version=2024-10-21", "?api-version=preview&x=1", "?limit=5&api-version="):
        for path in ("/files", JOBS, "/models", "/deployments"):
            assert lived_in.client.get(f"/openai{path}{query}").status_code == 200


def test_a_body_over_the_limit_is_a_413_also_when_it_comes_in_pieces(
    still: Platform, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    import httpx

    monkeypatch.setattr(app_room, "MOST_BODY_BYTES", 10_000)
    pieces = [b"x" * 1_000] * 5_000
    with live(still) as address, httpx.Client(trust_env=False, timeout=30) as client:
        for body in (b"".join(pieces), iter(pieces)):
            answer = client.post(f"{address}/v1/fine_tuning/jobs", content=body)
            assert answer.status_code == 413
            assert answer.json()["error"]["code"] == "body_too_large"
        assert client.get(f"{address}/health").status_code == 200


def test_a_fault_of_ours_is_a_clean_500_with_an_id_to_look_for(
    still: Platform, live: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    import httpx

    secret = "row 7 holds a name"

    def broken(*_: object) -> None:
        raise RuntimeError(secret)

    monkeypatch.setattr(still.store, "models", broken)
    with live(still) as address:
        answer = httpx.get(f"{address}/openai/models", trust_env=False)
    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"
    assert answer.headers["x-request-id"] in answer.text
    assert answer.headers["x-request-id"] in caplog.text
    assert secret not in answer.text + caplog.text
