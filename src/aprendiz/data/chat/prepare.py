"""From the chat files a user names to a checked dataset in parts: read, check, refuse or split.

As ``data/prepare.py`` does it for labelled texts; the split is the same one (``split.py``), so
it can be frozen. What stays together is told by the first thing the user says
(``questions.py``: numbers count).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from aprendiz.data.chat import copies
from aprendiz.data.chat.dataset import ChatDataset
from aprendiz.data.chat.questions import conversations_of, to_divide
from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.records import ChatReading, Conversation
from aprendiz.data.chat.split import (
    count_chats,
    describe_chat_division,
    describe_chat_split,
    divide_chats,
)
from aprendiz.data.check import errors_in, refuse
from aprendiz.data.frozen import NAME, Frozen, Rule
from aprendiz.data.gather import Gathered
from aprendiz.data.prepare import HOLDOUT, left_out_rows
from aprendiz.data.records import Finding
from aprendiz.errors import RecipeError


@dataclass(frozen=True)
class PreparedChats:
    """A dataset of conversations and how it came about.

    Attributes:
        dataset: the parts.
        readings: what was read from each file, in the order given.
        findings: warnings; errors never get this far.
        rule: what the parts were made by.
        frozen: the split, if it was frozen before.
    """

    dataset: ChatDataset
    readings: tuple[ChatReading, ...]
    findings: tuple[Finding, ...]
    rule: Rule = field(default_factory=lambda: Rule(0, given=True))
    frozen: Frozen | None = field(default=None, repr=False)

    def freeze(self) -> Frozen:
        """The split as it stands, to be stored with what is learnt from it."""
        if self.frozen is not None:
            return self.frozen
        parts = {
            "train": self.dataset.train,
            "validation": self.dataset.validation,
            "test": self.dataset.test,
        }
        rows = ((part, row.text, None) for part, some in parts.items() for row in to_divide(some))
        return Frozen.of(self.rule, rows)


def prepare_chats(
    data: str | Path,
    *,
    validation: str | Path | None = None,
    test: str | Path | None = None,
    split_file: str | Path | None = None,
    holdout: float | None = None,
    seed: int = 13,
) -> PreparedChats:
    """Read files of conversations, refuse them if anything is wrong, put them into parts.

    Conversations whose first questions are the same, or nearly, stay on one side. Rows with a
    ``concept`` (and a ``language``) are divided alike for each of them.

    Args:
        data: conversations to learn from, in any form that ``read_conversations`` reads.
        validation: conversations that may choose a checkpoint.
        test: conversations kept for measuring.
        split_file: a frozen split of ``data`` (``split.json``, or a folder with one).
            Conversations that it cannot give a side are in no part.
        holdout: share of ``data`` to hold out as validation. When not given it is 0.2, or 0
            if there is a validation or a test file: then every row of ``data`` teaches.
        seed: fixes the split.

    Raises:
        DataError: carries every fault of every file.
        RecipeError: the holdout is not a share; or a frozen split, and something else that
            would divide the rows.
    """
    if split_file and (validation or test or holdout is not None):
        raise RecipeError(
            "a frozen split says already which conversations are held out",
            "leave out the validation file, the test file and the holdout, or the split",
        )
    main = read_conversations(data)
    given = {
        name: read_conversations(source)
        for name, source in (("validation", validation), ("test", test))
        if source
    }
    findings = check_chats([main], against=list(given.values()))
    refuse(findings)
    if split_file:
        return _as_frozen(main, findings, split_file)
    if holdout is None:
        holdout = 0.0 if given else HOLDOUT
    if "validation" in given:
        holdout = 0.0
    rule = Rule(seed, {"validation": holdout} if holdout else {}, given=not holdout)
    train: tuple[Conversation, ...] = main.conversations
    held_out: tuple[Conversation, ...] = ()
    if holdout:
        divided = divide_chats(main.conversations, rule).parts
        train = conversations_of(divided["train"])
        held_out = conversations_of(divided["validation"])
    parts = {name: reading.conversations for name, reading in given.items()}
    said = describe_chat_split(train, held_out, holdout=holdout, seed=seed)
    said += "".join(f" {count_chats(rows)} given for {name}." for name, rows in parts.items())
    dataset = ChatDataset(train, parts.get("validation", held_out), parts.get("test", ()), said)
    return PreparedChats(dataset, (main, *given.values()), tuple(findings), rule)


def check_chats(
    readings: Sequence[ChatReading], *, against: Sequence[ChatReading] = ()
) -> list[Finding]:
    """Everything that stops a training on conversations, and the warnings that go with it.

    Args:
        readings: what is learnt from, taken together.
        against: validation and test data; compared with the training data.

    Returns:
        Errors first, then by file and line.
    """
    everything = (*readings, *against)
    gathered = Gathered(finding for reading in everything for finding in reading.findings)
    gathered.extend(_no_rows(everything))
    train = [each for reading in readings for each in reading.conversations]
    held_out = [each for reading in against for each in reading.conversations]
    gathered.extend(copies.duplicates(train))
    gathered.extend(copies.answer_conflicts(train))
    gathered.extend(copies.leaks(train, held_out))
    gathered.extend(copies.near_leaks(train, held_out))
    return gathered.worst_first()


def _no_rows(readings: Iterable[ChatReading]) -> list[Finding]:
    """A file without a single usable conversation, unless an error already says why."""
    message = "there is not a single conversation"
    return [
        Finding(reading.source, 0, "no_rows", "error", message, "write conversations to it")
        for reading in readings
        if not reading.conversations and not errors_in(reading.findings)
    ]


def _as_frozen(main: ChatReading, findings: Sequence[Finding], place: str | Path) -> PreparedChats:
    frozen = Frozen.read(place)
    division = divide_chats(main.conversations, frozen.rule, frozen=frozen)
    parts = {name: conversations_of(rows) for name, rows in division.parts.items()}
    if not parts["train"]:
        raise RecipeError(
            f"{place}: keeps no conversation of {main.source} to learn from",
            "give the split of this data",
        )
    said = describe_chat_division(division, NAME)
    dataset = ChatDataset(parts["train"], parts["validation"], parts["test"], said)
    noted = (*findings, *left_out_rows(division.parts))
    return PreparedChats(dataset, (main,), noted, frozen.rule, division.frozen)
