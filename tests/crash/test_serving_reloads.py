"""SIGHUP under load, with a better and with a damaged model folder: no request is lost.

Real folders, really trained: the folder is replaced as ``aprendiz train --out`` replaces it, by
a rename, and damaged as a disk would do it, by one bit.
"""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.conftest import EXAMPLES
from tests.crash.serving import ROOT, Client, serving

pytest.importorskip("sklearn")
CLIENTS = 12


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Two folders of one name: the thirty rows, and the same with one row less."""
    from aprendiz import workflow

    place = tmp_path_factory.mktemp("models")
    folders = {}
    for name, fewer in (("old", 0), ("new", 1)):
        rows = {label: texts[fewer:] for label, texts in EXAMPLES.items()}
        (place / f"{name}.json").write_text(json.dumps(rows))
        workflow.train(
            place / f"{name}.json", out=place / name / "model", method="tfidf", track=False
        )
        folders[name] = place / name / "model"
    return folders


def replace(folder: Path, with_copy_of: Path) -> None:
    """The new folder in the place of the old one, aside first and then by a rename."""
    aside = folder.with_name("aside")
    shutil.copytree(with_copy_of, aside)
    folder.rename(folder.with_name(f"was-{time.monotonic_ns()}"))
    aside.rename(folder)


def version(folder: Path) -> str:
    from aprendiz.artifact import manifest

    return manifest.read(folder).version


@pytest.mark.parametrize("how", ["SIGHUP", "--watch"])
def test_reloading_under_load_loses_nothing(
    trained: dict[str, Path], tmp_path: Path, how: str
) -> None:
    folder = tmp_path / "model"
    shutil.copytree(trained["old"], folder)
    watch = ["--watch"] if how == "--watch" else []
    with serving("aprendiz", "serve", str(folder), "--port", "0", *watch) as running:
        clients = [Client(running.port, "I want my money back", "refund") for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        time.sleep(0.5)
        replace(folder, trained["new"])
        if not watch:
            running.process.send_signal(signal.SIGHUP)
        running.until(f"version {version(trained['new'])} in place of {version(trained['old'])}")
        time.sleep(0.5)
        # One bit of one file: the folder is refused, and the model in memory goes on.
        damaged = tmp_path / "damaged"
        shutil.copytree(trained["old"], damaged)
        files = [file for file in damaged.iterdir() if file.is_file()]
        weights = max(files, key=lambda file: file.stat().st_size)
        content = bytearray(weights.read_bytes())
        content[len(content) // 2] ^= 1
        weights.write_bytes(bytes(content))
        replace(folder, damaged)
        if not watch:
            running.process.send_signal(signal.SIGHUP)
        running.until("kept: model model")
        time.sleep(0.5)
        for client in clients:
            client.enough.set()
        for client in clients:
            client.join(60)
        running.process.send_signal(signal.SIGTERM)
        assert running.process.wait(60) == 0
    lost = [each for client in clients for each in client.lost]
    outcomes = sum((client.outcomes for client in clients), Counter[str]())
    versions = sum((client.versions for client in clients), Counter[str]())
    print(f"{how}: {sum(outcomes.values())} requests, lost {len(lost)}, {dict(versions)}")
    assert lost == []
    assert set(outcomes) == {"200"}
    assert set(versions) == {version(trained["old"]), version(trained["new"])}
    assert min(versions.values()) > CLIENTS


SIGNALLED = """
import os, signal
from pathlib import Path
from aprendiz.serving.server import serve
from aprendiz.settings import Settings
from tests.api.keyword_model import KeywordModel

def say(line):
    word = line.split()[0]
    if word in ("listening", "ready:"):
        os.kill(os.getpid(), signal.SIGHUP if word == "listening" else signal.SIGTERM)

serve(
    Path("tests"), "127.0.0.1", 0, settings=Settings(_env_file=None),
    load=lambda folder: KeywordModel(), say=say, drain_seconds=0,
)
"""


def test_a_hangup_at_the_first_word_ends_nothing() -> None:
    """Who reads that it listens may send one at once."""
    ended = subprocess.run([sys.executable, "-c", SIGNALLED], cwd=ROOT, timeout=60)
    assert ended.returncode == 0
