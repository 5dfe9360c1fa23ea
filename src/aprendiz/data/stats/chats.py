"""A file of conversations in figures: turns, lengths by role, concepts, topics, keywords.

Conversations are read one at a time and not kept; what the users say is, for topics and
near copies. Only usable lines are described; ``aprendiz data check`` says why others are not.
"""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from aprendiz.data.body import Told, nobody
from aprendiz.data.chat.collect import Findings
from aprendiz.data.chat.document import ChatDocument
from aprendiz.data.chat.lines import ChatFile
from aprendiz.data.chat.questions import same_questions
from aprendiz.data.chat.read import open_chats
from aprendiz.data.chat.records import Conversation
from aprendiz.data.chat.rows import conversation_of
from aprendiz.data.chat.tokens import TokenCounter, count_conversation, counter
from aprendiz.data.excerpt import excerpt
from aprendiz.data.stats.fields import Concept, FieldTally, FieldValues, describe_concepts
from aprendiz.data.stats.languages import count_languages
from aprendiz.data.stats.lengths import Histogram, Lengths, histogram, measure
from aprendiz.data.stats.text_values import FileRows, Vocabulary
from aprendiz.data.stats.texts import describe_vocabulary
from aprendiz.data.stats.topics import Keyword, Topic, find_keywords, find_topics
from aprendiz.data.stats.words import number_words

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")
_ANSWERS_KEPT = 5
_SAID_AGAIN = 4_096  # texts whose tokens are remembered: system messages mostly
_MOST_ANSWERS = 100_000  # different answers that are told apart
_TOLD_EVERY = 2_000
_COMPARING = "looking for near copies"


@dataclass(frozen=True, slots=True)
class Role:
    """The messages of one role.

    Attributes:
        name: ``user``, ``assistant`` …
        messages: how many.
        share: of all tokens of messages, 0 to 1.
        tokens: how long they are.
    """

    name: str
    messages: int
    share: float
    tokens: Lengths


@dataclass(frozen=True, slots=True)
class Said:
    """A text that is said again and again (an answer, a system message), for people."""

    text: str
    conversations: int


@dataclass(frozen=True)
class ChatStatistics:
    """Everything that ``aprendiz data stats`` says about conversations.

    Attributes:
        files: where they come from.
        rows: usable conversations of all files.
        messages: of all roles together.
        turns: user messages of a conversation.
        roles: in the order system, user, assistant, tools.
        lengths: tokens of whole conversations, with what the protocol adds.
        histogram: of those.
        tokens: who counted.
        tokens_exact: whether that is the vendor's own count.
        with_tools: conversations with tools or calls.
        not_learnt: assistant messages with weight 0.
        systems: different system messages; the commonest is in ``system``.
        system: the commonest system message; None where there is none.
        answers: different last messages; counted up to 100,000.
        common_answers: the commonest of them.
        question_histogram: tokens of the users' messages.
        answer_histogram: tokens of the assistants' messages.
        repeated: conversations whose users say the same as those of an earlier one.
        near: further conversations whose users say nearly the same as those of another.
        vocabulary: the words of the users.
        languages: conversations by the language of the users, where it can be told.
        keywords: the users' words of greatest weight.
        topics: conversations by what the users speak of.
        fields: further fields of the rows that group them, and their values.
        concepts: conversations by their ``concept``; empty where rows have none.
    """

    files: tuple[FileRows, ...]
    rows: int
    messages: int
    turns: Lengths
    roles: tuple[Role, ...]
    lengths: Lengths
    histogram: Histogram
    tokens: str
    tokens_exact: bool
    with_tools: int
    not_learnt: int
    systems: int
    system: Said | None
    answers: int
    common_answers: tuple[Said, ...]
    question_histogram: Histogram
    answer_histogram: Histogram
    repeated: int
    near: int
    vocabulary: Vocabulary
    languages: dict[str, int]
    keywords: tuple[Keyword, ...]
    topics: tuple[Topic, ...]
    fields: tuple[FieldValues, ...]
    concepts: tuple[Concept, ...]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        values = {"kind": "conversations", **asdict(self)}
        values["vocabulary"]["type_token_ratio"] = self.vocabulary.type_token_ratio
        return values


