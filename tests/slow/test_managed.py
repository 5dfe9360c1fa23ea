"""Managed training against the real platform, over each of the three interfaces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time

import numpy as np
import pytest

from aprendiz import workflow
from aprendiz.errors import JobStopped, ProviderError
from aprendiz.methods.managed.deploy import deploy
from aprendiz.methods.managed.endpoint import choose
from aprendiz.methods.managed.provider import Provider
from aprendiz.settings import get_settings
from tests.platforms import platform
from tests.unit.methods.managed.conftest import CONFIGURED, Listening

TEXTS = ["hello my friend", "I want a refund please", "two coffees", "good day"]


@pytest.fixture(autouse=True)
def _nothing_configured(monkeypatch):
    for name in CONFIGURED:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with platform(tmp_path_factory.mktemp("platform")) as started:
        yield started


@pytest.fixture
def train(examples_file, tmp_path):
    def run(name="m", tell=None, resume=False, **recipe):
        return workflow.train(
            examples_file,
            out=tmp_path / name,
            recipe={"method": "managed", **recipe},
            resume=resume,
            observer=tell,
        )

    return run


@pytest.fixture
def encoder(tiny_encoder):
    """A base model that learns in steps, by the platform's name for it."""
    return f"finetune:{tiny_encoder}"


@pytest.mark.parametrize("kind", ["openai", "azure", "azure-v1"])
def test_over_each_interface_the_same_model_answers(kind, running, train, tmp_path, monkeypatch):
    running.configure(monkeypatch, kind)
    result = train(base_model="tfidf", suffix="shop")
    deployed = deploy(result.folder, name=f"shop-{kind}")
    assert deployed.state == "ready"
    rows = workflow.load(result.folder).probabilities(TEXTS)
    np.testing.assert_allclose(rows.sum(axis=1), 1.0)
    again = deploy(result.folder, name=f"shop-{kind}")
    assert (again.state, again.made) == ("ready", False)
    direct = workflow.train(tmp_path / "examples.json", out=tmp_path / "direct", method="tfidf")
    np.testing.assert_allclose(rows, workflow.load(direct.folder).probabilities(TEXTS), atol=1e-6)


def test_steps_are_followed_and_drawn(running, train, encoder, monkeypatch, tmp_path):
    running.configure(monkeypatch)
    heard = Listening()
    result = train(tell=heard, base_model=encoder, epochs=4, batch_size=8)
    history = json.loads((result.folder / "history.json").read_text())
    losses = {entry["step"]: entry["loss"] for entry in history if "loss" in entry}
    assert len(losses) >= 4
    assert [entry["eval_loss"] for entry in history if "eval_loss" in entry]
    task, done, total = heard.bars[-2] if heard.bars[-1][0] == "measuring" else heard.bars[-1]
    assert (task, done) == ("fine-tuning", total)
    assert (result.folder / "plots" / "loss_function.png").is_file()
    facts = result.manifest.training
    assert facts["hyperparameters"]["n_epochs"] == 4
    assert facts["hyperparameters"]["batch_size"] == 8


def command(*arguments: str, running, **more: str):
    return subprocess.run(
        [sys.executable, "-m", "aprendiz", *arguments],
        env=os.environ | running.settings() | more,
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_a_job_is_held_let_go_and_ended_from_the_command_line(
    running, encoder, examples_file, tmp_path, monkeypatch
):
    running.configure(monkeypatch)
    out = tmp_path / "m"
    training = subprocess.Popen(
        [
            sys.executable, "-m", "aprendiz", "train", "--data", str(examples_file),
            "--out", str(out), "--method", "managed", "--set", f"base_model={encoder}",
            "--set", "epochs=50", "--set", "batch_size=1", "--no-track",
        ],
        env=os.environ | running.settings(),
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    provider = Provider(choose("auto", get_settings()))
    job = _running_job(provider, training)
    paused = command("jobs", "pause", job, "--json", running=running)
    assert json.loads(paused.stdout)["id"] == job, paused.stderr
    _until(lambda: provider.job(job).status == "paused")
    resumed = command("jobs", "resume", job, running=running)
    assert resumed.returncode == 0, resumed.stderr
    _until(lambda: provider.job(job).status == "running")
    cancelled = command("jobs", "cancel", job, running=running)
    assert cancelled.returncode == 0, cancelled.stderr
    said = training.communicate(timeout=60)[1]
    assert training.returncode == JobStopped.exit_code
    assert "is paused" in said
    assert "was cancelled" in said
    assert not out.exists()
    assert not list(tmp_path.glob(".m*"))


def test_a_wrong_key_is_said_with_the_platforms_words(running, train, monkeypatch, tmp_path):
    running.configure(monkeypatch)
    monkeypatch.setenv("OPENAI_API_KEY", "wrong")
    with pytest.raises(ProviderError, match="401") as caught:
        train(base_model="tfidf")
    assert "aprendiz platform" in caught.value.hint
    assert not list(tmp_path.glob(".m*"))


def test_a_base_model_that_is_not_there_leaves_nothing_behind(
    running, train, monkeypatch, tmp_path
):
    running.configure(monkeypatch)
    with pytest.raises(ProviderError, match="no-such-model"):
        train(base_model="no-such-model")
    assert not list(tmp_path.glob(".m*"))


def _running_job(provider: Provider, training: subprocess.Popen[str]) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        assert training.poll() is None, training.stderr.read()
        job = next(provider.jobs(), None)
        if job is not None and job.status == "running" and _has_steps(provider, job.id):
            return job.id
        time.sleep(0.1)
    raise AssertionError("no job got to run")


def _has_steps(provider: Provider, job: str) -> bool:
    return any(event.step for event in provider.events(job))


def _until(holds) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.1)
