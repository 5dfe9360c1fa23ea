"""A chat with a model: what is typed is a question or a command, and what becomes of it.

Drawing is for ``chat_screen.py``, typing for ``line_editor.py``.
"""

from __future__ import annotations

import difflib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.text import Text

from aprendiz.assistants import questions
from aprendiz.assistants.conversation import open_saved, save
from aprendiz.assistants.question_file import read_questions
from aprendiz.assistants.questions import Answered, with_system
from aprendiz.cli import chat_screen
from aprendiz.cli.terminal import Terminal
from aprendiz.data.chat.records import Message
from aprendiz.errors import AprendizError, ChatError, DataError, JobStopped
from aprendiz.interfaces import ChatModel, Reply, Sampling

_SYSTEM = {"system", "developer"}


@dataclass(frozen=True, slots=True)
class Command:
    """One ``/command``: its argument as the help shows it, what it does, and the doing."""

    argument: str
    told: str
    do: Callable[[str], None]


class ChatSession:
    """One person talking to one model.

    Args:
        model: any chat model.
        sampling: how its replies are drawn.
        folder: where ``/save`` without a name saves to.
        screen: for replies (stdout).
        talk: for everything else (stderr).
        system: first system message; empty for none.

    Attributes:
        over: ``/quit`` was typed.
        messages: the conversation so far.
    """

    def __init__(
        self,
        model: ChatModel,
        sampling: Sampling,
        folder: Path,
        *,
        screen: Console,
        talk: Console,
        system: str = "",
    ) -> None:
        self.over = False
        self.messages: list[Message] = list(with_system([], system))
        self._model = model
        self._sampling = sampling
        self._folder = folder
        self._screen = screen
        self._talk = talk
        self._file: Path | None = None  # where this conversation was saved or opened
        self._unsaved = False
        self.commands = {
            "/new": Command("", "begin a new conversation; the system message stays", self._new),
            "/save": Command("[FILE]", "save the conversation as JSON", self._save),
            "/load": Command("FILE", "open a saved conversation and go on with it", self._load),
            "/system": Command("[TEXT]", "show or set the system message; - removes it", self._set),
            "/batch": Command("FILE", "ask every question of a file, each by itself", self._batch),
            "/help": Command("", "show this", self._help),
            "/quit": Command("", "leave (so does Ctrl-D)", self._quit),
        }

    def take(self, line: str) -> None:
        """Deal with what was typed. Errors are shown, and the chat goes on.

        Raises:
            JobStopped: the program was asked to end.
        """
        typed = line.strip()
        if not typed:
            return
        try:
            if typed.startswith("/") and not typed.startswith("//"):
                self._command(typed)
            else:
                self._ask(typed.removeprefix("/") if typed.startswith("//") else typed)
        except JobStopped:
            raise
        except AprendizError as error:
            chat_screen.show_fault(self._talk, error)

    def open(self, file: Path) -> None:
        """Go on with a saved conversation.

        Raises:
            DataError: the file is not there or damaged.
        """
        opened = open_saved(file)
        self._tell_unsaved()
        self.messages = list(opened.messages)
        self._file, self._unsaved = file, False
        chat_screen.show_conversation(self._screen, self.messages)
        by = f", answered by {opened.model}" if opened.model else ""
        self._say(f"opened {file}: {len(self.messages)} messages{by}")

    def _command(self, typed: str) -> None:
        name, _, argument = typed.partition(" ")
        command = self.commands.get({"/exit": "/quit"}.get(name, name))
        if command is None:
            near = difflib.get_close_matches(name, self.commands, n=1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise ChatError(
                f"there is no command {name}",
                f"{meant}/help lists them; to ask something that begins with a slash, write two",
            )
        command.do(argument.strip())

    def _ask(self, question: str) -> None:
        before = list(self.messages)
        self.messages.append(Message("user", question))
        begin = time.monotonic()
        try:
            with chat_screen.StopKey() as stop:
                text, reply = chat_screen.draw_reply(
                    self._screen, self._model.stream(self.messages, self._sampling), stop
                )
        except BaseException:
            self.messages = before  # a question without an answer would spoil the next one
            raise
        if reply is None and not text.strip():
            self.messages = before
            self._say("stopped before the first word; the question is forgotten")
            return
        self.messages.append(Message("assistant", reply.text if reply else text))
        self._unsaved = True
        chat_screen.show_footer(
            self._screen, reply, time.monotonic() - begin, stopped=reply is None
        )

    def _new(self, _argument: str) -> None:
        self._tell_unsaved()
        self.messages = [each for each in self.messages if each.role in _SYSTEM][:1]
        self._file, self._unsaved = None, False
        self._say("a new conversation")

    def _save(self, argument: str) -> None:
        if not any(message.role == "assistant" for message in self.messages):
            raise ChatError("there is nothing to save yet", "ask something first")
        file = Path(argument).expanduser() if argument else self._file or self._free_name()
        if file != self._file and file.exists():
            raise DataError(f"{file}: is there already", "choose another name")
        save(file, self.messages, self._model.name)
        self._file, self._unsaved = file, False
        self._say(f"saved {file}")

    def _load(self, argument: str) -> None:
        if not argument:
            raise ChatError("/load needs a file", "/load FILE, a file that /save wrote")
        self.open(Path(argument).expanduser())

    def _set(self, argument: str) -> None:
        first = self.messages[0] if self.messages else None
        present = first is not None and first.role in _SYSTEM
        if not argument:
            shown = first.content if first is not None and present else "none"
            self._say(f"system message: {shown}")
            return
        rest = self.messages[1:] if present else self.messages
        self.messages = list(rest) if argument == "-" else [Message("system", argument), *rest]
        self._say("no system message now" if argument == "-" else "system message set")

    def _batch(self, argument: str) -> None:
        if not argument:
            raise ChatError("/batch needs a file", "/batch FILE, one question a line, or JSON")
        asked = read_questions(Path(argument).expanduser())
        system = next((each.content for each in self.messages if each.role in _SYSTEM), "")
        answers: list[Answered] = []
        try:
            with Terminal() as terminal:
                for each in questions.answer(
                    self._model, asked, self._sampling, system=system, observer=terminal
                ):
                    answers.append(each)
        except KeyboardInterrupt:
            self._say(f"stopped after {len(answers)} of {len(asked)} questions")
        if answers:
            chat_screen.show_answers(self._screen, answers)

    def _help(self, _argument: str) -> None:
        width = max(len(f"{name} {each.argument}") for name, each in self.commands.items())
        for name, each in self.commands.items():
            line = f"{name} {each.argument}".ljust(width)
            self._talk.print(Text.assemble((line, "bold"), f"  {each.told}"))
        self._say("Ctrl-C stops a reply; anything else that you type is asked")

    def _quit(self, _argument: str) -> None:
        self._tell_unsaved()
        self.over = True

    def _tell_unsaved(self) -> None:
        if self._unsaved:
            self._say("the conversation before was not saved")

    def _free_name(self) -> Path:
        """A file in the folder for conversations that is not there yet."""
        name = datetime.now(UTC).astimezone().strftime("%Y-%m-%d-%H%M%S")
        file, number = self._folder / f"{name}.json", 1
        while file.exists():
            number += 1
            file = self._folder / f"{name}-{number}.json"
        return file

    def _say(self, message: str) -> None:
        self._talk.print(escape(message), style="dim")


def reply_once(
    model: ChatModel, messages: list[Message], sampling: Sampling, screen: Console
) -> Reply | None:
    """One question from a pipe, one reply, written as it comes; ``None`` if it was stopped."""
    with chat_screen.StopKey() as stop:
        return chat_screen.draw_reply(screen, model.stream(messages, sampling), stop)[1]
