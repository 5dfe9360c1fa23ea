"""A comparison that is killed or interrupted loses the running training and nothing else."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.crash, pytest.mark.slow]


def begin(examples: Path, encoder: Path, out: Path) -> subprocess.Popen[str]:
    """A comparison whose second training lasts."""
    settings = [
        f"base_model={encoder}", "epochs=60", "batch_size=4", "max_length=32", "early_stopping=0",
    ]  # fmt: skip
    return subprocess.Popen(
        [
            sys.executable, "-m", "aprendiz", "compare", "--data", str(examples),
            "--methods", "tfidf,finetune", "--out", str(out), "--no-track", "--json",
            *(word for each in settings for word in ("--set", f"finetune.{each}")),
        ],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip


def wait_until_the_second_learns(process: subprocess.Popen[str], out: Path) -> None:
    checkpoints = out / "models" / ".finetune-13.partial" / "checkpoints"
    deadline = time.monotonic() + 120
    while not list(checkpoints.glob("*/complete")):
        assert process.poll() is None, process.stderr and process.stderr.read()
        assert time.monotonic() < deadline, "the second training never began"
        time.sleep(0.02)


def wait_until_nothing_learns(out: Path) -> None:
    """The kernel lets go of a training's lock when its process is gone."""
    deadline = time.monotonic() + 60
    with (out / "models" / ".finetune-13.partial" / "lock").open("w") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except OSError:
                assert time.monotonic() < deadline, "a training outlived its comparison"
                time.sleep(0.05)


def test_kill_9_loses_only_the_running_training(examples_file, tiny_encoder, tmp_path):
    out = tmp_path / "out"
    process = begin(examples_file, tiny_encoder, out)
    wait_until_the_second_learns(process, out)
    process.kill()
    process.communicate()
    wait_until_nothing_learns(out)
    done = out / "cells" / "tfidf-13.json"
    before = done.stat().st_mtime_ns
    assert not (out / "models" / "finetune-13").exists()

    again = begin(examples_file, tiny_encoder, out)
    said, talk = again.communicate(timeout=280)
    assert again.returncode == 0, talk
    assert done.stat().st_mtime_ns == before
    assert "1 of 2 trainings were done before and kept" in talk
    told = json.loads(said)
    assert [each["name"] for each in told["methods"]] == ["tfidf", "finetune"]
    # Begun afresh: its time is that of the whole training.
    history = json.loads((out / "models" / "finetune-13" / "history.json").read_text())
    assert min(entry["step"] for entry in history if entry["step"] > 0) == 1


def test_ctrl_c_says_what_is_kept(examples_file, tiny_encoder, tmp_path):
    out = tmp_path / "out"
    process = begin(examples_file, tiny_encoder, out)
    wait_until_the_second_learns(process, out)
    process.send_signal(signal.SIGINT)
    said, talk = process.communicate(timeout=60)
    assert process.returncode == 5
    assert said == ""
    assert "1 of 2 trainings are kept" in talk and "the same command goes on" in talk
    assert (out / "cells" / "tfidf-13.json").is_file()
