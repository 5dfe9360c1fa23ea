"""kill -9 of the client while it follows a job: --resume ends with that job and the same model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from aprendiz import workflow
from aprendiz.methods.managed.endpoint import choose
from aprendiz.methods.managed.provider import Provider
from aprendiz.settings import get_settings
from tests.conftest import EXAMPLES
from tests.platforms import platform
from tests.unit.methods.managed.conftest import CONFIGURED

TEXTS = ["hello my friend", "I want a refund please", "two coffees", "money back", "good day"]


@pytest.fixture(scope="module")
def service(tmp_path_factory):
    with platform(tmp_path_factory.mktemp("platform")) as started:
        yield started


@pytest.fixture(scope="module")
def examples(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "examples.json"
    path.write_text(json.dumps(EXAMPLES))
    return path


@pytest.fixture(scope="module")
def straight(service, examples, tiny_encoder, tmp_path_factory) -> Path:
    """The model of a training that nobody killed."""
    place = tmp_path_factory.mktemp("straight")
    home = {"APRENDIZ_HOME": str(place / "home")}
    environment = os.environ | service.settings() | home
    subprocess.run(command(examples, place / "m", tiny_encoder), check=True, env=environment)
    return place / "m"


@pytest.fixture
def provider(service, monkeypatch) -> Provider:
    for name in CONFIGURED:
        monkeypatch.delenv(name, raising=False)
    service.configure(monkeypatch)
    return Provider(choose("auto", get_settings()))


def command(examples: Path, out: Path, encoder: Path, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "aprendiz", "train", "--data", str(examples), "--out", str(out),
        "--method", "managed", "--set", f"base_model=finetune:{encoder}", "--set", "epochs=6",
        "--set", "batch_size=4", "--no-track", *more,
    ]  # fmt: skip


def kill_when(arguments: list[str], holds) -> None:
    """Start a training and kill -9 it as soon as something holds."""
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 120
        while not holds():
            assert process.poll() is None, "the training ended before it could be killed"
            assert time.monotonic() < end
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


def ledger(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / ".killed.partial" / "checkpoints" / "job.json"
    return json.loads(path.read_text()) if path.is_file() else {}


def steps_were_made(provider: Provider, job: str) -> bool:
    return bool(job) and any(event.step for event in provider.events(job))


@pytest.mark.parametrize("moment", ["training_file", "asked_at", "following"])
def test_one_job_and_the_same_model(moment, provider, straight, examples, tiny_encoder, tmp_path):
    killed = tmp_path / "killed"
    jobs_before = len(list(provider.jobs()))

    def reached() -> bool:
        noted = ledger(tmp_path)
        if moment == "following":
            return steps_were_made(provider, noted.get("job", ""))
        return bool(noted.get(moment))

    kill_when(command(examples, killed, tiny_encoder), reached)
    assert not killed.exists()
    done = subprocess.run(
        command(examples, killed, tiny_encoder, "--resume"), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert len(list(provider.jobs())) == jobs_before + 1
    assert not (tmp_path / ".killed.partial").exists()
    one = workflow.load(straight).probabilities(TEXTS)
    two = workflow.load(killed).probabilities(TEXTS)
    np.testing.assert_allclose(one, two, atol=1e-9)

    history = json.loads((killed / "history.json").read_text())
    steps = [entry["step"] for entry in history if "loss" in entry]
    assert steps
    assert len(steps) == len(set(steps)), "the curve was told twice"
