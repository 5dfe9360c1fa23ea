"""A chat model's report: what it says, what it shows of the conversations, and that it is drawn again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from aprendiz.artifact.manifest import Manifest
from aprendiz.evaluation.maths.validate import StepCheck
from aprendiz.evaluation.replies import AnswersEvaluation, GradedReply, Replies
from aprendiz.report.assistant import redraw, write_assistant_report
from aprendiz.report.assistant_page import AssistantFacts, render

HISTORY = [
    {"step": 1, "loss": 2.5, "learning_rate": 1e-4, "epoch": 0.5, "mean_token_accuracy": 0.4},
    {"step": 2, "loss": 1.5, "learning_rate": 5e-5, "epoch": 1.0, "mean_token_accuracy": 0.6},
    {"step": 2, "eval_loss": 1.75, "eval_mean_token_accuracy": 0.55},
]
CONCEPTS = ("percentages", "sums", "sums", "means")
HOSTILE = "<script>alert(1)</script> 2 + 2?"


def reply(number: int, concept: str, right: bool, text: str, question: str = "") -> GradedReply:
    return GradedReply(
        question=question or f"question {number}",
        expected="2 + 2 = 4\nAnswer: 4",
        reply=text,
        right=right,
        found="4" if right else "5",
        wanted="4",
        reason="as compared",
        steps=(StepCheck("2 + 2 = 4", True), StepCheck("4 + 1 = 6", False, "4 + 1 is 5, not 6")),
        finish_reason="stop",
        tokens=7,
        file="data/test.jsonl",
        line=number,
        groups={"concept": concept, "kind": "unseen", "language": "en"},
    )


@pytest.fixture(scope="module")
def evaluation() -> AnswersEvaluation:
    right = (True, True, False, True)
    questions = (HOSTILE, "", "", "")
    tuned = [
        reply(number, concept, good, f"tuned reply {number}", asked)
        for number, (concept, good, asked) in enumerate(
            zip(CONCEPTS, right, questions, strict=True)
        )
    ]
    base = [
        reply(number, concept, False, f"base reply {number}")
        for number, concept in enumerate(CONCEPTS)
    ]
    return AnswersEvaluation(
        "maths",
        "test.jsonl",
        Replies("tuned", tuple(tuned), 2.0),
        Replies("maths-tiny", tuple(base), 1.0),
    )


def manifest(part: str = "test", *, chose: bool = False) -> Manifest:
    return Manifest(
        method="lora",
        name="maths <b>",
        created="2026-01-01T00:00:00Z",
        labels=(),
        threshold=0,
        recipe={"method": "lora", "rank": 16},
        data={
            "fingerprint": "f" * 64, "sources": ["train.jsonl"], "split": "10 % held out",
            "train": 90, "validation": 10, "test": 0,
        },
        scores={"part": part, "chose_on_validation": chose},
        training={
            "seconds": 12.5, "trainable_parameters": 12345, "base_model": "maths-tiny",
            "peak_memory_bytes": 456_000_000, "targets": ["k_proj", "v_proj"],
        },
        libraries={"peft": "0.1"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, evaluation: AnswersEvaluation) -> Path:
    place = tmp_path_factory.mktemp("model")
    write_assistant_report(place, manifest(), evaluation, HISTORY)
    (place / "history.json").write_text(json.dumps(HISTORY))
    return place


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def words(page: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_the_figures_are_said_with_their_intervals(page: str) -> None:
    text = words(page)
    assert "The right answer to 75.0 % of 4 conversations it had not seen" in text
    assert "(95 % interval 30.1–95.4 %)" in text
    assert "maths-tiny has 0.0 % on the same conversations: a difference of +75.0 points" in text
    assert "12,345" in text
    assert "456 MB" in text
    assert "k_proj, v_proj" in text
    assert "rank: 16" in text
    assert re.search(r"sums 2 0\.0 % 0\.0–65\.8 % 50\.0 % 9\.5–90\.5 %", text)


def test_conversations_are_shown_with_their_steps(page: str) -> None:
    wrong = page[page.index('id="wrong"') : page.index('id="right"')]
    assert "tuned reply 2" in wrong
    assert "base reply 2" in wrong
    assert "tuned reply 1" not in wrong
    assert "does not hold" in wrong
    assert "4 + 1 is 5, not 6" in wrong
    assert "tuned reply 3" in page[page.index('id="right"') :]


def test_nothing_of_the_data_is_markup(page: str) -> None:
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)" in page
    assert '<h1 dir="auto">maths &lt;b&gt;</h1>' in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_every_picture_is_there_twice_and_always_the_same(
    folder: Path, evaluation: AnswersEvaluation, tmp_path: Path
) -> None:
    names = {path.name for path in (folder / "plots").iterdir()}
    drawn = ("by_concept", "loss_function", "token_accuracy", "learning_rate")
    assert names == {f"{name}.{ending}" for name in drawn for ending in ("png", "svg")}
    again = redraw(folder, manifest(), tmp_path / "again")
    assert again.read_bytes() == (folder / "report.html").read_bytes()
    for name in names:
        assert (again.parent / "plots" / name).read_bytes() == (
            folder / "plots" / name
        ).read_bytes()


def test_without_figures_it_says_so(tmp_path: Path) -> None:
    write_assistant_report(tmp_path, manifest("none"), None, [])
    text = words((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "Not measured" in text
    assert "by_concept : no conversations were held out" in text
    assert "loss_function : the training kept no such figure" in text
    assert not (tmp_path / "evaluation.json").exists()
    assert list((tmp_path / "plots").iterdir()) == []


@pytest.mark.parametrize("chose", [True, False])
def test_rows_that_chose_the_checkpoint_are_called_so(
    chose: bool, evaluation: AnswersEvaluation
) -> None:
    facts = AssistantFacts("a", "validation", chose, "data", (), "rank: 16", "it's here")
    page = render(facts, AnswersEvaluation("maths", "v.jsonl", evaluation.replies))
    text = words(page)
    assert ("conversations it had not learnt from" in text) is chose
    assert ("chose the checkpoint" in text) is chose
    assert "maths-tiny has" not in text
    assert "aprendiz chat &#39;it&#39;&#34;&#39;&#34;&#39;s here&#39;" in page
