"""Between conversations and labelled texts: which chat files are classification in disguise.

A file whose answers come from a small closed set can be learnt by a classifier, and one of
labelled texts can be written as conversations. Both directions are here, and the rule that
tells such files from open dialogue. What the labels mean is nobody's business here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal

from aprendiz.data.chat.records import Conversation, Message
from aprendiz.data.excerpt import excerpt
from aprendiz.data.records import Example

Language = Literal["en", "es"]

MOST_LABELS = 200
LONGEST_LABEL = 80

_TASK_FOR: tuple[str, ...] = ("system", "developer")  # roles that set the task
_PROMPTS: dict[Language, str] = {
    "en": (
        "You classify what the user writes. The labels are: {labels}. "
        "Answer with exactly one of these labels and nothing else."
    ),
    "es": (
        "Clasificas lo que escribe el usuario. Las etiquetas son: {labels}. "
        "Responde con exactamente una de estas etiquetas y nada más."
    ),
}


def closed_set(conversations: Sequence[Conversation]) -> tuple[str, ...] | None:
    """The labels, sorted, if the answers form a small closed set; else None.

    They do when all of this holds:

    * every conversation is plain text (no tools), has something from the user, and exactly
      one assistant message that counts (``weight`` 1), which is its last;
    * every answer is one line of at most 80 characters, outer white space aside;
    * there are at least two different answers, at most 200, and at most half as many as
      conversations, so that a label is seen twice on average (single rare labels do no harm);
    * the system message never decides: no two conversations ask the same under different
      system messages and get different answers. A classifier reads only the user's text.
    """
    return None if why_open(conversations) else tuple(sorted(_counted(conversations)))


def why_open(conversations: Sequence[Conversation]) -> str:
    """Why the answers are not a closed set, in one sentence; empty if they are one."""
    if not conversations:
        return "there is no conversation"
    for conversation in conversations:
        if reason := _not_a_classification(conversation):
            return f"line {conversation.line}: {reason}"
    answers = _counted(conversations)
    most = min(MOST_LABELS, len(conversations) // 2)
    if len(answers) == 1:
        return f"every answer is the same, {excerpt(next(iter(answers)))}"
    if len(answers) > most:
        return (
            f"there are {len(answers):,} different answers in {len(conversations):,} "
            f"conversations; labels would be at most {most:,}"
            + (", each in two conversations on average" if most < MOST_LABELS else "")
        )
    return _system_decides(conversations)


def text_of(messages: Iterable[Message]) -> str:
    """What a classifier reads of the messages before the answer.

    System messages are left out. One user message gives exactly its text without outer white
    space, as ``read_examples`` gives it for a labelled row, so that both ways of training see
    the same. Several turns become one line each that begins with the speaker:
    ``user: …``, ``assistant: …``. Empty when there are only system messages.
    """
    turns = [message for message in messages if message.role not in _TASK_FOR]
    if len(turns) == 1 and turns[0].role == "user":
        return turns[0].content.strip()
    return "\n".join(f"{turn.role}: {turn.content.strip()}" for turn in turns)


def has_several_turns(messages: Iterable[Message]) -> bool:
    """Whether the messages before the answer are more than a task and one question."""
    return sum(message.role not in _TASK_FOR for message in messages) > 1


def to_example(conversation: Conversation) -> Example:
    """The conversation as a labelled text: what was asked, and the answer as its label."""
    return Example(
        text_of(conversation.question),
        conversation.answer.strip(),
        conversation.file,
        conversation.line,
    )


def to_conversation(example: Example, system: str = "") -> Conversation:
    """The labelled text as a conversation: the task, the text, the label.

    Args:
        system: the system message; none is written when empty.
    """
    task = (Message("system", system),) if system else ()
    turns = (Message("user", example.text), Message("assistant", example.label))
    return Conversation(task + turns, example.file, example.line)


def system_prompt(labels: Iterable[str], language: Language = "en") -> str:
    """A task description that lists the labels and asks for nothing but one of them.

    Args:
        labels: in the order in which they are to be listed.
        language: of the description, ``en`` or ``es``.
    """
    return _PROMPTS[language].format(labels=", ".join(labels))


def _not_a_classification(conversation: Conversation) -> str:
    """What keeps one conversation from being a labelled text; empty if nothing does."""
    if conversation.rest or any(message.rest for message in conversation.messages):
        return "tools are used, and a classifier calls none"
    counted = [each for each in conversation.messages if each.role == "assistant" and each.weight]
    if len(counted) != 1:
        return (
            f"{len(counted)} assistant messages count; a classification has one, the last "
            "(give weight 0 to the earlier ones)"
        )
    if counted[0] is not conversation.messages[-1]:
        return "the assistant's last message has weight 0, so there is no answer to learn"
    if not any(message.role == "user" for message in conversation.question):
        return "the user says nothing"
    answer = conversation.answer.strip()
    if len(answer) > LONGEST_LABEL or len(answer.splitlines()) > 1:
        shape = f"{len(answer):,} characters" if len(answer) > LONGEST_LABEL else "several lines"
        return f"the answer has {shape}, too much for a label: {excerpt(answer)}"
    return ""


def _counted(conversations: Iterable[Conversation]) -> Counter[str]:
    return Counter(conversation.answer.strip() for conversation in conversations)


def _system_decides(conversations: Iterable[Conversation]) -> str:
    """Two conversations that differ only in the system message, yet not in it alone."""
    asked: dict[str, dict[str, tuple[str, int]]] = {}
    for conversation in conversations:
        text, answer = text_of(conversation.question), conversation.answer.strip()
        task = "\n".join(each.content for each in conversation.question if each.role in _TASK_FOR)
        others = asked.setdefault(text, {})
        for other, (earlier, line) in others.items():
            if other != task and earlier != answer:
                return (
                    f"the system message decides: lines {line} and {conversation.line} ask the "
                    "same under different ones and get different answers"
                )
        others.setdefault(task, (answer, conversation.line))
    return ""
