"""The other ways of asking: each protocol's shapes, all with the answers of ``/classify``."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aprendiz.serving.app import create_app
from aprendiz.serving.huggingface import Predicted
from aprendiz.serving.invocations import Invoked
from aprendiz.serving.native import ClassifiedList
from aprendiz.serving.open_inference import InferResponse, ModelMetadata
from aprendiz.settings import Settings
from tests.api.keyword_model import LABELS, KeywordModel

INFER = "/v2/models/keywords/infer"


def tensor(*texts: str, **changes: Any) -> dict[str, Any]:
    inside = {"name": "text", "shape": [len(texts)], "datatype": "BYTES", "data": list(texts)}
    return {"inputs": [inside | changes]}


def test_v1_is_a_list_in_the_order_of_the_texts(client: TestClient) -> None:
    wanted = {"inputs": ["a label07", "who knows", "label01"], "top_k": 2}
    answer = client.post("/v1/classify", json=wanted)
    body = answer.json()
    assert ClassifiedList.model_validate(body, strict=True).model_dump(exclude_unset=True) == body
    assert [row["index"] for row in body["data"]] == [0, 1, 2]
    assert [row["label"] for row in body["data"]] == ["label07", "label00", "label01"]
    assert [row["needs_clarification"] for row in body["data"]] == [False, True, False]
    assert {len(row["scores"]) for row in body["data"]} == {2}
    assert answer.headers["x-model-version"] == body["model_version"] == "0123456789ab"
    assert "infer;dur=" in answer.headers["server-timing"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("field", ["input", "inputs"])
def test_v1_is_a_list_also_for_one_text(client: TestClient, field: str) -> None:
    body = client.post("/v1/classify", json={field: " label07 "}).json()
    assert [row["label"] for row in body["data"]] == ["label07"]
    assert len(body["data"][0]["scores"]) == len(LABELS)


@pytest.mark.parametrize(
    ("path", "body", "status", "param"),
    [
        ("/v1/classify", {}, 400, "inputs"),
        ("/v1/classify", {"inputs": []}, 400, "inputs"),
        ("/v1/classify", {"inputs": ["a", " "]}, 400, "inputs[1]"),
        ("/v1/classify", {"inputs": ["a", 7]}, 400, "inputs[1]"),
        ("/v1/classify", {"inputs": ["a", "x" * 501]}, 413, "inputs[1]"),
        ("/v1/classify", {"inputs": ["a"] * 257}, 413, "inputs"),
        ("/v1/classify", {"inputs": "a", "top_k": 0}, 400, "top_k"),
        ("/v1/classify", {"inputs": "a", "top_k": True}, 400, "top_k"),
        ("/v1/classify", {"inputs": "a", "model": "other"}, 404, "model"),
        ("/v1/classify", {"inputs": "a", "function_to_apply": "sigmoid"}, 400, "function_to_apply"),
        ("/classify", {"text": "a", "model": "other"}, 404, "model"),
        ("/predict", {"inputs": [["a", "b"]]}, 422, "inputs"),
        ("/predict", {"inputs": {"text": "a"}}, 422, "inputs"),
        ("/predict", {"inputs": "a", "raw_scores": True}, 422, "raw_scores"),
        ("/invocations", {}, 422, None),
        ("/invocations", {"inputs": ["a"], "instances": ["a"]}, 422, None),
        ("/invocations", {"dataframe_records": [{"a": "x", "b": "y"}]}, 422, "dataframe_records"),
        ("/invocations", {"instances": ["a", 3]}, 422, "instances[1]"),
    ],
)
def test_what_is_wrong_is_named_before_any_model_code(
    client: TestClient,
    model: KeywordModel,
    path: str,
    body: Any,
    status: int,
    param: str | None,
) -> None:
    response = client.post(path, json=body)
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert (error["param"], error["type"]) == (
        param,
        "not_found_error" if status == 404 else "invalid_request_error",
    )
    assert model.texts == []


def test_the_input_at_fault_is_named_when_the_model_fails(client: TestClient) -> None:
    response = client.post("/v1/classify", json={"inputs": ["label01", "explode", "label02"]})
    assert response.status_code == 500
    assert response.json()["error"]["param"] == "inputs[1]"


def test_predict_has_the_shape_of_what_it_was_asked(client: TestClient) -> None:
    one = client.post("/predict", json={"inputs": "label07", "parameters": {"top_k": 2}}).json()
    assert one[0] == {"label": "label07", "score": 0.9}
    assert len(one) == 2
    for several in (["label07", "label01"], [["label07"], ["label01"]]):
        answer = client.post("/predict", json={"inputs": several, "truncate": True})
        body = answer.json()
        Predicted.model_validate(body, strict=True)
        assert [row[0]["label"] for row in body] == ["label07", "label01"]
        assert float(answer.headers["x-total-time"]) > 0


@pytest.mark.parametrize(
    "body",
    [
        {"dataframe_split": {"columns": ["text"], "data": [["label07"], ["label01"]]}},
        {"dataframe_split": {"columns": ["id", "text"], "data": [[1, "label07"], [2, "label01"]]}},
        {"dataframe_records": [{"text": "label07"}, {"text": "label01"}]},
        {"instances": ["label07", "label01"]},
        {"instances": [{"question": "label07"}, {"question": "label01"}]},
        {"inputs": ["label07", "label01"], "params": {}},
        {"inputs": {"text": ["label07", "label01"]}},
        b"text\nlabel07\nlabel01\n",
        'id,text\r\n1,"label07, please"\r\n2,label01\r\n'.encode("utf-8-sig"),
    ],
    ids=lambda body: str(body)[:30],
)
def test_every_form_of_mlflow_and_sagemaker_is_read(client: TestClient, body: Any) -> None:
    if isinstance(body, bytes):
        answer = client.post("/invocations", content=body, headers={"content-type": "text/csv"})
    else:
        answer = client.post("/invocations", json=body)
    assert answer.status_code == 200, answer.text
    Invoked.model_validate(answer.json(), strict=True)
    assert [row["label"] for row in answer.json()["predictions"]] == ["label07", "label01"]


@pytest.mark.parametrize("body", [b"", b"a,b\n1,2\n", b"text\n\xff\n", b'text\n"open'])
def test_csv_that_is_none_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/invocations", content=body, headers={"content-type": "text/csv"})
    assert answer.status_code in (400, 422)


def test_open_inference_gives_labels_and_a_matrix(client: TestClient) -> None:
    answer = client.post(INFER, json={"id": "q1", **tensor("label07", "label01")})
    body = answer.json()
    InferResponse.model_validate(body, strict=True)
    assert (body["id"], body["model_name"]) == ("q1", "keywords")
    label, score, scores, decision = body["outputs"]
    assert decision["data"] == ["answer", "answer"]
    assert (label["data"], label["shape"]) == (["label07", "label01"], [2])
    assert score["data"] == [0.9, 0.9]
    assert scores["shape"] == [2, len(LABELS)]
    described = client.get("/v2/models/keywords").json()
    ModelMetadata.model_validate(described, strict=True)
    order = described["parameters"]["labels"]
    assert scores["data"][order.index("label07")] == 0.9
    assert scores["data"][len(order) + order.index("label01")] == 0.9


def test_open_inference_gives_what_was_asked_for(client: TestClient) -> None:
    wanted = tensor("label07", shape=[1, 1], data=[["label07"]]) | {"outputs": [{"name": "label"}]}
    assert [each["name"] for each in client.post(INFER, json=wanted).json()["outputs"]] == ["label"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (INFER, tensor("a", shape=[2]), 400),
        (INFER, tensor("a", shape=[1, 2]), 400),
        (INFER, tensor("a", data=[7]), 400),
        (INFER, tensor("a", datatype="FP32"), 400),
        (INFER, tensor("a", name="words"), 400),
        (INFER, {}, 400),
        (INFER, tensor("a") | {"outputs": [{"name": "given"}]}, 400),
        ("/v2/models/other/infer", tensor("a"), 404),
    ],
)
def test_open_inference_has_its_own_shape_of_errors(
    client: TestClient, path: str, body: Any, status: int
) -> None:
    response = client.post(path, json=body)
    assert response.status_code == status
    assert list(response.json()) == ["error"]
    assert isinstance(response.json()["error"], str)


def test_health_has_every_name_that_balancers_know(client: TestClient) -> None:
    for path in ("/health", "/readyz", "/ping", "/v2/health/ready"):
        assert client.get(path).json()["status"] == "ok"
    for path in ("/livez", "/v2/health/live"):
        assert client.get(path).json() == {"alive": True}
    assert client.get("/v2/models/keywords/ready").json() == {"name": "keywords", "ready": True}
    assert client.get("/v1/models").json()["data"][0]["id"] == "keywords"
    info = client.get("/info").json()
    assert info["models"][0]["labels"] == list(LABELS)
    assert info["limits"]["max_characters"] == 500


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
_PATHS = ["/v1/classify", "/predict", "/invocations", INFER, "/feedback"]
_FIELDS = ["inputs", "instances", "dataframe_split", "dataframe_records", "text"]


@hypothesis_settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.sampled_from(_PATHS), field=st.sampled_from(_FIELDS), value=_VALUES)
def test_no_json_makes_a_5xx(client: TestClient, path: str, field: str, value: Any) -> None:
    body = json.dumps({field: value}).encode("utf-8", "surrogatepass")
    response = client.post(path, content=body, headers={"content-type": "application/json"})
    assert response.status_code in (200, 400, 404, 413, 422), response.text


def test_the_short_way_and_the_long_way_say_the_same(
    client: TestClient, tmp_path: Path, settings: Settings
) -> None:
    """Exact paths are answered before FastAPI's layers; under a prefix the router finds them."""
    app = create_app(tmp_path, settings=settings, load=lambda folder: KeywordModel())
    with TestClient(app, root_path="/behind/a/proxy") as proxied:
        for _ in range(500):
            if proxied.get("/behind/a/proxy/health").status_code == 200:
                break
            time.sleep(0.02)
        long_way = proxied.post("/behind/a/proxy/classify", json={"text": "label07"})
        wrong = proxied.post("/behind/a/proxy/classify", json={})
    short_way = client.post("/classify", json={"text": "label07"})
    assert long_way.json() == short_way.json()
    for headers in (long_way.headers, short_way.headers):
        assert headers["x-content-type-options"] == "nosniff"
    assert wrong.status_code == 422 and wrong.json()["error"]["code"] == "missing"
