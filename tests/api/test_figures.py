"""GET /metrics: the counts add up, gauges go back to nothing, no label is a client's text."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from tests.api.conftest import Door
from tests.api.keyword_model import KeywordModel


def figures(client: Any) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    text = client.get("/metrics").text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def total(found: dict[Any, float], name: str, **labels: str) -> float:
    return sum(
        value
        for (sample, had), value in found.items()
        if sample == name and set(labels.items()) <= set(had)
    )


def test_outcomes_add_up_to_the_requests_that_were_sent(client: TestClient) -> None:
    before = figures(client)
    sent = [
        ("/classify", {"text": "label01"}),
        ("/classify", {"text": "label02"}),
        ("/classify", {}),
        ("/v1/classify", {"inputs": ["label01", "label01", "who knows"]}),
        ("/classify", {"text": "explode"}),
        ("/nothing/SECRETPATH", {}),
        ("/classify", {"text": "x" * 5000}),
        ("/v2/models/keywords/infer", {}),
    ]
    for path, body in sent:
        client.post(path, json=body)
    after = figures(client)

    def grown(name: str, **labels: str) -> float:
        return total(after, name, **labels) - total(before, name, **labels)

    outcomes = {
        outcome: grown("aprendiz_requests_total", outcome=outcome)
        for outcome in ("success", "client_error", "rejected", "timeout", "cancelled", "error")
    }
    # One more success: the first look at the figures.
    assert outcomes == {
        "success": 4, "client_error": 3, "rejected": 1, "timeout": 0, "cancelled": 0, "error": 1,
    }  # fmt: skip
    assert grown("aprendiz_requests_total") == len(sent) + 1
    assert grown("http_server_request_duration_seconds_count") == len(sent) + 1
    assert grown("aprendiz_rejected_total", reason="body") == 1
    assert grown("aprendiz_predictions_total", label="label01") == 3
    assert grown("aprendiz_prediction_score_count", model="keywords") == 5
    assert grown("aprendiz_sequences_total", model="keywords") == 6
    assert grown("aprendiz_requests_total", route="unmatched") == 1
    assert grown("aprendiz_requests_total", route="/v2/models/{model}/infer") == 1
    # The look itself is the one that is being answered.
    assert total(after, "http_server_active_requests") == 1
    assert total(after, "aprendiz_ready") == 1


def test_no_label_is_what_a_client_sent(client: TestClient) -> None:
    secret = "Zebra1234"
    client.post(f"/{secret}", json={"text": secret})
    client.post("/classify", json={"text": secret, secret: 1})
    client.post("/v1/classify", json={"inputs": secret, "model": secret})
    client.post(f"/v2/models/{secret}/infer", json={})
    client.request(secret.upper(), "/classify")
    client.post("/classify", json={"text": secret}, headers={"x-request-id": secret})
    assert secret.lower() not in client.get("/metrics").text.lower()


def test_names_and_types_are_what_prometheus_expects(client: TestClient) -> None:
    client.post("/classify", json={"text": "label01"})
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", answer.text, re.M))
    assert all(name.startswith(("aprendiz_", "http_server_")) for name in kinds), kinds
    for name, kind in kinds.items():
        assert (kind == "counter") == name.endswith("_total") or name.endswith("_created")
        assert re.search(r"^# HELP " + name + r" \S", answer.text, re.M)


def test_the_queue_and_those_at_work_are_seen_and_go_back_to_nothing(
    live: Door, wait: Callable[[Any], None]
) -> None:
    import threading

    busy, may_go_on = threading.Event(), threading.Event()

    class Gate(KeywordModel):
        def predict(self, texts: Any, threshold: float | None = None) -> Any:
            if "gate" in texts:
                busy.set()
                assert may_go_on.wait(30)
            return super().predict(texts, threshold)

    with live(Gate()) as address, httpx.Client(base_url=address, timeout=30) as client:
        wait(client)
        asking = [
            threading.Thread(
                target=httpx.post, args=(f"{address}/classify",), kwargs={"json": body}
            )
            for body in ({"text": "gate"}, {"text": "label01"}, {"text": "label02"})
        ]
        asking[0].start()
        assert busy.wait(10)
        for thread in asking[1:]:
            thread.start()
        for _ in range(1000):
            seen = figures(client)
            if total(seen, "aprendiz_queue_sequences") == 2:
                break
        assert total(seen, "http_server_active_requests") == 4
        assert total(seen, "aprendiz_batcher_stalled_seconds") > 0
        may_go_on.set()
        for thread in asking:
            thread.join(30)
        for _ in range(1000):  # the server counts an answer after the client has it
            seen = figures(client)
            if total(seen, "http_server_active_requests") == 1:
                break
        assert total(seen, "http_server_active_requests") == 1
        assert total(seen, "aprendiz_queue_sequences") == 0


def test_the_first_answers_tell_of_the_load(client: TestClient, tmp_path: Path) -> None:
    seen = figures(client)
    assert total(seen, "aprendiz_model_load_seconds_count") == 1
    assert total(seen, "aprendiz_model_loaded_timestamp_seconds", model="keywords") > 1.7e9
