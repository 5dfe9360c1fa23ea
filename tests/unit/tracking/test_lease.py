"""A lease is abandoned exactly when nobody holds it."""

from __future__ import annotations

from pathlib import Path

import pytest

from aprendiz.tracking import lease
from aprendiz.tracking.lease import Abandoned


def test_a_held_lease_is_left_alone_and_one_given_back_is_gone(tmp_path: Path):
    held = lease.take(tmp_path, "store")
    assert list(lease.abandoned(tmp_path, "store")) == []
    held.give_back()
    assert list(tmp_path.iterdir()) == []


def test_a_lease_that_could_not_be_closed_remembers_how_the_run_ended(tmp_path: Path):
    held = lease.take(tmp_path, "store")
    held.leave("failed")
    assert list(lease.abandoned(tmp_path, "another store")) == []
    assert list(lease.abandoned(tmp_path, "store")) == [Abandoned(held.token, "failed")]
    assert list(lease.abandoned(tmp_path, "store")) == []


def test_a_sweep_that_fails_leaves_the_lease_for_another_time(tmp_path: Path):
    lease.take(tmp_path, "store").leave("killed")
    with pytest.raises(ConnectionError):
        for _ in lease.abandoned(tmp_path, "store"):
            raise ConnectionError
    assert len(list(lease.abandoned(tmp_path, "store"))) == 1


def test_no_folder_means_nothing_abandoned(tmp_path: Path):
    assert list(lease.abandoned(tmp_path / "never made", "store")) == []
