"""``aprendiz predict`` without --out: a few texts on the screen, and what it does not take for texts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from aprendiz.artifact.model import Model


def predict(
    model: Model, *arguments: object, piped: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "aprendiz", "predict", str(model.folder), *map(str, arguments)],
        input=piped, capture_output=True,
        env=os.environ | {"PYTHONIOENCODING": "utf-8:strict"},
    )  # fmt: skip


def test_lines_end_where_those_of_a_file_with_out_end(model: Model, tmp_path: Path) -> None:
    lines = tmp_path / "in.txt"
    lines.write_bytes("\ufeffone\u2028line\r\n\x0ca page\n".encode())
    told = json.loads(predict(model, "--file", lines, "--json").stdout)
    assert [each["text"] for each in told] == ["one\u2028line", "\x0ca page"]


@pytest.mark.parametrize("name", ["in.csv", "in.tsv", "in.jsonl", "in.parquet", "in.txt.gz"])
def test_a_table_is_not_taken_for_lines_of_text(model: Model, tmp_path: Path, name: str) -> None:
    source = tmp_path / name
    source.write_text("text\nhello\n")
    told = predict(model, "--file", source)
    assert (told.returncode, told.stdout) == (2, b"")
    assert b"is answered into a file" in told.stderr and b"--out" in told.stderr


def test_bytes_that_are_not_utf_8_are_told_of_file_and_pipe(model: Model, tmp_path: Path) -> None:
    source = tmp_path / "in.txt"
    source.write_bytes(b"caf\xe9\n")
    for told in (predict(model, "--file", source), predict(model, "-", piped=b"caf\xe9\n")):
        assert (told.returncode, told.stdout) == (2, b"")
        assert b"UTF-8" in told.stderr and b"hint:" in told.stderr


def test_texts_beside_a_file_are_refused_not_forgotten(model: Model, tmp_path: Path) -> None:
    source = tmp_path / "in.txt"
    source.write_text("hello\n")
    told = predict(model, "a text", "--file", source)
    assert (told.returncode, told.stdout) == (2, b"")
    assert b"--file and texts were given" in told.stderr
