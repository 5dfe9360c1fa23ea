"""kill -9 in the middle of a LoRA training, at three points: it goes on and ends the same.

Dropout is on, so that the random numbers have to go on too; a straight training is compared
with those that were killed before the first checkpoint, between two, and after the last.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(900)  # seven trainings, each a process of its own

EPOCHS, STEPS_AN_EPOCH = 6, 3
LAST = EPOCHS * STEPS_AN_EPOCH
ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def chats(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty additions; six are held out."""
    path = tmp_path_factory.mktemp("chats") / "chats.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for n in range(30):
            turns = [
                {"role": "user", "content": f"{n} + 3?"},
                {"role": "assistant", "content": f"{n} + 3 = {n + 3}"},
            ]
            out.write(json.dumps({"messages": turns, "concept": "sums"}) + "\n")
    return path


@pytest.fixture(scope="module")
def command(chats: Path, tiny_causal: Path) -> Callable[..., list[str]]:
    settings = {
        "base_model": tiny_causal,
        "rank": 4,
        "epochs": EPOCHS,
        "batch_size": 8,
        "dropout": 0.2,
        "learning_rate": 0.01,
        "early_stopping": 0,
    }
    sets = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]

    def line(out: Path, *more: str) -> list[str]:
        train = [sys.executable, "-m", "aprendiz", "train", "--method", "lora", "--no-track"]
        return [*train, "--data", str(chats), "--out", str(out), *sets, *more]

    return line


@pytest.fixture(scope="module")
def straight(command, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The model of a training that nobody killed."""
    out = tmp_path_factory.mktemp("straight") / "model"
    subprocess.run(command(out), check=True, env=ENVIRONMENT, capture_output=True)
    return out


def begun(checkpoints: Path) -> bool:
    """A first checkpoint is being written."""
    return any(checkpoints.glob("checkpoint-*"))


def past(step: int) -> Callable[[Path], bool]:
    def reached(checkpoints: Path) -> bool:
        whole = checkpoints.glob("checkpoint-*/complete")
        return max((int(path.parent.name.split("-")[1]) for path in whole), default=0) >= step

    return reached


def kill_when(condition: Callable[[Path], bool], arguments: list[str], checkpoints: Path) -> None:
    """Start a training and kill -9 it as soon as a condition holds of its checkpoints."""
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, env=ENVIRONMENT)
    try:
        while not condition(checkpoints):
            assert process.poll() is None, "training ended before it could be killed"
            time.sleep(0.002)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param(begun, id="while the first checkpoint is written"),
        pytest.param(past(2 * STEPS_AN_EPOCH), id="between two checkpoints"),
        pytest.param(past(LAST), id="after the last checkpoint"),
    ],
)
def test_a_killed_training_goes_on_and_ends_the_same(condition, command, straight, tmp_path):
    out = tmp_path / "model"
    partial = tmp_path / ".model.partial"
    kill_when(condition, command(out), partial / "checkpoints")
    assert not out.exists(), "a half-made model took the name"
    # A checkpoint that was being written when the kill came has no marker: plant one more.
    (partial / "checkpoints" / "checkpoint-2").mkdir(exist_ok=True)

    done = subprocess.run(
        command(out, "--resume"), check=True, env=ENVIRONMENT, capture_output=True, text=True
    )
    if condition is not begun:
        assert "going on from step" in done.stderr
    assert not partial.exists()
    one, two = (
        json.loads((folder / "manifest.json").read_text())["training"] for folder in (straight, out)
    )
    assert two["loss"] == pytest.approx(one["loss"], abs=1e-4)
    assert two["eval_loss"] == pytest.approx(one["eval_loss"], abs=1e-4)
    assert two["steps"] == one["steps"] == LAST
    name = "adapter_model.safetensors"
    assert (out / name).read_bytes() == (straight / name).read_bytes()
