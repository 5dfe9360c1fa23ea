"""The long look at examples: everything ``data check`` can find, in files of either kind.

Labelled texts get the checks of every training (``check.py``) and all of ``checks/`` besides;
conversations get the rules of the service that is to learn from them (``chat/rules.py``) and
the checks that make sense for a message. Nothing here decides what stops a training.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from aprendiz.data import check
from aprendiz.data.body import Told, nobody
from aprendiz.data.chat import copies as repeats
from aprendiz.data.chat import rules as services
from aprendiz.data.chat.labels import closed_set, to_example
from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.records import ChatReading, Conversation
from aprendiz.data.chat.tokens import Estimate, counter, estimate
from aprendiz.data.checks import copies, labels, language, length, texts
from aprendiz.data.checks.side import PairCheck, Side, SideCheck, about, rows_in_words
from aprendiz.data.checks.texts import Fault, TextCheck
from aprendiz.data.excerpt import excerpt
from aprendiz.data.gather import Gathered
from aprendiz.data.read import Reading, read_examples
from aprendiz.data.records import Example, Finding
from aprendiz.data.sniff import is_chat

SERVICES = {
    "lora": services.LORA, "openai": services.OPENAI, "azure": services.AZURE, "platform": services.PLATFORM,
}  # fmt: skip

_TOLD_EVERY = 5_000  # rows between two movements of a progress bar


@dataclass(frozen=True)
class Question:
    """What is to be looked at, and how.

    Attributes:
        files: examples or conversations to learn from.
        against: files held out from them.
        text: name of the text column; None to look for one.
        label: name of the label column; None to look for one.
        service: ``lora``, ``openai``, ``azure`` or ``platform``: whose rules conversations
            must keep. ``lora`` is our own training on this machine, which takes every form.
        model: name of the model that is to learn from conversations, for its tokens.
        price: of a million training tokens, for the cost; None for none.
        max_length: tokens that the base model reads of a labelled text.
    """

    files: Sequence[str]
    against: Sequence[str] = ()
    text: str | None = None
    label: str | None = None
    service: str = "lora"
    model: str = ""
    price: float | None = None
    max_length: int = length.MAX_LENGTH


@dataclass(frozen=True)
class Diagnosis:
    """What was looked at and what was found.

    Attributes:
        readings: files of labelled texts and whether each is to learn from (``train``) or
            held out (``against``).
        chats: the same of files of conversations.
        findings: worst first.
        estimate: tokens and cost of the conversations to learn from; None without any.
        service: whose rules the conversations were held to, for people.
        language: main language of the labelled texts as a code; None if none is clear.
    """

    readings: tuple[tuple[str, Reading], ...]
    chats: tuple[tuple[str, ChatReading], ...]
    findings: tuple[Finding, ...]
    estimate: Estimate | None
    service: str
    language: str | None

    @property
    def ok(self) -> bool:
        """Whether a training would take these files."""
        return not any(finding.severity == "error" for finding in self.findings)

    @property
    def rows(self) -> int:
        """Usable examples and conversations."""
        examples = sum(len(reading.examples) for _, reading in self.readings)
        return examples + sum(len(reading.conversations) for _, reading in self.chats)


def examine(question: Question, tell: Told = nobody) -> Diagnosis:
    """Look files over, as long as it takes.

    Args:
        question: which files, and how.
        tell: told the name of each task, how much is done, and how much there is.

    Raises:
        MissingExtra: Parquet or the hub is wanted and its library is not installed.
        ProviderError: the hub cannot be reached, or refuses.
    """
    readings: dict[str, list[Reading]] = {"train": [], "against": []}
    chats: dict[str, list[ChatReading]] = {"train": [], "against": []}
    for role, files in (("train", question.files), ("against", question.against)):
        for file in files:
            if is_chat(file):
                chats[role].append(read_conversations(file, SERVICES[question.service].forms))
            else:
                read = read_examples(file, text=question.text, label=question.label, tell=tell)
                readings[role].append(read)
    found: list[Finding] = []
    main = None
    if any(readings.values()):
        rows = [row.text for reading in readings["train"] for row in reading.examples]
        main = language.main_language(rows)
        found += _labelled(readings["train"], readings["against"], main, question, tell)
    if any(chats.values()):
        found += _conversations(chats["train"], chats["against"], question, tell)
    return Diagnosis(
        readings=tuple((role, each) for role in readings for each in readings[role]),
        chats=tuple((role, each) for role in chats for each in chats[role]),
        findings=tuple(check.worst_first(found)),
        estimate=_estimated(chats["train"], question),
        service=SERVICES[question.service].name,
        language=main,
    )


def _labelled(
    readings: Sequence[Reading],
    against: Sequence[Reading],
    main: str | None,
    question: Question,
    tell: Told,
) -> list[Finding]:
    on_text = [*texts.ON_EVERY_TEXT, length.too_long(question.max_length, main or "en")]
    if main:
        on_text.append(language.wrong_language(main))
    on_training: tuple[SideCheck, ...] = (
        *check.ON_TRAINING,
        labels.scarce_labels,
        labels.imbalance,
        labels.label_typos,
        partial(copies.near_copies, progress=partial(tell, "comparing texts")),
        _odd_labels,
    )
    on_held_out: tuple[PairCheck, ...] = (
        *check.ON_HELD_OUT,
        partial(copies.near_leaks, progress=partial(tell, "comparing with held-out texts")),
    )
    gathered = check.gather(readings, against, on_training, on_held_out)
    rows = [row for reading in (*readings, *against) for row in reading.examples]
    gathered.extend(_each_text(rows, on_text, tell))
    return gathered.worst_first()


def _each_text(
    rows: Sequence[Example], on_text: Sequence[TextCheck], tell: Told
) -> Iterator[Finding]:
    for done, row in enumerate(rows, start=1):
        text = row.text
        for look in on_text:
            for fault in look(text):
                yield _placed(row, fault)
        if not done % _TOLD_EVERY or done == len(rows):
            tell("looking at every text", done, len(rows))


def _placed(row: Example, fault: Fault) -> Finding:
    return about(row, fault.kind, fault.severity, fault.message, fault.hint)


def _odd_labels(train: Side) -> Iterator[Finding]:
    """Labels that are placeholders or hold what no label should: one finding a label."""
    looks = (
        texts.control_characters,
        texts.invisible_characters,
        texts.lost_characters,
        texts.mojibake,
        texts.not_composed,
        texts.html,
    )
    for label, rows in train.by_label.items():
        if texts.placeholder(label):
            message = (
                f"{rows_in_words(len(rows))} with the label {excerpt(label)}, as for a missing one"
            )
            hint = "write the label, or keep it if it means 'none of these'"
            yield about(rows[0], "placeholder_label", "warning", message, hint, len(rows))
        for look in looks:
            for fault in look(label):
                message = f"in a label: {fault.message}"
                yield about(rows[0], fault.kind, fault.severity, message, fault.hint, len(rows))


def _conversations(
    chats: Sequence[ChatReading], against: Sequence[ChatReading], question: Question, tell: Told
) -> list[Finding]:
    """The service's rules for each file, then what stands in the messages and between files."""
    rules = SERVICES[question.service].for_model(question.model)
    count = counter(question.model)
    gathered = Gathered()
    for reading in chats:
        gathered.extend(services.check_conversations(reading, rules, counter=count))
    for reading in against:
        gathered.extend(
            services.check_conversations(reading, rules, part="validation", counter=count)
        )
    for reading in (*chats, *against):
        gathered.extend(_each_message(reading.conversations))
    train = [each for reading in chats for each in reading.conversations]
    held_out = [each for reading in against for each in reading.conversations]
    gathered.extend(_answers(train))
    gathered.extend(repeats.answer_conflicts(train))
    gathered.extend(repeats.near_copies(train, partial(tell, "comparing conversations")))
    gathered.extend(repeats.leaks(train, held_out))
    gathered.extend(repeats.near_leaks(train, held_out))
    return gathered.worst_first()


