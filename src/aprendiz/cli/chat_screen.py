"""What a chat looks like: replies drawn while they come, tables of answered questions.

Nothing is decided here; what a line means is for ``chat_session.py``.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from types import FrameType

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.live import Live
from rich.markdown import Markdown
from rich.markup import escape
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from aprendiz.assistants.questions import Answered, in_words
from aprendiz.cli.readable import as_markdown, readable, visible
from aprendiz.data.chat.records import Message
from aprendiz.errors import AprendizError
from aprendiz.interfaces import Reply

_SECONDS_A_FRAME = 1 / 15
_INDENT = 2


class StopKey:
    """Ctrl-C while a reply comes: the first press asks for its end, a second one insists.

    Attributes:
        pressed: whether it was pressed.
    """

    def __init__(self) -> None:
        self.pressed = False

    def __enter__(self) -> StopKey:
        self._before = signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self._before)

    def _press(self, _number: int, _frame: FrameType | None) -> None:
        if self.pressed:
            raise KeyboardInterrupt
        self.pressed = True


def draw_reply(
    screen: Console, pieces: Iterator[str | Reply], stop: StopKey
) -> tuple[str, Reply | None]:
    """Draw a reply while it comes.

    Finished paragraphs are printed for good and scroll away; only the last one is drawn
    again with each piece, so that no reply is too long for the window.

    Args:
        screen: where to; without a terminal the text is written as it is.
        pieces: from ``ChatModel.stream``; closed at the end.
        stop: ends the reply when pressed.

    Returns:
        The text that came, and the whole reply unless it was stopped.
    """
    if not screen.is_terminal or screen.is_dumb_terminal:
        return _written_plainly(screen, pieces, stop)
    text, shown, reply = "", 0, None
    drawn = 0.0
    with Live(console=screen, auto_refresh=False, transient=True) as live:
        for piece in _until(pieces, stop):
            if isinstance(piece, Reply):
                reply = piece
                break
            text += piece
            end = shown + finished(text[shown:])
            if end > shown:
                live.update(Text(""), refresh=True)
                screen.print(_paragraphs(text[shown:end]))
                shown = end
            now = time.monotonic()
            if now - drawn > _SECONDS_A_FRAME:
                live.update(_Tail(_paragraphs(text[shown:])), refresh=True)
                drawn = now
        live.update(Text(""), refresh=True)
    if text[shown:].strip():
        screen.print(_paragraphs(text[shown:]))
    return text, reply


def finished(text: str) -> int:
    """How many characters of a text are paragraphs that have ended.

    A paragraph ends at an empty line that is not inside a code fence or display maths, with
    something at the margin after it (what is indented may belong to a list item).
    """
    end = at = 0
    inside = False
    lines = text.split("\n")
    for number, line in enumerate(lines[:-1]):
        at += len(line) + 1
        if line.lstrip().startswith(("```", "$$", "\\[")) or line.rstrip().endswith("\\]"):
            closed_at_once = line.count("$$") == 2 or ("\\[" in line and "\\]" in line)
            inside = inside if closed_at_once else not inside
        after = lines[number + 1]
        if not line.strip() and not inside and after[:1].strip():
            end = at
    return end


def show_conversation(screen: Console, messages: Sequence[Message]) -> None:
    """Print a conversation that was opened again."""
    for message in messages:
        if message.role == "assistant":
            screen.print(_paragraphs(message.content))
        elif message.role == "user":
            screen.print(Text(f"› {visible(message.content)}", style="bold"))
        else:
            screen.print(Text(f"{message.role}: {visible(message.content)}", style="dim"))


def show_footer(screen: Console, reply: Reply | None, seconds: float, stopped: bool) -> None:
    """One quiet line after a reply: how long it was, and why it ended if not by itself."""
    told = []
    if reply is not None and reply.completion_tokens:
        told.append(f"{reply.completion_tokens} tokens")
        if seconds > 0:
            told.append(f"{reply.completion_tokens / seconds:.0f} a second")
    if stopped:
        told.append("stopped")
    elif reply is not None and reply.finish_reason == "length":
        told.append("cut off at the longest reply (--max-tokens) or the end of the context")
    screen.print(Padding(Text(" · ".join(told), style="dim"), (0, 0, 1, _INDENT)))


def show_answers(screen: Console, answers: Sequence[Answered]) -> None:
    """A table of questions and answers, and how many were right."""
    graded = [each for each in answers if each.right is not None]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("line", justify="right", style="dim")
    table.add_column("question", ratio=3)
    if graded:
        table.add_column("expected", ratio=1)
        table.add_column("answer", ratio=1)
        table.add_column("", no_wrap=True)
    else:
        table.add_column("reply", ratio=3)
    for each in answers:
        row: list[RenderableType] = [str(each.question.line), _cell(each.question.text)]
        if graded:
            row += [_cell(_last_line(each.question.expected or "")), _cell(_answer(each))]
            row.append(_verdict(each))
        else:
            row.append(_cell(each.reply.text))
        table.add_row(*row)
    screen.print(table)
    if graded:
        screen.print(Text(in_words(answers), style="bold"))


def show_fault(talk: Console, error: AprendizError) -> None:
    """An error that does not end the chat."""
    talk.print(f"[bold red]error:[/] {escape(error.message)}")
    if error.hint:
        talk.print(f"[bold]hint:[/] {escape(error.hint)}")


class _Tail:
    """The end of something that may be higher than the window."""

    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._inner, options, pad=False)
        fitting = lines[-max(1, console.height - 2) :]
        for line in fitting:
            yield from line
            yield Segment.line()


def _until(pieces: Iterator[str | Reply], stop: StopKey) -> Iterator[str | Reply]:
    """The pieces as long as nobody stops them; closes them in any case."""
    try:
        for piece in pieces:
            if stop.pressed:
                return
            yield piece
    except KeyboardInterrupt:
        stop.pressed = True
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()


def _written_plainly(
    screen: Console, pieces: Iterator[str | Reply], stop: StopKey
) -> tuple[str, Reply | None]:
    text = ""
    for piece in _until(pieces, stop):
        if isinstance(piece, Reply):
            screen.file.write("\n")
            screen.file.flush()
            return text, piece
        text += piece
        screen.file.write(visible(piece) if screen.is_terminal else piece)
        screen.file.flush()
    screen.file.write("\n")
    return text, None


def _paragraphs(text: str) -> RenderableType:
    body = Markdown(as_markdown(text.strip("\n")), hyperlinks=False)
    return Padding(Group(body, Text("")), (0, 0, 0, _INDENT))


def _cell(text: str) -> Text:
    return Text(visible(readable(text)).strip())


def _answer(answered: Answered) -> str:
    """The final answer of a reply as far as one was found, else how the reply ends."""
    return answered.found or _last_line(answered.reply.text)


def _last_line(text: str) -> str:
    return text.strip().rpartition("\n")[2].strip()


def _verdict(answered: Answered) -> Text:
    if answered.right is None:
        return Text("")
    return Text("right", style="green") if answered.right else Text("wrong", style="red")
