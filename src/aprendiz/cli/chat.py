"""``aprendiz chat``: talk to a model in the terminal, or put many questions to it at once."""

from __future__ import annotations

import json as jsons
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from aprendiz.cli.terminal import Terminal, console
from aprendiz.errors import ChatError, DataError, JobStopped

if TYPE_CHECKING:
    from aprendiz.assistants.question_file import Question
    from aprendiz.assistants.questions import Answered
    from aprendiz.interfaces import ChatModel, Sampling


def chat(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="model folder, PEFT adapter, Hugging Face folder, .gguf file, managed model "
            "folder, or a base model's name",
        ),
    ],
    load: Annotated[
        Path | None, typer.Option(help="go on with a conversation that /save wrote")
    ] = None,
    questions: Annotated[
        Path | None,
        typer.Option(
            help="ask every question of a file and leave: one a line, JSON or JSONL; with "
            "expected answers, right and wrong are counted"
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="with --questions or a pipe: also write the answers here")
    ] = None,
    system: Annotated[str, typer.Option(help="system message")] = "",
    temperature: Annotated[
        float, typer.Option(min=0.0, max=5.0, help="0 is greedy; above, replies are drawn")
    ] = 0.0,
    top_p: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="draw among the most probable of this share")
    ] = 1.0,
    max_tokens: Annotated[int, typer.Option(min=1, help="longest reply, in tokens")] = 512,
    seed: Annotated[int | None, typer.Option(help="fixes what is drawn")] = None,
    device: Annotated[
        str | None, typer.Option(help="cpu or cuda; by default a GPU if there is one")
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", help="with --questions or a pipe: one JSON document")
    ] = False,
) -> None:
    """Talk to a chat model; questions that come through a pipe are answered one by one."""
    from aprendiz.assistants.load import load_chat_model
    from aprendiz.interfaces import Sampling

    piped = questions is None and not sys.stdin.isatty()
    _refuse_contradictions(load, questions, out, json, piped)
    asked = _questions(questions) if questions or piped else []
    with Terminal() as terminal:
        loaded = load_chat_model(model, observer=terminal, device=device)
    sampling = Sampling(max_tokens, temperature, top_p, seed)
    if piped and not json and out is None:
        _answer_the_pipe(loaded, asked, sampling, system)
    elif asked:
        _answer_all(loaded, asked, sampling, system, out=out, json=json)
    else:
        _talk(loaded, sampling, system, load)


def _refuse_contradictions(
    load: Path | None, questions: Path | None, out: Path | None, json: bool, piped: bool
) -> None:
    if load and (questions or piped):
        raise ChatError("--load is for a chat in the terminal", "leave --load or --questions out")
    if (out or json) and not (questions or piped):
        raise ChatError(
            "--out and --json are for many questions at once",
            "give --questions FILE or a pipe; in a chat, /save keeps the conversation",
        )


def _questions(file: Path | None) -> list[Question]:
    from aprendiz.assistants.question_file import questions_in, read_questions

    if file is not None:
        return read_questions(file)
    asked = questions_in(sys.stdin.read(), "stdin")
    if not asked:
        raise DataError(
            "stdin: holds no question", 'echo "15 % of 80?" | aprendiz chat MODEL, or a terminal'
        )
    return asked


def _answer_the_pipe(
    model: ChatModel, asked: list[Question], sampling: Sampling, system: str
) -> None:
    """Replies only, as they come, with an empty line between two of them."""
    from rich.console import Console

    from aprendiz.assistants.questions import with_system
    from aprendiz.cli.chat_session import reply_once

    screen = Console(highlight=False)
    for number, question in enumerate(asked):
        if number:
            screen.print()
        messages = list(with_system(question.messages, system))
        if reply_once(model, messages, sampling, screen) is None:
            raise JobStopped(f"stopped after {number} of {len(asked)} questions")


def _answer_all(
    model: ChatModel,
    asked: list[Question],
    sampling: Sampling,
    system: str,
    *,
    out: Path | None,
    json: bool,
) -> None:
    from rich.console import Console

    from aprendiz.assistants import questions
    from aprendiz.cli.chat_screen import show_answers

    answers: list[Answered] = []
    stopped = False
    try:
        with Terminal() as terminal:
            for each in questions.answer(model, asked, sampling, system=system, observer=terminal):
                answers.append(each)
    except KeyboardInterrupt:
        stopped = True
    told = jsons.dumps(questions.as_dict(model, answers), ensure_ascii=False)
    if out is not None and answers:
        questions.write(out, told)
    if json:
        print(told)
    elif answers:
        show_answers(Console(highlight=False), answers)
    if stopped:
        raise JobStopped(
            f"stopped after {len(answers)} of {len(asked)} questions",
            f"their answers are in {out}" if out and answers else "",
        )


def _talk(model: ChatModel, sampling: Sampling, system: str, load: Path | None) -> None:
    from rich.console import Console

    from aprendiz.cli.chat_session import ChatSession
    from aprendiz.cli.line_editor import LineEditor
    from aprendiz.settings import get_settings

    folder = get_settings().home_folder / "chat"
    screen, talk = Console(highlight=False), console()
    session = ChatSession(model, sampling, folder, screen=screen, talk=talk, system=system)
    talk.print(f"/save keeps conversations in {folder}; /help lists the commands", style="dim")
    if load is not None:
        session.open(load)
    before = signal.signal(signal.SIGTERM, _end)
    try:
        with LineEditor(folder / "history", list(session.commands)) as editor:
            while not session.over:
                try:
                    session.take(editor.read("› ", colour=screen.color_system is not None))
                except EOFError:
                    screen.print()
                    session.take("/quit")
                except KeyboardInterrupt:
                    screen.print()
                    talk.print("to leave: Ctrl-D or /quit", style="dim")
    finally:
        signal.signal(signal.SIGTERM, before)


def _end(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM ends the chat, where Ctrl-C only ends a reply."""
    raise JobStopped("the chat was asked to end")
