"""kill -9 in the middle of a training: no half model, and --resume ends where it would have."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from aprendiz import workflow

pytestmark = [pytest.mark.crash, pytest.mark.slow]
TEXTS = ["hello my friend", "I want a refund please", "two coffees", "money back", "good day"]


def command(examples: Path, out: Path, encoder: Path, *more: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "aprendiz",
        "train",
        "--data",
        str(examples),
        "--out",
        str(out),
        "--method",
        "finetune",
        "--set",
        f"base_model={encoder}",
        "--set",
        "epochs=6",
        "--set",
        "batch_size=4",
        "--set",
        "max_length=32",
        "--set",
        "early_stopping=0",
        "--no-track",
        *more,
    ]


def kill_after_checkpoints(arguments: list[str], checkpoints: Path, wanted: int) -> None:
    """Start a training and kill -9 it once it has completed so many checkpoints."""
    process = subprocess.Popen(
        arguments, stderr=subprocess.DEVNULL, env=os.environ | {"OMP_NUM_THREADS": "1"}
    )
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            # Two checkpoints are kept, so count by step number, not by how many there are.
            steps = [int(p.parent.name.split("-")[1]) for p in checkpoints.glob("*/complete")]
            if steps and max(steps) >= wanted:
                break
            assert process.poll() is None, "training ended before it could be killed"
            time.sleep(0.005)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("steps", [6, 18])
def test_resume_ends_with_the_same_predictions(steps, examples_file, tiny_encoder, tmp_path):
    straight, killed = tmp_path / "straight", tmp_path / "killed"
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    subprocess.run(command(examples_file, straight, tiny_encoder), check=True, env=environment)

    partial = tmp_path / ".killed.partial"
    kill_after_checkpoints(
        command(examples_file, killed, tiny_encoder), partial / "checkpoints", steps
    )
    assert not killed.exists(), "a half-made model took the name"
    assert partial.is_dir()
    # A checkpoint that was being written when the kill came has no marker: plant one such.
    (partial / "checkpoints" / "checkpoint-999").mkdir()

    done = subprocess.run(
        command(examples_file, killed, tiny_encoder, "--resume"),
        check=True,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert "going on from step" in done.stderr
    assert not partial.exists()
    one = workflow.load(straight).probabilities(TEXTS)
    two = workflow.load(killed).probabilities(TEXTS)
    np.testing.assert_array_equal(one, two)


def test_sigterm_says_how_to_go_on(examples_file, tiny_encoder, tmp_path):
    out = tmp_path / "m"
    process = subprocess.Popen(
        command(examples_file, out, tiny_encoder, "--set", "epochs=400"),
        stderr=subprocess.PIPE,
        text=True,
    )
    checkpoints = tmp_path / ".m.partial" / "checkpoints"
    while not list(checkpoints.glob("*/complete")):
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    process.terminate()
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 5
    assert "--resume" in said
    assert not out.exists()
