"""A file of examples or conversations in another form: ``data convert``.

Conversations of every form become ``{"messages": …}`` with their further fields, or, for a
service, only what that service takes. Examples become text and label in another format.
Nothing is mended on the way: a file with an error in it is refused.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.rules import Rules, check_conversations
from aprendiz.data.chat.write import write_conversations
from aprendiz.data.check import no_rows, refuse
from aprendiz.data.read import read_examples
from aprendiz.data.sniff import is_chat
from aprendiz.data.verbatim import rows_as, write_text
from aprendiz.errors import DataError

EXAMPLES = (".csv", ".json", ".jsonl", ".tsv")
CONVERSATIONS = (".json", ".jsonl")


@dataclass(frozen=True)
class Converted:
    """What was written.

    Attributes:
        out: the file.
        kind: ``examples`` or ``conversations``.
        rows: how many of them.
        dropped: further fields that are not in the new file, by name.
    """

    out: Path
    kind: str
    rows: int
    dropped: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "file": str(self.out),
            "kind": self.kind,
            "rows": self.rows,
            "dropped": list(self.dropped),
        }

    def in_words(self) -> str:
        """The same in one line for a person."""
        dropped = f", without {', '.join(self.dropped)}" if self.dropped else ""
        return f"{self.out}: {self.rows:,} {self.kind}{dropped}"


def convert(
    source: str | Path,
    out: str | Path,
    *,
    service: Rules | None = None,
    text_column: str | None = None,
    label_column: str | None = None,
) -> Converted:
    """Write a file in another form; it takes its name only once it is whole.

    Args:
        source: examples or conversations, in any form that is read.
        out: the new file; its suffix says the format.
        service: for conversations: write only what it takes, and hold them to its rules.
        text_column: for examples: name of the column with the text, when it cannot be found.
        label_column: for examples: the same for the label.

    Raises:
        DataError: the file cannot be used, the service would refuse it, or ``out`` is the
            original or of a format that cannot be written.
    """
    goal = Path(out)
    if goal.exists() and Path(source).exists() and goal.samefile(source):
        raise DataError(f"{goal}: is the original, which is not touched", "give another name")
    if is_chat(source):
        return _conversations(str(source), goal, service)
    if service is not None:
        raise DataError(
            f"{source} holds labelled texts, and {service.name} learns from conversations",
            "leave out --for",
        )
    suffix = _suffix(goal, "examples", EXAMPLES)
    reading = read_examples(source, text=text_column, label=label_column)
    refuse([*reading.findings, *no_rows([reading])])
    write_text(goal, rows_as(suffix, reading.examples))
    return Converted(goal, "examples", len(reading.examples))


def _conversations(source: str, goal: Path, service: Rules | None) -> Converted:
    suffix = _suffix(goal, "conversations", (".jsonl",) if service else CONVERSATIONS)
    reading = read_conversations(source)
    dropped: set[str] = set()
    if service is not None and service.forms == "protocol":
        dropped = {name for each in reading.conversations for name in each.further()}
        plain = tuple(replace(each, fields="") for each in reading.conversations)
        reading = replace(reading, conversations=plain)
    refuse(check_conversations(reading, service) if service else reading.findings)
    rows = reading.conversations
    if not rows:
        raise DataError(f"{source}: there is not a single conversation", "write some to it")
    if suffix == ".json":
        body = json.dumps([each.as_dict() for each in rows], indent=1, ensure_ascii=False)
        write_text(goal, body + "\n")
    else:
        write_conversations(goal, rows, bom=service is not None and service.bom == "wanted")
    return Converted(goal, "conversations", len(rows), tuple(sorted(dropped)))


def _suffix(goal: Path, what: str, known: tuple[str, ...]) -> str:
    suffix = goal.suffix.lower()
    if suffix not in known:
        raise DataError(
            f"{goal}: {what} cannot be written as {suffix or 'a file without suffix'}",
            f"name it {', '.join(known)}",
        )
    if not goal.parent.is_dir():
        raise DataError(f"there is no folder {goal.parent}", "make it first")
    return suffix
