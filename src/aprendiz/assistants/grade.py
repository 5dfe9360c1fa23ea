"""Asks a chat model what users asked, and judges what it says against the answers of the file.

The door of ``aprendiz evaluate`` for chat models. How two final answers are compared is for
``evaluation/maths``; what the verdicts add up to is for ``evaluation/replies.py``.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aprendiz.data import check as checks
from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.records import Conversation
from aprendiz.data.records import Finding
from aprendiz.errors import DataError
from aprendiz.interfaces import ChatModel, Observer, Reply, Sampling, Silence

if TYPE_CHECKING:
    from aprendiz.evaluation.maths.validate import StepCheck
    from aprendiz.evaluation.replies import Answers, AnswersEvaluation, GradedReply, Replies

MAX_TOKENS = 256
_AT_ONCE = 64


def evaluate(
    model: ChatModel | str | Path,
    data: str | Path,
    *,
    against: ChatModel | str | Path | None = None,
    answers: Answers | None = None,
    limit: int | None = None,
    max_tokens: int = MAX_TOKENS,
    observer: Observer | None = None,
) -> AnswersEvaluation:
    """Measure a chat model on a file of conversations.

    The last message of each conversation is the expected answer, everything before it is put
    to the model, which replies greedily.

    Args:
        model: a loaded chat model, or what :func:`aprendiz.load_chat_model` takes.
        data: a file of conversations in any form that is read.
        against: another model to put the same questions to, such as the base.
        answers: ``maths`` compares final answers, ``text`` whole replies; by default maths
            where every expected answer has a final answer to extract.
        limit: measure that many conversations only, spread evenly over the file.
        max_tokens: longest reply.
        observer: whom to tell.

    Raises:
        DataError: the file cannot be used; carries every finding.
        BaseModelError, ModelFolderError: a model cannot be loaded.
        ChatError: a question leaves the model no room for a reply.
        MissingExtra: a library is not installed.
    """
    reading = read_conversations(str(data))
    checks.refuse(list(reading.findings))
    tell = observer or Silence()
    tell.say(f"{data}: {len(reading.conversations):,} conversations")
    return measure(
        model,
        spread(reading.conversations, limit),
        against=against,
        answers=answers,
        max_tokens=max_tokens,
        observer=tell,
    )


def measure(
    model: ChatModel | str | Path,
    rows: Sequence[Conversation],
    *,
    against: ChatModel | str | Path | None = None,
    answers: Answers | None = None,
    max_tokens: int = MAX_TOKENS,
    observer: Observer | None = None,
) -> AnswersEvaluation:
    """:func:`evaluate` for conversations that have been read already.

    Raises:
        DataError: no conversation, or one without a question.
    """
    from aprendiz.evaluation.replies import AnswersEvaluation

    tell = observer or Silence()
    _refuse_unaskable(rows)
    how = _comparison(rows, answers, tell)
    # One after the other: two models of a size that matters do not fit side by side.
    other = None if against is None else _graded(against, rows, how, max_tokens, tell)
    graded = _graded(model, rows, how, max_tokens, tell)
    sources = ", ".join(dict.fromkeys(Path(row.file).name for row in rows))
    return AnswersEvaluation(how, sources, graded, other)


def spread(rows: Sequence[Conversation], limit: int | None) -> tuple[Conversation, ...]:
    """At most ``limit`` rows, evenly spread: files are often sorted by what they are about."""
    if limit is None or limit >= len(rows):
        return tuple(rows)
    return tuple(rows[number * len(rows) // limit] for number in range(limit))


def ask(
    model: ChatModel, rows: Sequence[Conversation], max_tokens: int, tell: Observer
) -> tuple[list[Reply], float]:
    """The model's reply to the question of each row, in their order, and the seconds taken."""
    # Rows with answers of like length go together, or the short ones wait for the long ones.
    order = sorted(range(len(rows)), key=lambda number: len(rows[number].answer))
    sampling = Sampling(max_tokens=max_tokens)
    replies: dict[int, Reply] = {}
    begin = time.perf_counter()
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        said = model.replies([rows[number].question for number in some], sampling)
        replies |= dict(zip(some, said, strict=True))
        tell.progress(f"asking {model.name}", len(replies), len(rows))
    return [replies[number] for number in range(len(rows))], time.perf_counter() - begin


def _graded(
    model: ChatModel | str | Path,
    rows: Sequence[Conversation],
    how: Answers,
    max_tokens: int,
    tell: Observer,
) -> Replies:
    from aprendiz.evaluation.replies import Replies

    if not isinstance(model, ChatModel):
        from aprendiz.assistants.load import load_chat_model

        model = load_chat_model(model, observer=tell)
    replies, seconds = ask(model, rows, max_tokens, tell)
    judged = []
    for row, reply in zip(rows, replies, strict=True):
        judged.append(judge(row, reply, how))
        tell.progress("grading", len(judged), len(rows))
    return Replies(model.name, tuple(judged), seconds)


def judge(row: Conversation, reply: Reply, how: Answers) -> GradedReply:
    """The verdict on one reply."""
    from aprendiz.evaluation.replies import GROUPED_BY, GradedReply

    groups = {name: str(value) for name in GROUPED_BY if (value := row.field(name)) is not None}
    steps: tuple[StepCheck, ...] = ()
    if how == "maths":
        from aprendiz.evaluation.maths.grade import grade_answer
        from aprendiz.evaluation.maths.validate import validate_math_response

        verdict = grade_answer(reply.text, row.answer)
        right, found, reason = verdict.right, verdict.found, verdict.reason
        wanted = verdict.expected
        steps = validate_math_response(reply.text).steps
    else:
        found, wanted = _plain(reply.text), _plain(row.answer)
        right = found == wanted
        reason = "word for word the same" if right else "other words"
    return GradedReply(
        question=row.question[-1].content,
        expected=row.answer,
        reply=reply.text,
        right=right,
        found=found,
        wanted=wanted,
        reason=reason,
        steps=steps,
        finish_reason=reply.finish_reason,
        tokens=reply.completion_tokens,
        file=row.file,
        line=row.line,
        groups=groups,
    )


def _comparison(rows: Sequence[Conversation], asked: Answers | None, tell: Observer) -> Answers:
    """How answers are to be compared: as asked, or as the expected ones suggest."""
    if asked is not None:
        return asked
    other = next((row for row in rows if not _says_an_amount(row.answer)), None)
    if other is None:
        tell.say("answers are compared as maths: every expected one has a final answer")
        return "maths"
    where = f"{other.file}:{other.line}"
    tell.say(f"answers are compared as text: that of {where} has no mathematical final answer")
    return "text"


def _says_an_amount(answer: str) -> bool:
    """Whether an expected answer is one of maths: its last line is marked, or a number ends it."""
    from aprendiz.evaluation.maths.extract import final_answer, has_mark

    return has_mark(answer) or any(sign.isdigit() for sign in final_answer(answer) or "")


def _refuse_unaskable(rows: Sequence[Conversation]) -> None:
    if not rows:
        raise DataError("there is no conversation to measure on", "aprendiz data check FILE")
    why = "nothing is said before the answer, so there is nothing to ask"
    checks.refuse([_fault(row, "no_question", why) for row in rows if not row.question])


def _fault(row: Conversation, kind: str, why: str) -> Finding:
    return Finding(row.file, row.line, kind, "error", why)


def _plain(text: str) -> str:
    return " ".join(text.split())
