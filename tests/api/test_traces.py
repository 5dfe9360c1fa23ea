"""OpenTelemetry: one span a request in the client's trace, and nothing unless it is asked for."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aprendiz.serving.app import create_app
from aprendiz.serving.tracing import Traces, tracing_wanted
from aprendiz.settings import Settings, get_settings
from tests.api.keyword_model import KeywordModel

sdk = pytest.importorskip("opentelemetry.sdk.trace")

TRACE = "0af7651916cd43dd8448eb211c80319c"


def test_a_request_is_a_span_in_the_clients_trace(
    tmp_path: Path, settings: Settings, wait: Callable[[Any], None]
) -> None:
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = create_app(
        tmp_path,
        settings=settings,
        load=lambda folder: KeywordModel(),
        watchers=[Traces(provider)],
    )
    with TestClient(app) as client:
        wait(client)
        exporter.clear()
        headers = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01", "x-request-id": "r1"}
        client.post("/classify", json={"text": "label07"}, headers=headers)
        client.post("/classify", json={"text": "explode secret-words"})
    spans = {span.name: span for span in exporter.get_finished_spans()}
    good, bad = (span for span in exporter.get_finished_spans() if span.name == "POST /classify")
    assert f"{good.context.trace_id:032x}" == TRACE
    assert good.attributes["http.route"] == "/classify"
    assert good.attributes["http.response.status_code"] == 200
    assert good.attributes["aprendiz.request_id"] == "r1"
    assert good.kind.name == "SERVER"
    for part in ("queue", "infer"):
        inside = spans[part]
        assert inside.parent.span_id == good.context.span_id
        assert good.start_time <= inside.start_time <= inside.end_time <= good.end_time + 1_000_000
    assert bad.attributes["error.type"] == "internal_error"
    assert not bad.status.is_ok
    assert "secret-words" not in "".join(span.to_json() for span in exporter.get_finished_spans())


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_SERVICE_NAME": "shop"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://127.0.0.1:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a:1", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_switch_it_on(
    environment: dict[str, str], wanted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in list(os.environ):
        if name.startswith("OTEL_"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert tracing_wanted(get_settings()) is wanted


def test_nothing_of_it_is_loaded_without_them() -> None:
    script = (
        "import sys, aprendiz.serving.server;"
        "print([m for m in sys.modules if m.startswith('opentelemetry')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    loaded = eval(done.stdout)
    # FastAPI itself may look whether the API is there; the SDK and the exporter are ours to load.
    assert not [
        name for name in loaded if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))
    ]
