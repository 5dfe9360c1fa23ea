"""Every published answer of GSM8K, SVAMP and the Spanish MGSM is found and read as its number."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest

from aprendiz.evaluation.maths.compare import same_answer
from aprendiz.evaluation.maths.extract import final_answer
from aprendiz.evaluation.maths.grade import grade_answer
from tests.conftest import SHARED

pytestmark = pytest.mark.skipif(not (SHARED / "gsm8k").is_dir(), reason="needs ../shared/data")


def rows(path: Path) -> Iterator[dict[str, object]]:
    with (
        gzip.open(path, "rt", encoding="utf-8")
        if path.suffix == ".gz"
        else path.open(encoding="utf-8") as stream
    ):
        yield from map(json.loads, stream)


def number(written: str) -> Fraction:
    """As the data sets write it: English, with commas between thousands."""
    return Fraction(written.replace(",", ""))


@pytest.mark.parametrize(("part", "n"), [("train", 7473), ("test", 1319)])
def test_gsm8k(part: str, n: int) -> None:
    met = 0
    for row in rows(SHARED / "gsm8k" / f"{part}.jsonl.gz"):
        answer = str(row["answer"])
        gold = re.search(r"#### (\S+)$", answer)
        assert gold and final_answer(answer) == gold[1]
        assert same_answer(gold[1], str(number(gold[1])))
        met += 1
    assert met == n


@pytest.mark.parametrize(("name", "n"), [("svamp", 1000), ("mgsm_es", 250)])
def test_plain_numbers(name: str, n: int) -> None:
    met = 0
    for row in rows(SHARED / name / "test.jsonl"):
        gold = str(row["answer"])
        found = final_answer(f"Respuesta: {gold}")
        assert found and same_answer(found, str(number(gold)))
        assert not same_answer(found, str(number(gold) + 1))
        met += 1
    assert met == n


def test_a_whole_model_answer_is_an_expected_answer() -> None:
    """Rows of GSM8K go to ``aprendiz evaluate`` as they are."""
    first = next(rows(SHARED / "gsm8k" / "train.jsonl.gz"))
    expected = str(first["answer"])
    assert grade_answer("48 / 2 = 24\n48 + 24 = 72\nAnswer: 72", expected).right
    assert not grade_answer("48 / 2 = 24\nAnswer: 24", expected).right
