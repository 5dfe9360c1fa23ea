"""Our run in MLflow's own pages, in a real browser: figures, system figures, files, model."""

from __future__ import annotations

import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from aprendiz import workflow
from aprendiz.settings import Settings
from aprendiz.tracking.open_run import recording
from tests.browser.chromium import CHROMIUM, Browser
from tests.conftest import EXAMPLES

pytest.importorskip("mlflow")
pytest.importorskip("psutil")
pytest.importorskip("sklearn")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Record one run with everything in it and show it; the address of its page."""
    place = tmp_path_factory.mktemp("pages")
    settings = Settings(home=place / "home", mlflow_tracking_uri="")
    run_id = record(settings, place)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "aprendiz", "runs", "--ui", "--port", str(port)],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "APRENDIZ_HOME": str(settings.home)},
    )  # fmt: skip
    try:
        assert server.stdout is not None
        address = server.stdout.readline().strip()
        wait_for_server(port)
        yield address.replace("/runs?", f"/runs/{run_id}?")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)
        server.stdout.close()


def record(settings: Settings, place: Path) -> str:
    from aprendiz.neural.system_metrics import sample_system

    (place / "examples.json").write_text(json.dumps(EXAMPLES))
    model = place / "model"
    workflow.train(place / "examples.json", out=model, method="tfidf", holdout=0.0, track=False)
    with recording(settings, name="assistant intents", track=True, say=print) as run:
        run.params({"method": "tfidf", "labels": 3, "test_rows": 500})
        for step in range(1, 41):
            run.metrics({"loss": 2 * math.exp(-step / 10)}, step)
            run.metrics(sample_system(), step)
            if step % 10 == 0:
                run.metrics({"eval_accuracy": 1 - math.exp(-step / 12)}, step)
        run.artifact(model / "recipe.yaml")
        run.model(model)
    return run.run_id


def wait_for_server(port: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/health"):
            return
        time.sleep(0.3)
    raise AssertionError("mlflow ui does not answer")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("profile"))
    yield browser
    browser.close()


TEXT = "document.body.innerText"


@pytest.mark.parametrize(
    ("tab", "wanted"),
    [
        ("", ["assistant intents", "Finished", "system/cpu_percent", "eval_accuracy", "tfidf"]),
        ("/model-metrics", ["eval_accuracy", "loss"]),
        ("/system-metrics", ["cpu_percent", "memory_percent", "process_rss_mb"]),
        ("/artifacts/recipe.yaml", ["recipe.yaml", "model", "max_features"]),
        ("/artifacts/model", ["MLmodel", "confidence", "probabilities"]),
    ],
)
def test_the_run_is_in_view(page, browser, tab, wanted, tmp_path):
    address, _, question = page.partition("?")
    browser.open(f"{address}{tab}?{question}")
    browser.wait_for(f"{json.dumps(wanted)}.every(word => {TEXT}.includes(word))")
    text = browser.value(TEXT)
    assert [each for each in wanted if each not in text] == []
    assert browser.value(f"{TEXT}.includes('Model registry')"), "the pages for chat, not for models"
    if "metrics" in tab:  # every chart has drawn its line
        charts = len(wanted)
        drawn = "document.querySelectorAll('.js-plotly-plot .scatterlayer path.js-line').length"
        assert browser.wait_for(f"{drawn} >= {charts}"), "charts without lines"
    browser.screenshot(tmp_path / "page.png")
    assert (tmp_path / "page.png").stat().st_size > 20_000
