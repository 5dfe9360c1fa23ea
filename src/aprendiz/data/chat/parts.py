"""``data split`` of conversations: a folder with one file a part and ``split.json``.

As ``data/parts.py`` does it for labelled texts. The parts are written as ``{"messages": …}``
in JSON Lines, whatever form the rows had, with their further fields.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aprendiz.data.chat.prepare import check_chats
from aprendiz.data.chat.questions import conversations_of
from aprendiz.data.chat.read import read_conversations
from aprendiz.data.chat.split import count_chats, divide_chats
from aprendiz.data.chat.write import write_conversations
from aprendiz.data.check import refuse
from aprendiz.data.frozen import NAME, Frozen
from aprendiz.data.near import Progress
from aprendiz.data.parts import Written, refuse_another_split, rule_for
from aprendiz.data.prepare import left_out_rows
from aprendiz.data.records import Example
from aprendiz.data.split import ALL_PARTS


@dataclass(frozen=True)
class WrittenChats(Written):
    """What a split of conversations has written."""

    @staticmethod
    def counted(rows: tuple[Example, ...]) -> str:
        """How many conversations a part has, and of how many concepts."""
        return count_chats(conversations_of(rows))


def write_chat_split(
    data: str,
    out: str | Path,
    *,
    shares: Mapping[str, float] | None = None,
    seed: int | None = None,
    group: str | None = None,
    frozen: str | Path | None = None,
    progress: Progress | None = None,
) -> WrittenChats:
    """Divide a file of conversations; write its parts and the frozen split into a folder.

    Args:
        data: the conversations, in any form that ``read_conversations`` reads.
        out: folder; made if it is not there.
        shares: part to share; ``parts.SHARES`` by default.
        seed: another seed, another choice; ``parts.SEED`` by default.
        group: field of the rows whose equal values stay together.
        frozen: an earlier ``split.json`` (or its folder); its conversations stay.
        progress: told how far the search for near duplicates has come.

    Raises:
        DataError: the file cannot be used, or ``out`` has another split in it.
        RecipeError: a share is out of range, or a setting differs from the frozen split's.
    """
    earlier = Frozen.read(frozen) if frozen else None
    # No stratum is kept apart; a frozen split says so itself.
    rule = rule_for(earlier, shares, seed, group, None if earlier else "")
    folder = Path(out)
    refuse_another_split(folder, frozen)
    reading = read_conversations(data)
    findings = check_chats([reading])
    refuse(findings)
    division = divide_chats(reading.conversations, rule, frozen=earlier, progress=progress)
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for part in ALL_PARTS:
        path = folder / f"{part}.jsonl"
        if rows := division.parts[part]:
            write_conversations(path, conversations_of(rows))
            files[part] = path
        else:
            path.unlink(missing_ok=True)
    division.frozen.write(folder / NAME)
    noted = (*findings, *left_out_rows(division.parts))
    return WrittenChats(folder / NAME, division, files, noted)
