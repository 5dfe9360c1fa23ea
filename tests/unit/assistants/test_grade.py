"""Chat models measured by their answers: the prompts they get, verdicts, groups, comparison."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from aprendiz.assistants.grade import evaluate, spread
from aprendiz.data.chat.records import Conversation, Message
from aprendiz.errors import DataError
from aprendiz.evaluation.intervals import wilson
from aprendiz.evaluation.replies import AnswersEvaluation
from aprendiz.interfaces import Reply, Sampling

PERCENT = "80 × 15 = 1200\n1200 ÷ 100 = 12\nAnswer: 12"


class Parrot:
    """A chat model that says what it was taught to say to a text, and remembers what it was asked."""

    context = 512

    def __init__(self, said: dict[str, str], name: str = "parrot") -> None:
        self.name = name
        self._said = said
        self.asked: list[tuple[Message, ...]] = []
        self.sampling: list[Sampling] = []

    def stream(
        self, messages: Sequence[Message], sampling: Sampling = Sampling()
    ) -> Iterator[str | Reply]:
        self.asked.append(tuple(messages))
        self.sampling.append(sampling)
        text = self._said[messages[-1].content]
        yield text
        yield Reply(text, 5, len(text.split()), "stop")

    def replies(
        self, conversations: Sequence[Sequence[Message]], sampling: Sampling = Sampling()
    ) -> list[Reply]:
        return [list(self.stream(each, sampling))[-1] for each in conversations]


def row(asked: str, answer: str, **fields: str) -> dict[str, object]:
    said = [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]
    return {"messages": said, **fields}


def write(path: Path, rows: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(each) + "\n" for each in rows), encoding="utf-8")
    return path


@pytest.fixture
def maths(tmp_path: Path) -> Path:
    return write(
        tmp_path / "test.jsonl",
        [
            row("15 % of 80?", PERCENT, concept="percentages", kind="unseen", language="en"),
            row("2 + 3?", "2 + 3 = 5\nAnswer: 5", concept="sums", kind="known", language="en"),
            row("¿4 + 4?", "4 + 4 = 8\nRespuesta: 8", concept="sums", kind="known", language="es"),
            row("10 % of 50?", "50 × 10 = 500\n500 ÷ 100 = 5\nAnswer: 5",
                concept="percentages", kind="unseen", language="en"),
        ],
    )  # fmt: skip


TUNED = {
    "15 % of 80?": PERCENT,
    "2 + 3?": "2 + 3 = 5\nAnswer: 5.0",
    "¿4 + 4?": "4 + 4 = 9\nRespuesta: 9",
    "10 % of 50?": "50 × 10 = 400\nAnswer: 5",
}
BASE = {**dict.fromkeys(TUNED, "I do not know."), "2 + 3?": "5", "¿4 + 4?": "Respuesta: 8"}


def test_figures_groups_and_working(maths: Path) -> None:
    told = evaluate(Parrot(TUNED), maths)
    values = told.as_dict()
    assert (values["answers"], values["n"], values["correct"]) == ("maths", 4, 3)
    assert values["exact_match"] == 0.75
    assert values["exact_match_ci"] == pytest.approx(wilson(3, 4))
    assert values["by_concept"]["percentages"]["exact_match"] == 1.0
    assert values["by_concept"]["sums"] == {
        "n": 2, "correct": 1, "exact_match": 0.5, "exact_match_ci": pytest.approx(wilson(1, 2)),
    }  # fmt: skip
    assert {name: each["correct"] for name, each in values["by_kind"].items()} == {
        "known": 1, "unseen": 2,
    }  # fmt: skip
    assert values["by_language"]["es"]["correct"] == 0
    # The fourth has the right answer after a step that does not hold.
    assert (values["steps"]["n"], values["steps"]["all_hold"]) == (4, 2)
    assert [each.right for each in told.replies.rows] == [True, True, False, True]
    assert told.replies.rows[3].steps_hold is False
    assert "0.750 on 4" in told.in_words()


def test_the_model_sees_everything_before_the_answer_and_nothing_of_it(tmp_path: Path) -> None:
    said = [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "hello"},
        {"role": "assistant", "content": "hi"},
        {"role": "user", "content": "2 + 3?"},
        {"role": "assistant", "content": "Answer: 5"},
    ]
    model = Parrot({"2 + 3?": "Answer: 5"})
    told = evaluate(model, write(tmp_path / "one.jsonl", [{"messages": said}]), max_tokens=7)
    (asked,) = model.asked
    assert [each.content for each in asked] == ["Be short.", "hello", "hi", "2 + 3?"]
    assert model.sampling == [Sampling(max_tokens=7, temperature=0.0)]
    assert told.exact_match == 1


def test_two_models_on_the_same_rows(maths: Path) -> None:
    told = evaluate(Parrot(TUNED), maths, against=Parrot(BASE, "base"))
    values = told.as_dict()
    assert values["against"]["model"] == "base"
    assert values["against"]["correct"] == 2
    assert values["difference"]["change"] == pytest.approx(0.25)
    low, high = values["difference"]["change_ci"]
    assert low <= 0.25 <= high
    # Gained two rows, lost one: a fair coin does as much every time.
    assert values["difference"]["p_value"] == pytest.approx(1.0)
    assert values["difference"]["by_group"]["unseen"]["gained"] == 2
    assert "base\nexact match: 0.500 → 0.750 on the same 4 rows" in told.in_words()


def test_what_is_written_is_read_back(maths: Path) -> None:
    told = evaluate(Parrot(TUNED), maths, against=Parrot(BASE, "base"))
    written = json.loads(json.dumps(told.as_dict(rows=True)))
    again = AnswersEvaluation.from_dict(written)
    assert again.as_dict(rows=True) == told.as_dict(rows=True)
    assert again.replies.rows == told.replies.rows


def test_answers_without_a_final_answer_are_compared_word_for_word(tmp_path: Path) -> None:
    file = write(tmp_path / "cities.jsonl", [row("capital of France?", "Paris  it is"),
                                             row("of Spain?", "Madrid")])  # fmt: skip
    heard: list[str] = []

    class Ear:
        def say(self, message: str) -> None:
            heard.append(message)

        def progress(self, task: str, done: int, total: int) -> None:
            pass

    parrot = Parrot({"capital of France?": "Paris it\nis", "of Spain?": "madrid"})
    told = evaluate(parrot, file, observer=Ear())
    assert told.answers == "text"
    assert [each.right for each in told.replies.rows] == [True, False]
    assert told.as_dict()["steps"]["n"] == 0
    assert any("compared as text" in line and "cities.jsonl:1" in line for line in heard)


def test_a_question_is_needed(tmp_path: Path) -> None:
    only = {"messages": [{"role": "assistant", "content": "Answer: 5"}]}
    file = write(tmp_path / "mute.jsonl", [row("2 + 3?", "Answer: 5"), only])
    with pytest.raises(DataError) as error:
        evaluate(Parrot(TUNED), file)
    assert {(each.line, each.severity) for each in error.value.findings} == {(2, "error")}


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError):
        evaluate(Parrot({}), write(tmp_path / "empty.jsonl", []))


@pytest.mark.parametrize(("rows", "limit", "lines"), [
    (10, 5, [0, 2, 4, 6, 8]), (3, 7, [0, 1, 2]), (7, 3, [0, 2, 4]), (4, None, [0, 1, 2, 3]),
])  # fmt: skip
def test_a_limit_spreads_over_the_file(rows: int, limit: int | None, lines: list[int]) -> None:
    many = [Conversation((Message("user", "a"),), "f", line) for line in range(rows)]
    assert [each.line for each in spread(many, limit)] == lines


def test_many_rows_keep_their_order(tmp_path: Path) -> None:
    """Rows are asked in another order than that of the file, several at a time."""
    rows = [row(f"{n} + 0?", "1 + 1 = 2\n" * (n % 5) + f"Answer: {n}") for n in range(150)]
    model = Parrot({f"{n} + 0?": f"Answer: {n}" for n in range(150)})
    told = evaluate(model, write(tmp_path / "many.jsonl", rows))
    assert [each.question for each in told.replies.rows] == [f"{n} + 0?" for n in range(150)]
    assert told.exact_match == 1
    assert evaluate(model, tmp_path / "many.jsonl", limit=10).n == 10


def test_a_real_model_is_measured_by_its_place(tiny_causal: Path, maths: Path) -> None:
    told = evaluate(tiny_causal, maths, max_tokens=8)
    assert told.n == 4
    assert told.replies.tokens > 0
    assert told.replies.tokens_per_second > 0
    assert all(each.tokens <= 8 for each in told.replies.rows)
