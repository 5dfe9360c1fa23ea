"""Only a checkpoint that was written to its end counts."""

from __future__ import annotations

from aprendiz.neural.checkpoints import MARKER, latest_complete


def test_the_newest_whole_checkpoint_is_found(tmp_path):
    assert latest_complete(tmp_path) is None
    for step in (9, 10, 100):
        (tmp_path / f"checkpoint-{step}").mkdir()
    assert latest_complete(tmp_path) is None
    for step in (9, 10):
        (tmp_path / f"checkpoint-{step}" / MARKER).touch()
    assert latest_complete(tmp_path) == tmp_path / "checkpoint-10"