def _answers(conversations: Sequence[Conversation]) -> Iterator[Finding]:
    """Faults of labels, where the answers are labels: a classification written as a chat."""
    if closed_set(conversations):
        side = Side(tuple(map(to_example, conversations)))
        yield from labels.near_labels(side)
        yield from labels.label_typos(side)
        yield from copies.label_conflicts(side)


def _each_message(conversations: Iterable[Conversation]) -> Iterator[Finding]:
    for conversation in conversations:
        told: set[str] = set()
        for number, message in enumerate(conversation.messages, start=1):
            for look in texts.ON_EVERY_MESSAGE:
                for fault in look(message.content):
                    if fault.kind not in told:  # one finding a kind and conversation
                        told.add(fault.kind)
                        said = f"message {number} ({message.role}): {fault.message}"
                        yield Finding(
                            conversation.file,
                            conversation.line,
                            fault.kind,
                            fault.severity,
                            said,
                            fault.hint,
                        )


def _estimated(chats: Sequence[ChatReading], question: Question) -> Estimate | None:
    conversations = [each for reading in chats for each in reading.conversations]
    if not conversations:
        return None
    rules = SERVICES[question.service].for_model(question.model)
    return estimate(
        conversations,
        counter(question.model),
        price_per_million=question.price,
        most_tokens_per_example=rules.most_tokens_per_example,
        epochs=None if rules.billed else 1,
        billed=rules.billed,
    )