@dataclass
class _Tally:
    """What is kept of the conversations while they pass by."""

    messages: dict[str, array[int]] = field(default_factory=lambda: defaultdict(lambda: array("q")))
    tokens: array[int] = field(default_factory=lambda: array("q"))
    turns: array[int] = field(default_factory=lambda: array("q"))
    asked: list[str] = field(default_factory=list)
    questions: array[int] = field(default_factory=lambda: array("q"))  # tokens of each in ``asked``
    said: array[int] = field(default_factory=lambda: array("q"))  # tokens of the last messages
    fields: FieldTally = field(default_factory=FieldTally)
    answers: Counter[str] = field(default_factory=Counter)
    systems: Counter[str] = field(default_factory=Counter)
    with_tools: int = 0
    not_learnt: int = 0

    def add(self, conversation: Conversation, count: TokenCounter) -> None:
        asked = [each.content for each in conversation.messages if each.role == "user"]
        question = tokens = 0
        for message in conversation.messages:
            tokens = count.count(message.content) + count.count(message.rest)
            question += tokens if message.role == "user" else 0
            self.messages[message.role].append(tokens)
            self.not_learnt += message.role == "assistant" and message.weight == 0
            if message.role in ("system", "developer"):
                _count(self.systems, message.content)
        self.questions.append(question)
        self.said.append(tokens)  # of the last message: the answer
        self.fields.add(conversation)
        self.tokens.append(count_conversation(conversation, count))
        self.turns.append(len(asked))
        self.asked.append("\n".join(asked))
        _count(self.answers, conversation.answer)
        calls = any("tool_call" in each.rest for each in conversation.messages)
        self.with_tools += bool(conversation.rest) or calls


def describe_chats(
    files: Sequence[str], *, tokens: TokenCounter | None = None, tell: Told = nobody
) -> ChatStatistics:
    """Describe the conversations of some files together.

    Args:
        files: files of conversations in any form; one that cannot be read is only named.
        tokens: who counts tokens; the best counter of this machine for OpenAI's current
            models if not given.
        tell: told of the longer parts.
    """
    known = tokens or counter("")
    count = replace(known, count=lru_cache(_SAID_AGAIN)(known.count))
    tally, read = _Tally(), []
    for file in files:
        findings = Findings(file)
        lines = open_chats(file, findings)
        before = len(tally.asked)
        for conversation in _conversations(lines, file, tell):
            tally.add(conversation, count)
        read.append(FileRows(file, lines.format, lines.rows, len(tally.asked) - before))
    return _describe(read, tally, known, tell)


def _conversations(lines: ChatFile | ChatDocument, file: str, tell: Told) -> Iterator[Conversation]:
    path, task = Path(file), f"reading {file}"
    size = path.stat().st_size if path.is_file() else 0
    for line, value in lines.values():
        conversation, _ = conversation_of(value, file, line)
        if conversation is not None:
            yield conversation
        if line % _TOLD_EVERY == 0 and lines.bytes < size:
            tell(task, lines.bytes, size)
    tell(task, size, size)


def _describe(
    files: Sequence[FileRows], tally: _Tally, known: TokenCounter, tell: Told
) -> ChatStatistics:
    words = number_words(tally.asked, partial(tell, "counting words"))
    system = [_said(*each) for each in tally.systems.most_common(1)]
    repeated, near = _copies(tally.asked, tell)
    return ChatStatistics(
        files=tuple(files),
        rows=len(tally.asked),
        messages=sum(map(len, tally.messages.values())),
        turns=measure("turns", tally.turns),
        roles=_roles(tally),
        lengths=measure("tokens", tally.tokens),
        histogram=histogram(tally.tokens),
        tokens=known.name,
        tokens_exact=known.exact,
        with_tools=tally.with_tools,
        not_learnt=tally.not_learnt,
        systems=len(tally.systems),
        system=system[0] if system else None,
        answers=len(tally.answers),
        common_answers=tuple(
            _said(text, count)
            for text, count in tally.answers.most_common(_ANSWERS_KEPT)
            if count > 1
        ),
        question_histogram=histogram(tally.messages.get("user", ())),
        answer_histogram=histogram(tally.messages.get("assistant", ())),
        repeated=repeated,
        near=near,
        vocabulary=describe_vocabulary(words),
        languages=count_languages(words),
        keywords=find_keywords(words),
        topics=find_topics(words),
        fields=tally.fields.grouping(),
        concepts=describe_concepts(words, tally.fields.concepts, tally.questions, tally.said),
    )


def _roles(tally: _Tally) -> tuple[Role, ...]:
    met = [name for name in _ROLES if name in tally.messages]
    total = sum(sum(tokens) for tokens in tally.messages.values()) or 1
    return tuple(
        Role(name, len(tokens), sum(tokens) / total, measure("tokens", tokens))
        for name in met
        if (tokens := tally.messages[name])
    )


def _copies(asked: Sequence[str], tell: Told) -> tuple[int, int]:
    """Conversations that ask exactly, and further ones that ask nearly, what another does."""
    groups = len(set(same_questions(asked, progress=partial(tell, _COMPARING))))
    different = len(set(asked))
    return len(asked) - different, different - groups


def _count(texts: Counter[str], text: str) -> None:
    """Count a text unless too many different ones are being counted already."""
    if len(texts) < _MOST_ANSWERS or text in texts:
        texts[text] += 1


def _said(text: str, count: int) -> Said:
    return Said(excerpt(text), count)
