"""The grader against answer pairs that were judged by hand; ``pairs.jsonl`` holds them.

A wrong answer taken for right spoils every figure built on it, so there may be none. A right
one taken for wrong costs a little, and each is named here.
"""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from aprendiz.evaluation.maths.grade import grade_answer

PAIRS = [
    json.loads(line)
    for line in (Path(__file__).parent / "pairs.jsonl").read_text(encoding="utf-8").splitlines()
]
FALSE_WRONG = {("the answer is 15 dollars and no more", "15")}


def test_there_are_enough_pairs_of_both_kinds() -> None:
    right = sum(pair["right"] for pair in PAIRS)
    assert right >= 300 and len(PAIRS) - right >= 300
    keys = {(pair["reply"], pair["expected"]) for pair in PAIRS}
    assert len(keys) == len(PAIRS)


def test_no_wrong_answer_is_called_right() -> None:
    called = [
        pair for pair in PAIRS
        if not pair["right"] and grade_answer(pair["reply"], pair["expected"]).right
    ]  # fmt: skip
    assert called == []


def test_right_answers_called_wrong_are_the_known_ones() -> None:
    called = {
        (pair["reply"], pair["expected"])
        for pair in PAIRS
        if pair["right"] and not grade_answer(pair["reply"], pair["expected"]).right
    }
    assert called == FALSE_WRONG


@pytest.mark.parametrize(
    ("reply", "expected", "found", "right"),
    [
        ("80 × 15 / 100 = 12\nRespuesta: 12", "12", "12", True),
        ("It is 7 apples.", "Working\n#### 8", "7 apples", False),
        ("", "8", None, False),
    ],
)
def test_a_verdict_tells_what_was_compared(
    reply: str, expected: str, found: str | None, right: bool
) -> None:
    verdict = grade_answer(reply, expected)
    assert (verdict.found, verdict.right) == (found, right)
    assert verdict.expected in {"12", "8"}
    assert (found or "no final answer") in verdict.reason


def test_any_thread_may_grade() -> None:
    """math-verify's own timeout needs the main thread; ours needs none."""
    verdicts: list[bool] = []
    threads = [
        threading.Thread(target=lambda: verdicts.append(grade_answer("2√3", r"\sqrt{12}").right))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert verdicts == [True] * 4
