"""Answer, ask again, out of scope: every way of asking says the same as the library.

With a model that has a detector, in ONNX Runtime, and one of several labels.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aprendiz import workflow
from aprendiz.interfaces import Prediction
from aprendiz.serving.app import create_app
from aprendiz.settings import Settings
from tests.api.conftest import wait_ready
from tests.planted_rows import rows_of_several, rows_with_strangers

pytest.importorskip("sklearn")
TEXTS = [
    "hello my dear friend",
    "how old is the sea",
    "who knows",
    "two coffees, a refund",
    "number 3 street 3",
]


def trained(folder: Path, rows: list[dict[str, object]], recipe: dict[str, object]) -> Path:
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    options: dict[str, Any] = {} if "labels" in rows[0] else {"sets": 0.2}
    return workflow.train(
        source, out=folder / "model", recipe=recipe, track=False, **options
    ).folder  # fmt: skip


@pytest.fixture(scope="module")
def scoped(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    recipe = {"method": "probe", "base_model": str(tiny_encoder), "max_length": 32}
    return trained(tmp_path_factory.mktemp("scoped"), rows_with_strangers(), recipe)


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("several"), rows_of_several(), {"method": "tfidf"})


@contextmanager
def served(folder: Path, threshold: float | None = None, **changes: Any) -> Iterator[TestClient]:
    settings = Settings(_env_file=None, **changes)
    with TestClient(create_app(folder, settings=settings, threshold=threshold)) as client:
        wait_ready(client)
        yield client


def expected(predictions: Sequence[Prediction]) -> list[dict[str, object]]:
    """What a route of ours says of each."""
    return [
        {
            **({} if each.labels is None else {"labels": list(each.labels)}),
            "decision": each.decision,
            "needs_clarification": each.decision == "needs_clarification",
            "out_of_scope": each.decision == "out_of_scope",
            "scope": each.scope if each.scope is None else pytest.approx(each.scope, abs=1e-6),
            "candidates": list(each.candidates),
        }
        for each in predictions
    ]


def told_by(client: TestClient, texts: list[str]) -> Iterator[list[dict[str, Any]]]:
    """The answers of every route that has room for them."""
    yield [client.post("/classify", json={"text": text}).json() for text in texts]
    yield client.post("/v1/classify", json={"inputs": texts}).json()["data"]
    yield client.post("/invocations", json={"inputs": texts}).json()["predictions"]


@pytest.mark.parametrize("kind", ["scoped", "several"])
def test_every_route_of_ours_says_what_the_library_says(
    kind: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(kind)
    model = workflow.load(folder)
    wanted = model.predict(TEXTS)
    names = expected(wanted)
    assert len({each["decision"] for each in names}) > 1
    with served(folder) as client:
        for answers in told_by(client, TEXTS):
            assert [{key: row.get(key) for key in names[0]} for row in answers] == names


def test_a_detector_is_obeyed_through_an_engine(scoped: Path) -> None:
    model = workflow.load(scoped)
    assert model.runtime == "onnxruntime" and model.decisions.scope is not None
    with served(scoped) as client:
        info = client.get("/info").json()["models"][0]
        told = client.post("/classify", json={"text": "how old is the sea"}).json()
        gentle = client.post("/predict", json={"inputs": "how old is the sea"})
    assert told["out_of_scope"] and told["scope"] < model.decisions.scope.threshold
    assert told["candidates"], "a set was asked for at the training"
    assert gentle.headers["x-decision"] == "out_of_scope"
    assert info["scope_threshold"] == model.decisions.scope.threshold
    assert (info["threshold"], info["thresholds"]) == (model.threshold, None)
    assert (info["oos_label"], info["runtime"]) == ("oos", "onnxruntime")


def test_a_lower_threshold_answers_more_and_nothing_that_is_out_of_scope(scoped: Path) -> None:
    with served(scoped, threshold=0.0) as client:
        told = client.post("/v1/classify", json={"inputs": TEXTS}).json()["data"]
        counted = client.get("/metrics").text
    assert {row["decision"] for row in told} == {"answer", "out_of_scope"}
    outside = sum(row["out_of_scope"] for row in told)
    found = f'aprendiz_decisions_total{{decision="out_of_scope",model="model"}} {outside:.1f}'
    assert found in counted


def test_each_label_has_its_own_threshold_unless_one_is_given_for_all(several: Path) -> None:
    model = workflow.load(several)
    rules = model.decisions.several
    assert rules is not None
    with served(several) as client:
        info = client.get("/info").json()["models"][0]
    assert info["threshold"] is None
    assert info["thresholds"] == {name: rule.threshold for name, rule in rules.each.items()}
    with served(several, threshold=0.0) as client:
        told = client.post("/classify", json={"text": TEXTS[0]}).json()
        assert client.get("/info").json()["models"][0]["thresholds"] == dict.fromkeys(rules.each, 0)
    assert set(told["labels"]) == set(model.labels)


def test_several_labels_in_the_other_protocols(several: Path) -> None:
    model = workflow.load(several)
    wanted = model.predict(TEXTS)
    tensor = {"name": "text", "shape": [len(TEXTS)], "datatype": "BYTES", "data": TEXTS}
    with served(several) as client:
        said = client.post(f"/v2/models/{model.name}/infer", json={"inputs": [tensor]}).json()
        sigmoid = {"inputs": TEXTS, "function_to_apply": "sigmoid"}
        assert client.post("/v1/classify", json=sigmoid).status_code == 200
        softmax = client.post("/v1/classify", json=sigmoid | {"function_to_apply": "softmax"})
    assert (softmax.status_code, softmax.json()["error"]["param"]) == (400, "function_to_apply")
    outputs = {each["name"]: each for each in said["outputs"]}
    assert outputs["decision"]["data"] == [each.decision for each in wanted]
    given = [label in (each.labels or ()) for each in wanted for label in model.labels]
    assert outputs["given"]["datatype"] == "BOOL" and outputs["given"]["data"] == given


def test_corrections_say_out_of_scope_or_a_list_of_labels(
    scoped: Path, several: Path, tmp_path: Path
) -> None:
    for folder, right, wrong in (
        (scoped, {"label": "oos"}, [{"label": "other"}, {"labels": ["greet"]}]),
        (several, {"labels": []}, [{"label": "greet"}, {"labels": ["greet", "greet"]}]),
    ):
        notes = tmp_path / f"{folder.parent.name}.jsonl"
        with served(folder, serve_feedback=notes) as client:
            for body in wrong:
                answer = client.post("/feedback", json={"text": "a text", **body})
                assert answer.status_code == 422, body
            sent = client.post("/feedback", json={"text": "a text", **right})
            assert sent.status_code == 201, sent.text
        row = json.loads(notes.read_text())
        assert row | right == row


def test_the_log_of_doubtful_texts_says_why(scoped: Path, tmp_path: Path) -> None:
    notes = tmp_path / "doubtful.jsonl"
    with served(scoped, serve_doubtful=notes) as client:
        client.post("/classify", json={"text": "how old is the sea"})
    assert json.loads(notes.read_text())["decision"] == "out_of_scope"
