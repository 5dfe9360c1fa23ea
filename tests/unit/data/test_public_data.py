"""The public sets read without an error, and the leaks their authors left are counted exactly."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from aprendiz.data.check import check
from aprendiz.data.examine import Question, examine
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


@pytest.mark.parametrize(
    ("name", "train", "exact", "near"),
    [
        ("banking77", ["train.csv"], 6, 150),
        ("clinc150", ["train.csv", "oos_train.csv"], 2, 100),
        ("snips", ["train.csv"], 26, 5),
        ("multilingual_tod_es", ["train.csv"], 154, 100),
        ("sst2", ["train.csv"], 2, 0),
        ("ag_news", ["train.csv.gz"], 0, 50),
    ],
)
def test_the_long_look_finds_no_error_and_the_same_leaks(
    name: str, train: list[str], exact: int, near: int
) -> None:
    files = [str(DATA / name / file) for file in train]
    diagnosis = examine(Question(files, [str(DATA / name / "test.csv")]))
    counts = Counter[str]()
    for finding in diagnosis.findings:
        counts[finding.kind] += finding.count
    assert diagnosis.ok
    assert counts["leak"] == exact
    assert counts["near_leak"] >= near
    assert diagnosis.language == ("es" if name.endswith("_es") else "en")
    # Of clean files, hardly a row is in another language or holds a private number.
    for kind in ("wrong_language", "card_number", "national_id", "iban", "secret", "mojibake"):
        assert counts[kind] <= 3
