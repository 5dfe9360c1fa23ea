"""POST /classify: right answers, and every wrong request refused in the one error shape."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.api.keyword_model import LABELS, KeywordModel

JSON = {"content-type": "application/json"}


def fault(response: Any, status: int, code: str, param: str | None = None) -> dict[str, Any]:
    """Check the error shape and give its inside."""
    assert response.status_code == status, response.text
    body = response.json()
    assert list(body) == ["error"]
    assert set(body["error"]) == {"message", "type", "param", "code", "request_id"}
    assert body["error"]["code"] == code
    assert body["error"]["param"] == param
    assert body["error"]["request_id"] == response.headers["x-request-id"]
    assert response.headers["content-type"] == "application/json"
    return body["error"]


def test_the_answer_has_the_promised_shape(client: TestClient) -> None:
    response = client.post("/classify", json={"text": "please label07 now"})
    assert response.status_code == 200
    body = response.json()
    assert list(body) == [
        "intent",
        "confidence",
        "probabilities",
        "decision",
        "needs_clarification",
        "out_of_scope",
        "scope",
        "candidates",
        "alternatives",
        "model",
        "version",
    ]
    assert (body["intent"], body["confidence"]) == ("label07", 0.9)
    assert (body["decision"], body["needs_clarification"]) == ("answer", False)
    assert (body["out_of_scope"], body["scope"], body["candidates"]) == (False, None, [])
    assert (body["model"], body["version"]) == ("keywords", "0123456789ab")
    assert set(body["probabilities"]) == set(LABELS)
    ordered = list(body["probabilities"].values())
    assert ordered == sorted(ordered, reverse=True)
    assert sum(ordered) == pytest.approx(1)
    expected = [
        {"intent": label, "confidence": score}
        for label, score in list(body["probabilities"].items())[1:4]
    ]
    assert body["alternatives"] == expected


def test_an_unsure_answer_asks_again(client: TestClient) -> None:
    told = client.post("/classify", json={"text": "who knows"}).json()
    assert told["needs_clarification"] and not told["out_of_scope"]
    assert told["decision"] == "needs_clarification"


def test_out_of_scope_is_another_word(client: TestClient) -> None:
    told = client.post("/classify", json={"text": "label07 of a stranger"}).json()
    assert told["out_of_scope"] and not told["needs_clarification"]
    assert (told["decision"], told["scope"], told["intent"]) == ("out_of_scope", 0.01, "label07")
    assert told["candidates"] == ["label07"]


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "missing", "text"),
        ({"text": ""}, "blank", "text"),
        ({"text": " \t\n\u2003"}, "blank", "text"),
        ({"text": 7}, "wrong_type", "text"),
        ({"text": True}, "wrong_type", "text"),
        ({"text": None}, "wrong_type", "text"),
        ({"text": ["a"]}, "wrong_type", "text"),
        ({"text": {"text": "a"}}, "wrong_type", "text"),
        ({"text": "x" * 501}, "too_long", "text"),
        ({"text": "a", "secret_key_name": 1}, "unknown_field", None),
        ([], "wrong_type", None),
        ("text", "wrong_type", None),
        (None, "wrong_type", None),
        (7, "wrong_type", None),
    ],
)
def test_a_wrong_shape_is_422_before_any_model_code(
    client: TestClient, model: KeywordModel, body: Any, code: str, param: str | None
) -> None:
    response = client.post("/classify", content=json.dumps(body), headers=JSON)
    error = fault(response, 422, code, param)
    assert error["type"] == "invalid_request_error"
    assert "secret_key_name" not in response.text
    assert model.texts == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"text": "a"',
        b'{"text": "a"} {}',
        b"{'text': 'a'}",
        b'{"text": "\xff\xfe"}',
        b'{"text": "\\ud800"}',
        b'\xef\xbb\xbf{"text": "a"}',
        '{"text": "a"}'.encode("utf-16"),
        b'{"text": ' + b"[" * 2000 + b"]" * 2000 + b"}",
    ],
    ids=lambda body: repr(body[:18]),
)
def test_what_is_not_json_is_400(client: TestClient, body: bytes) -> None:
    fault(client.post("/classify", content=body, headers=JSON), 400, "invalid_json")


def test_numbers_that_json_does_not_have_are_refused(client: TestClient) -> None:
    response = client.post("/classify", content=b'{"text": NaN}', headers=JSON)
    assert response.status_code in (400, 422)


@pytest.mark.parametrize(
    "text", ["¿dónde está label05?", "标签 label05", "🙂‍↔️ label05", "label05\x00"]
)
def test_any_script_arrives_as_it_was_sent(
    client: TestClient, model: KeywordModel, text: str
) -> None:
    response = client.post("/classify", json={"text": f"  {text}\n"})
    assert response.json()["intent"] == "label05"
    assert model.texts == [text]


def test_the_longest_allowed_text_passes(client: TestClient) -> None:
    assert client.post("/classify", json={"text": "é" * 500}).status_code == 200


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "multipart/form-data",
    ],
)
def test_another_content_type_is_415(client: TestClient, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    response = client.post("/classify", content=b'{"text": "a"}', headers=headers)
    fault(response, 415, "unsupported_media_type")


@pytest.mark.parametrize(
    "content_type", ["application/json; charset=utf-8", "APPLICATION/JSON;charset=UTF-8"]
)
def test_json_may_name_its_charset(client: TestClient, content_type: str) -> None:
    headers = {"content-type": content_type}
    assert client.post("/classify", content=b'{"text": "a"}', headers=headers).status_code == 200


def test_a_compressed_body_is_415(client: TestClient) -> None:
    response = client.post("/classify", content=b"x", headers=JSON | {"content-encoding": "gzip"})
    fault(response, 415, "unsupported_encoding")


def test_other_paths_and_methods_have_the_same_error_shape(client: TestClient) -> None:
    fault(client.get("/nothing"), 404, "not_found")
    fault(client.post("/classify/", json={"text": "a"}), 404, "not_found")
    refused = client.get("/classify")
    fault(refused, 405, "method_not_allowed")
    assert refused.headers["allow"] == "POST"


@pytest.mark.parametrize("text", ["explode my-private-words", "nan my-private-words"])
def test_a_failing_model_is_a_clean_500(
    client: TestClient, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    response = client.post("/classify", json={"text": text})
    error = fault(response, 500, "internal_error")
    assert error["type"] == "internal_error"
    for leak in ("Traceback", "my-private-words", ".py", "RuntimeError"):
        assert leak not in response.text
    assert error["request_id"] in caplog.text
    assert "keyword_model.py" in caplog.text or "ArithmeticError" in caplog.text
    assert "my-private-words" not in caplog.text
    assert client.post("/classify", json={"text": "label01"}).status_code == 200


@pytest.mark.parametrize("sent", ["abc", "A-1_b.2", "x" * 128])
def test_a_harmless_request_id_comes_back(client: TestClient, sent: str) -> None:
    headers = {"x-request-id": sent}
    response = client.post("/classify", json={"text": "a"}, headers=headers)
    assert response.headers["x-request-id"] == sent
    assert fault(client.get("/no", headers=headers), 404, "not_found")["request_id"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", "<script>", "a\tb"])
def test_any_other_request_id_is_replaced(client: TestClient, sent: str) -> None:
    given_id = client.get("/health", headers={"x-request-id": sent}).headers["x-request-id"]
    assert given_id.startswith("req_")
    assert len(given_id) == 36


@hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.binary(max_size=200) | st.text(max_size=80).map(lambda text: text.encode()))
def test_no_bytes_make_a_5xx(client: TestClient, body: bytes) -> None:
    response = client.post("/classify", content=body, headers=JSON)
    assert response.status_code in (200, 400, 422)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(value=_VALUES, field=st.sampled_from(["text", "Text", "texts"]))
def test_no_json_makes_a_5xx(client: TestClient, value: Any, field: str) -> None:
    response = client.post("/classify", content=json.dumps({field: value}), headers=JSON)
    good = field == "text" and isinstance(value, str) and value.strip()
    # json.dumps writes a lone surrogate as an escape, which is not a character.
    allowed = (200, 400) if good else (400, 422)
    assert response.status_code in allowed
