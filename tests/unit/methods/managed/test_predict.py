"""A tuned chat model answers as a classifier: nothing guessed, nothing lost, nothing reordered."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest

from aprendiz.errors import ModelFolderError, ProviderError
from aprendiz.methods.managed.pointer import Pointer
from aprendiz.methods.managed.predict import load
from tests.unit.methods.managed.vendor import piece

LABELS = ("greet", "order", "refund")


@pytest.fixture
def model(tmp_path):
    """A managed model's own files, as a training leaves them."""

    def make(kind: str = "openai", address: str = "http://127.0.0.1:9/v1", **changes):
        values = {
            "provider": kind, "address": address, "api_version": "", "job": "j", "model": "ft",
            "deployment": "ft", "labels": LABELS, "system_prompt": "s", "concurrency": 4,
        } | changes  # fmt: skip
        Pointer(**values).write(tmp_path)
        return load(tmp_path, LABELS)

    return make


def test_loading_touches_no_network(model, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", None)
    assert model().labels == LABELS
    assert model().probabilities([]).shape == (0, 3)


def test_what_is_no_label_is_no_answer_and_counted(model, vendor):
    vendor(reply=lambda text: {"a": "greet", "b": "maybe order?", "c": ""}[text])
    loaded = model()
    rows = loaded.probabilities(["a", "b", "c", "a"])
    assert loaded.unanswered == 2
    np.testing.assert_array_equal(rows.sum(axis=1), [1, 0, 0, 1])
    assert rows[0].argmax() == 0


def test_rows_stay_in_order_whatever_comes_back_first(model, vendor):
    def reply(text):
        time.sleep(0.02 * (7 - int(text)))
        return LABELS[int(text) % 3], [piece(LABELS[int(text) % 3], 0.5 + int(text) / 20)]

    vendor(reply=reply)
    rows = model().probabilities([str(number) for number in range(7)])
    assert rows.argmax(axis=1).tolist() == [number % 3 for number in range(7)]
    assert rows.max(axis=1) == pytest.approx([0.5 + number / 20 for number in range(7)])


def test_odd_texts_arrive_as_text(model, vendor):
    service = vendor(reply=lambda _: "greet")
    odd = ["", "\x00", "\ud800x", "a" * 1_000_000, "🙂", "¿qué?\n"]
    assert model().probabilities(odd).sum() == pytest.approx(len(odd))
    sent = {body["messages"][-1]["content"] for body in service.bodies}
    assert sent == {"", "\ufffd", "\ufffdx", "a" * 20_000, "🙂", "¿qué?\n"}


def test_a_model_without_logprobs_is_asked_without(model, vendor):
    service = vendor(reply=lambda _: ("order", "refused"))
    loaded = model(concurrency=1)
    rows = loaded.probabilities(["x", "y"])
    assert rows.argmax(axis=1).tolist() == [1, 1]
    assert rows.max() < 1
    assert ["logprobs" in body for body in service.bodies] == [True, False, False]


def test_a_filtered_text_has_no_answer(model, vendor):
    vendor(reply=lambda text: 400 if text == "bad" else "greet")
    loaded = model()
    assert loaded.probabilities(["ok", "bad"]).sum(axis=1).tolist() == [1, 0]
    assert loaded.unanswered == 1


def test_what_may_pass_is_repeated(model, vendor):
    told = iter([429, 503, "refund"])
    vendor(reply=lambda _: next(told))
    assert model().probabilities(["x"])[0].argmax() == 2


def test_no_more_questions_at_once_than_the_recipe_says(model, vendor, monkeypatch):
    under_way, most = [], []

    def answer(*_):
        under_way.append(1)
        most.append(len(under_way))
        time.sleep(0.01)
        under_way.pop()
        choice = {"index": 0, "message": {"role": "assistant", "content": "greet"}}
        return 200, {"id": "x", "object": "chat.completion", "created": 1, "choices": [choice]}

    service = vendor()
    monkeypatch.setattr(service, "answer", answer)
    model(concurrency=3).probabilities(["x"] * 20)
    assert 1 < max(most) <= 3


def test_a_refusal_ends_it_and_names_the_address(model):
    with pytest.raises(ProviderError, match=r"127\.0\.0\.1:9"):
        model().probabilities(["x"] * 50)


def test_on_azure_the_deployment_that_carries_the_model_is_asked(model, vendor):
    deployments = {
        "old": {"model": "other", "status": "succeeded"},
        "half": {"model": "ft", "status": "creating"},
        "shop": {"model": "ft", "status": "succeeded"},
    }
    service = vendor("azure", reply=lambda _: "greet", deployments=deployments)
    model("azure", service.address, deployment="gone").probabilities(["x"])
    assert ("POST", "/deployments/shop/chat/completions") in service.asked


@pytest.mark.parametrize(
    ("deployments", "word"),
    [({}, "nowhere"), ({"shop": {"model": "ft", "status": "creating"}}, "creating")],
)
def test_a_model_that_is_not_deployed_says_how(deployments, word, model, vendor):
    service = vendor("azure", deployments=deployments)
    with pytest.raises(ProviderError, match=word) as caught:
        model("azure", service.address, deployment="").probabilities(["x"])
    assert "aprendiz deploy" in caught.value.hint


def test_another_models_name_is_never_asked_instead(model, vendor, monkeypatch):
    """FINE_TUNED_MODEL_DEPLOYMENT may be of another model; this one then has its own."""
    deployments = {
        "mine": {"model": "ft", "status": "succeeded"},
        "theirs": {"model": "other", "status": "succeeded"},
    }
    service = vendor("azure", reply=lambda _: "greet", deployments=deployments)
    monkeypatch.setenv("FINE_TUNED_MODEL_DEPLOYMENT", "theirs")
    model("azure", service.address, deployment="").probabilities(["x"])
    assert ("POST", "/deployments/mine/chat/completions") in service.asked


@pytest.mark.parametrize("content", ["", "{}", "[1]", json.dumps({"labels": 3})])
def test_a_damaged_pointer_is_said(content, tmp_path):
    (tmp_path / "managed.json").write_text(content)
    with pytest.raises(ModelFolderError, match=r"managed\.json"):
        load(tmp_path, LABELS)


def test_a_pointer_for_other_labels_is_refused(model, tmp_path):
    model()
    with pytest.raises(ModelFolderError, match="other labels"):
        load(tmp_path, ("a", "b"))
