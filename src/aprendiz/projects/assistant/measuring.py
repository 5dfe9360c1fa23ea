"""Steps 4 to 6: base against tuned on held-out conversations, questions, exports."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from aprendiz.artifact import manifest as manifests
from aprendiz.assistants import conversation, grade, questions
from aprendiz.assistants.load import load_chat_model
from aprendiz.assistants.questions import Answered
from aprendiz.data.chat.records import Message
from aprendiz.interfaces import Sampling
from aprendiz.projects.assistant import learning, tables
from aprendiz.projects.ledger import write_json
from aprendiz.projects.steps import Context

if TYPE_CHECKING:
    from aprendiz.evaluation.replies import AnswersEvaluation, GradedReply

RESULTS = "results/evaluation.json"
TABLE, TABLE_CSV, TABLE_MD = "results/table.json", "results/table.csv", "results/evaluation.md"
REPLIES = "results/replies.jsonl"
REPORT, PLOTS = "report.html", "plots"
OUTPUTS = (RESULTS, TABLE, TABLE_CSV, TABLE_MD, REPLIES, REPORT, PLOTS)
ANSWERED = "questions/answers.json"
CONVERSATIONS = "questions/conversations"
EXPORTS = "exports"


def evaluate(context: Context) -> None:
    """Step 4: the base model and the tuned one put to the same rows; tables and the report."""
    from aprendiz.report import assistant as report

    model = context.output / learning.MODEL
    manifest = manifests.read(model)
    told = grade.evaluate(
        model,
        context.project.test,
        against=str(manifest.training["base_model"]),
        max_tokens=context.project.max_tokens,
        observer=context.observer,
    )
    write_json(context.output / RESULTS, tables.by_kind(told))
    write_json(context.output / TABLE, told.as_dict())
    (context.output / TABLE_CSV).write_text(tables.as_csv(told), encoding="utf-8")
    (context.output / TABLE_MD).write_text(tables.as_markdown(told), encoding="utf-8")
    _write_replies(context.output / REPLIES, told)
    shutil.rmtree(context.output / PLOTS, ignore_errors=True)
    report.draw(
        context.output,
        manifest,
        told,
        learning.history(context.output),
        part="test",
        place=str(model),
    )
    context.observer.say(told.in_words())


def answer_questions(context: Context) -> None:
    """Step 5: the project's questions put to the tuned model; each conversation kept as JSON.

    What ``aprendiz chat MODEL --questions FILE`` does; ``/load`` opens the conversations.
    """
    folder = context.output / CONVERSATIONS
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    answered: list[Answered] = []
    if context.project.questions:
        asked = questions.read_questions(context.project.questions)
        model = load_chat_model(context.output / learning.MODEL, observer=context.observer)
        sampling = Sampling(max_tokens=context.project.max_tokens)
        answered = list(questions.answer(model, asked, sampling, observer=context.observer))
        for number, each in enumerate(answered, 1):
            said = (*each.question.messages, Message("assistant", each.reply.text))
            conversation.save(folder / f"{number:03}.json", said, model.name)
    write_json(context.output / ANSWERED, [each.as_dict() for each in answered])
    for line in tables.of_questions(answered):
        context.observer.say(line)


def export(context: Context) -> None:
    """Step 6: the tuned model in the forms asked for; each must answer as the model does."""
    from aprendiz.assistants.export import export as hand_over

    folder = context.output / EXPORTS
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    told = {}
    for form in context.project.exports:
        made = hand_over(
            context.output / learning.MODEL,
            form,
            folder / form,
            observer=context.observer,
        )
        context.observer.say(made.in_words())
        told[form] = made.as_dict()
    write_json(folder / "exports.json", told)


def _write_replies(path: Path, told: AnswersEvaluation) -> None:
    """Every row with what both models said, one JSON object a line."""
    assert told.other is not None  # step 4 always compares
    with path.open("w", encoding="utf-8") as stream:
        for base, tuned in zip(told.other.rows, told.replies.rows, strict=True):
            row = {
                "file": Path(tuned.file).name,
                "line": tuned.line,
                **tuned.groups,
                "question": tuned.question,
                "expected": tuned.expected,
                "base": _said(base),
                "tuned": _said(tuned),
            }
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _said(row: GradedReply) -> dict[str, object]:
    values = row.as_dict()
    return {name: values[name] for name in ("reply", "right", "found", "reason", "steps")}
