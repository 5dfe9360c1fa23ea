"""Our run in MLflow's own pages, in a real browser: figures, system figures, files, model."""

from __future__ import annotations

import base64
import json
import math
import os
import shutil
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
from tests.conftest import EXAMPLES

pytest.importorskip("mlflow")
pytest.importorskip("psutil")
pytest.importorskip("sklearn")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
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


class Browser:
    """A window-less Chromium without a past, told what to do through a pipe (DevTools protocol)."""

    def __init__(self, profile: Path) -> None:
        ours_in, its_out = os.pipe()
        its_in, ours_out = os.pipe()
        flags = [
            "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync",
            f"--user-data-dir={profile}", "--window-size=1400,1300", "--remote-debugging-pipe",
        ]  # fmt: skip
        # Chromium reads from descriptor 3 and writes to descriptor 4 (dash cannot say `3<&12`).
        self._process = subprocess.Popen(
            ["bash", "-c", f'exec "$0" "$@" 3<&{its_in} 4>&{its_out}', str(CHROMIUM), *flags],
            pass_fds=(its_in, its_out), process_group=0,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(its_in)
        os.close(its_out)
        self._out = os.fdopen(ours_out, "wb", buffering=0)
        self._in = os.fdopen(ours_in, "rb")
        self._number = 0
        self._session: str | None = None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]

    def call(self, method: str, **params: object) -> dict:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._read())
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def _read(self) -> bytes:
        received = bytearray()
        while (byte := self._in.read(1)) != b"\0":
            assert byte, "the browser has gone"
            received += byte
        return bytes(received)

    def open(self, address: str) -> None:
        self.call("Page.navigate", url="about:blank")  # else only the part after # changes
        self.call("Page.navigate", url=address)

    def value(self, script: str) -> object:
        return self.call("Runtime.evaluate", expression=script)["result"].get("value")

    def wait_for(self, script: str, seconds: float = 60) -> object:
        """The script's value once it is truthy, or its last one."""
        deadline = time.monotonic() + seconds
        while not (found := self.value(script)) and time.monotonic() < deadline:
            time.sleep(0.2)
        return found

    def screenshot(self, path: Path) -> None:
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot")["data"]))

    def close(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._in.close()
        self._out.close()


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
