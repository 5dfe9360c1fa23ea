"""Many questions put to a chat model, and right or wrong said of each reply.

For trying a model out; the questions come from ``question_file.py``. A measurement to be
reported, with a comparison and figures by concept, is for ``grade.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aprendiz.assistants.question_file import Question
from aprendiz.assistants.question_file import read_questions as read_questions
from aprendiz.data.chat.records import Message
from aprendiz.errors import DataError
from aprendiz.interfaces import ChatModel, Observer, Reply, Sampling, Silence

_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Answered:
    """A question with its reply.

    Attributes:
        question: as asked.
        reply: the model's.
        right: whether it is the expected answer; ``None`` where none is expected.
        found: the final answer found in the reply; ``None`` where there is none.
        reason: why it is right or wrong, in a few words; empty where none is expected.
    """

    question: Question
    reply: Reply
    right: bool | None = None
    found: str | None = None
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        told: dict[str, Any] = {
            "question": self.question.text,
            "reply": self.reply.text,
            "finish_reason": self.reply.finish_reason,
            "tokens": self.reply.completion_tokens,
            "line": self.question.line,
        }
        if self.right is not None:
            told |= {
                "expected": self.question.expected,
                "found": self.found,
                "right": self.right,
                "reason": self.reason,
            }
        return told


def answer(
    model: ChatModel,
    questions: Sequence[Question],
    sampling: Sampling,
    *,
    system: str = "",
    observer: Observer | None = None,
) -> Iterator[Answered]:
    """Put each question to a model; gives the answers in order, as they come.

    Args:
        model: any chat model.
        questions: each is a conversation of its own.
        sampling: how replies are drawn.
        system: put first where a question has no system message.
        observer: told how far it is.

    Raises:
        ChatError: a question leaves no room for a reply.
        MissingExtra: an answer is expected and the library that compares is not installed.
    """
    tell = observer or Silence()
    for start in range(0, len(questions), _AT_ONCE):
        some = questions[start : start + _AT_ONCE]
        asked = [with_system(each.messages, system) for each in some]
        replies = model.replies(asked, sampling)
        for question, reply in zip(some, replies, strict=True):
            yield judge(question, reply)
        tell.progress(f"asking {model.name}", start + len(some), len(questions))


def as_dict(model: ChatModel, answers: Sequence[Answered]) -> dict[str, Any]:
    """Everything that was asked and answered, as plain values for JSON.

    ``graded``, ``correct``, ``exact_match`` and ``exact_match_ci`` (95 %, Wilson) are over the
    questions with an expected answer; the shares are ``None`` where there is none.
    """
    told = _share(answers)
    return {
        "model": model.name,
        "n": len(answers),
        "graded": told["n"],
        "correct": told["correct"],
        "exact_match": told["accuracy"],
        "exact_match_ci": told["accuracy_ci"] if told["n"] else None,
        "answers": [each.as_dict() for each in answers],
    }


def write(path: Path, text: str) -> None:
    """Put answers into a file; whoever reads it meanwhile sees the old ones or the new ones.

    Raises:
        DataError: it cannot be written.
    """
    aside = path.with_name(f".{path.name}.partial")
    try:
        aside.write_text(text + "\n", encoding="utf-8", errors="replace")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise DataError(
            f"{path}: cannot be written ({error.strerror})", "choose another file"
        ) from None


def in_words(answers: Sequence[Answered]) -> str:
    """How many were right, with the 95 % interval of that share, in one line."""
    told = _share(answers)
    if not told["n"]:
        return f"{len(answers)} answers; no right answer is known"
    low, high = told["accuracy_ci"]
    rest = len(answers) - told["n"]
    more = f"; {rest} with no expected answer" if rest else ""
    return (
        f"{told['correct']} of {told['n']} right: {told['accuracy']:.3f} "
        f"(95 % interval {low:.3f} to {high:.3f}){more}"
    )


def _share(answers: Sequence[Answered]) -> dict[str, Any]:
    from aprendiz.evaluation.grade import share

    graded = [each.right for each in answers if each.right is not None]
    return share(sum(graded), len(graded))


def with_system(messages: Sequence[Message], system: str) -> tuple[Message, ...]:
    """The messages with a system message first, unless they have one or there is none."""
    if not system or any(message.role in {"system", "developer"} for message in messages):
        return tuple(messages)
    return (Message("system", system), *messages)


def judge(question: Question, reply: Reply) -> Answered:
    """A reply with whether it is right, where an answer is expected.

    Final answers are compared as mathematics; where the expected text has none, the texts are,
    but for case and white space.
    """
    if question.expected is None:
        return Answered(question, reply)
    from aprendiz.evaluation.maths.extract import final_answer
    from aprendiz.evaluation.maths.grade import grade_answer

    if final_answer(question.expected) is None:
        right = _plain(reply.text) == _plain(question.expected)
        reason = "the same words" if right else "other words"
        return Answered(question, reply, right, None, reason)
    verdict = grade_answer(reply.text, question.expected)
    return Answered(question, reply, verdict.right, verdict.found, verdict.reason)


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
