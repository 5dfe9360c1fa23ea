"""kill -9 in the middle of a prediction, twice: the same command goes on and ends the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from aprendiz import workflow
from aprendiz.prediction.journal import journal_of
from tests.conftest import EXAMPLES

ROWS = 40_000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("killed")
    examples = folder / "examples.json"
    examples.write_text(json.dumps(EXAMPLES), encoding="utf-8")
    workflow.train(examples, out=folder / "model", method="tfidf", track=False)
    return folder / "model"


def command(model: Path, source: Path, out: Path) -> list[str]:
    line = [sys.executable, "-m", "aprendiz", "predict", str(model), "--file", str(source)]
    return [*line, "--out", str(out), "--columns", "id", "--json"]


def written(out: Path) -> int:
    try:
        return int(json.loads(journal_of(out).read_text(encoding="utf-8"))["progress"]["rows"])
    except (OSError, ValueError):
        return 0


def kill_after(line: list[str], out: Path, rows: int) -> None:
    process = subprocess.Popen(line, env=os.environ | {"OMP_NUM_THREADS": "1"})
    while written(out) <= rows:
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not out.exists()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_killed_twice_and_gone_on_is_the_undisturbed_output(
    model: Path, tmp_path: Path, form: str
) -> None:
    source = tmp_path / "in.csv"
    texts = [text for some in EXAMPLES.values() for text in some]
    lines = (f'{n},"{texts[n % len(texts)]} {n}"\n' for n in range(ROWS))
    source.write_text("id,text\n" + "".join(lines), encoding="utf-8")
    straight, out = tmp_path / f"straight.{form}", tmp_path / f"out.{form}"
    subprocess.run(command(model, source, straight), check=True, capture_output=True)

    line = command(model, source, out)
    kill_after(line, out, 0)
    kill_after(line, out, written(out))
    before = written(out)
    told = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
    assert (told["rows"], told["resumed_at"], told["broken"]) == (ROWS, before, 0)
    assert 0 < before < ROWS
    assert out.read_bytes() == straight.read_bytes()
    if form == "csv":
        rows = out.read_text(encoding="utf-8").splitlines()[1:]
        assert [int(row.split(",")[0]) for row in rows] == list(range(ROWS))
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        [source.name, straight.name, out.name]
    )


@pytest.mark.parametrize("room", [20, 200, 2000])  # less than the header, the journal, the rows
def test_a_full_disk_is_told_and_the_same_command_goes_on(
    model: Path, tmp_path: Path, room: int
) -> None:
    source, out = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_text("id,text\n" + "".join(f"{n},hello {n}\n" for n in range(200)))
    line = command(model, source, out)
    limit = f"import resource, runpy; resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, {room}));"
    small = f"{limit} runpy.run_module('aprendiz', run_name='__main__')"
    full = subprocess.run(
        [sys.executable, "-B", "-c", small, *line[3:]], capture_output=True, text=True
    )
    assert (full.returncode, full.stdout) == (2, "")
    assert "cannot be written (File too large)" in full.stderr and "goes on" in full.stderr
    assert not out.exists()
    told = json.loads(subprocess.run(line, check=True, capture_output=True).stdout)
    assert (told["rows"], told["broken"]) == (200, 0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "out.csv"]
