"""The public sets read without an error, and the leaks their authors left are counted exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from aprendiz.data.check import check
from aprendiz.data.read import read_examples

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
SETS = ("banking77", "clinc150", "snips", "ag_news", "multilingual_tod_es", "sst2")
FILES = sorted(path for name in SETS for path in (DATA / name).glob("*.csv*"))

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="no shared/data beside the repository")


def test_every_clean_file_reads_without_findings() -> None:
    assert len(FILES) == 26
    for path in FILES:
        reading = read_examples(path)
        assert reading.findings == (), path
        assert len(reading.examples) == reading.rows > 0


@pytest.mark.parametrize(
    ("name", "train", "leaks"),
    [
        ("banking77", "train.csv", 6),
        ("clinc150", "train.csv", 2),
        ("snips", "train.csv", 26),
        ("multilingual_tod_es", "train.csv", 154),
        ("sst2", "train.csv", 2),
        ("ag_news", "train.csv.gz", 0),
    ],
)
def test_leaks_are_counted_exactly(name: str, train: str, leaks: int) -> None:
    learnt, test = read_examples(DATA / name / train), read_examples(DATA / name / "test.csv")
    findings = check([learnt], against=[test])
    assert sum(found.count for found in findings if found.kind == "leak") == leaks
    assert [found for found in findings if found.severity == "error"] == []
