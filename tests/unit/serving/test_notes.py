"""Feedback and doubtful texts: bounded files that the data commands read."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aprendiz.data.read import read_examples
from aprendiz.errors import SettingsError
from aprendiz.serving.notes import Notes


def _keep(file: Path, rows: list[dict[str, str]], most: int = 1 << 20) -> None:
    notes = Notes(file, most)

    async def story() -> None:
        for row in rows:
            await notes.keep(row)

    asyncio.run(story())
    notes.close()


def test_what_is_kept_is_read_by_the_data_commands(tmp_path: Path) -> None:
    file = tmp_path / "feedback.jsonl"
    rows = [{"text": f"text {n}", "label": "ab"[n % 2], "predicted": "a"} for n in range(6)]
    _keep(file, rows)
    reading = read_examples(str(file))
    assert [(each.text, each.label) for each in reading.examples] == [
        (row["text"], row["label"]) for row in rows
    ]
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60))
def test_any_text_is_one_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "doubtful.jsonl"
    file.unlink(missing_ok=True)
    _keep(file, [{"text": f"a{text}\n\x1b[31m\u2028", "label": "x"}])
    kept = file.read_bytes()
    assert kept.count(b"\n") == 1 and b"\x1b" not in kept
    assert kept.isascii()


def test_the_files_never_grow_beyond_their_bound(tmp_path: Path) -> None:
    file = tmp_path / "doubtful.jsonl"
    _keep(file, [{"text": f"{n} " + "x" * 100, "label": "a"} for n in range(200)], most=8192)
    old = tmp_path / "doubtful.jsonl.old"
    assert file.stat().st_size + old.stat().st_size <= 8192
    assert b'"199 ' in file.read_bytes(), "the newest are kept"


def test_a_text_larger_than_the_file_is_left_out(tmp_path: Path) -> None:
    file = tmp_path / "doubtful.jsonl"
    _keep(file, [{"text": "x" * 10_000, "label": "a"}, {"text": "b", "label": "b"}], most=8192)
    assert file.read_text().count("\n") == 1


def test_a_place_that_cannot_be_written_is_refused_at_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError):
        Notes(tmp_path / "file" / "feedback.jsonl", 8192)


def test_mentions_are_written_before_the_end(tmp_path: Path) -> None:
    notes = Notes(tmp_path / "doubtful.jsonl", 1 << 20)
    for number in range(50):
        notes.mention({"text": str(number), "label": "a"})
    notes.close()
    assert (tmp_path / "doubtful.jsonl").read_text().count("\n") == 50
