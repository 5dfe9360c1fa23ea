"""The journal between a training process and the service: nothing lost, nothing said twice."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.platform.journal import Entry, Journal, finite, read


def told(path: Path, offset: int = 0) -> list[tuple[str, dict[str, object]]]:
    entries, _ = read(path, offset)
    return [(entry.kind, dict(entry.values)) for entry in entries]


def test_what_is_written_is_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.write("begin", steps=3)
    journal.write("metrics", step=1, train_loss=0.5)
    journal.write("end", steps=3, tokens=9)
    assert told(path) == [
        ("begin", {"steps": 3}),
        ("metrics", {"step": 1, "train_loss": 0.5}),
        ("end", {"steps": 3, "tokens": 9}),
    ]
    assert journal.ended


def test_a_training_that_repeats_steps_says_nothing_twice(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    first = Journal(path)
    for step in (1, 2, 3):
        first.write("metrics", step=step, train_loss=0.1)
    first.write("metrics", step=2, valid_loss=0.4)
    first.write("snapshot", step=2, folder="a", figures={})
    before = told(path)
    again = Journal(path)  # another process goes on from step 1
    for step in (2, 3):
        again.write("metrics", step=step, train_loss=0.1)
    again.write("metrics", step=2, valid_loss=0.4)
    again.write("snapshot", step=2, folder="a", figures={})
    assert told(path) == before
    again.write("metrics", step=4, train_loss=0.05)
    assert told(path) == [*before, ("metrics", {"step": 4, "train_loss": 0.05})]


@given(st.integers(0, 60), st.integers(1, 70))
def test_however_a_line_was_torn_the_next_process_writes_whole_lines(cut: int, piece: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.jsonl"
        journal = Journal(path)
        journal.write("metrics", step=1, train_loss=0.25)
        size = path.stat().st_size
        journal.write("metrics", step=2, train_loss=0.125)
        path.write_bytes(path.read_bytes()[: size + cut])
        entries, offset = read(path, 0)
        assert offset == size or entries[-1].values["step"] == 2
        Journal(path).write("metrics", step=2, train_loss=0.125)
        # Read in pieces of any size, from where the service was: each step once.
        while True:
            more, offset_after = read(path, offset, most=piece)
            entries += more
            if offset_after == offset:
                break
            offset = offset_after
        assert [entry.values["step"] for entry in entries] == [1, 2]


def test_half_a_line_is_not_read_until_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path).write("begin", steps=1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert read(path, 0) == ([], 0)
    path.write_bytes(whole)
    entries, offset = read(path, 0)
    assert (len(entries), offset) == (1, len(whole))
    assert isinstance(entries[0], Entry)


def test_a_journal_that_is_not_there_yet_says_nothing(tmp_path: Path) -> None:
    assert read(tmp_path / "none", 0) == ([], 0)


def test_a_damaged_line_is_not_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text('{"kind": "begin", "time": 1}\nrubbish\n')
    with pytest.raises(ValueError):
        read(path, 0)


def test_figures_that_are_no_numbers_are_left_out() -> None:
    values = {"loss": float("nan"), "rate": float("inf"), "accuracy": 0.5}
    assert finite(values) == {"accuracy": 0.5}
