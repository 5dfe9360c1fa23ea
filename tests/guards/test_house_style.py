"""Rules of the house that can be read off the files: first words, names, lengths, doors."""

from __future__ import annotations

from tests.guards import house
from tests.guards.house import ROOT


def test_files_keep_the_house_style() -> None:
    assert len(house.files(ROOT)) >= 60
    assert house.style_faults(ROOT) == []
