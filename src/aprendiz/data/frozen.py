"""``split.json``: which rows stand on which side, kept for good in a few bytes a row.

A row is remembered by the first 48 bits of the SHA-256 of its normal form (eight
characters once written), never by its text. So a text whose case, accents or spaces are
mended, or whose label is, stays where it was. Not for deciding where a new row goes: that
is ``split.py``.

Two of a million rows share 48 bits once in five hundred such files; the second is then
taken for the first and stands on its side, where it is measured or learnt like any other.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aprendiz.data.near import normal_form
from aprendiz.errors import DataError

NAME = "split.json"
FORMAT = 1
PARTS = ("test", "validation", "train")  # the first that knows a row has it
HELD_OUT = ("test", "validation")
SIMILARITY = 0.8

_BYTES = 6
_LINE = 12 * 8  # characters of a line: twelve rows


@dataclass(frozen=True)
class Rule:
    """How rows are divided, apart from the rows themselves.

    Attributes:
        seed: another seed, another choice.
        shares: part to its share of each label, ``test`` and ``validation`` at most.
        similarity: from which two texts are near duplicates and stay together.
        group: column whose equal values stay together; ``None`` for near duplicates alone.
        oos: label of the rows that are kept apart; ``None`` when there is no such label.
        given: the user gave the parts, so ``seed`` and ``shares`` only tell where rows go
            that come later.
    """

    seed: int
    shares: Mapping[str, float] = field(default_factory=dict)
    similarity: float = SIMILARITY
    group: str | None = None
    oos: str | None = None
    given: bool = False

    def in_words(self) -> str:
        """What the split was made by, in one sentence."""
        if self.given:
            return "the parts as they were given"
        together = f"equal values of {self.group!r} together, " if self.group else ""
        return (
            f"equal and near-duplicate texts (similarity {self.similarity:g}) on one side, "
            f"{together}each label in its share, by SHA-256 of seed and text"
        )


@dataclass(frozen=True)
class Frozen:
    """A split that was made once: the rule and the side of every row there was.

    Attributes:
        rule: how it was made, and how rows that are new to it are divided.
        rows: part to the keys of its rows (:func:`row_key`).
        groups: part to the keys of its groups, when the rule has a group.
    """

    rule: Rule
    rows: Mapping[str, frozenset[bytes]]
    groups: Mapping[str, frozenset[bytes]] = field(default_factory=dict)

    def part_of(self, text: str, group: str | None = None) -> str | None:
        """The side of a row, ``None`` if the row is new."""
        return _known(self.rows, row_key(text, group))

    def part_of_group(self, group: str) -> str | None:
        """The side of a group, ``None`` if the group is new."""
        return _known(self.groups, _key(group))

    @classmethod
    def of(
        cls,
        rule: Rule,
        rows: Iterable[tuple[str, str, str | None]],
        before: Frozen | None = None,
    ) -> Frozen:
        """Freeze parts as they stand.

        Args:
            rule: what they were made by.
            rows: part, text and group of each row; parts that are not in ``PARTS`` are left
                aside.
            before: an earlier state, whose rows are kept even if they have gone.
        """
        kept = {part: set(before.rows.get(part, ())) if before else set() for part in PARTS}
        named = {part: set(before.groups.get(part, ())) if before else set() for part in PARTS}
        for part, text, group in rows:
            if part in kept:
                kept[part].add(row_key(text, group))
                if group is not None:
                    named[part].add(_key(group))
        return cls(
            rule,
            {part: frozenset(keys) for part, keys in kept.items() if keys},
            {part: frozenset(keys) for part, keys in named.items() if keys},
        )

    def write(self, path: Path) -> None:
        """Write the file; whoever reads it meanwhile sees the old one or the new one."""
        told = {
            "format": FORMAT,
            "how": self.rule.in_words(),
            "seed": self.rule.seed,
            "shares": dict(self.rule.shares),
            "similarity": self.rule.similarity,
            "group": self.rule.group,
            "oos": self.rule.oos,
            "given": self.rule.given,
            "counts": {part: len(keys) for part, keys in self.rows.items()},
            "rows": {part: _written(keys) for part, keys in self.rows.items()},
            "groups": {part: _written(keys) for part, keys in self.groups.items()},
        }
        aside = path.with_name(f".{path.name}.partial")
        aside.write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        aside.replace(path)

    @classmethod
    def read(cls, place: str | Path) -> Frozen:
        """Read a ``split.json``, or the one in a folder (of parts, or of a model).

        Raises:
            DataError: it is not there, or not such a file.
        """
        path = Path(place)
        path = path / NAME if path.is_dir() else path
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise DataError(
                f"{path}: there is no such file", "aprendiz data split FILE --out FOLDER makes one"
            ) from None
        except (OSError, ValueError) as error:
            raise _not_a_split(path, str(error)) from None
        try:
            return _parsed(values)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _not_a_split(path, f"{type(error).__name__}: {error}") from None


def row_key(text: str, group: str | None = None) -> bytes:
    """What stands for a row: six bytes; the same text is another row in another group."""
    normal = normal_form(text)
    return _key(normal if group is None else f"{group}\x1f{normal}")


def _key(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:_BYTES]


def _known(parts: Mapping[str, frozenset[bytes]], key: bytes) -> str | None:
    return next((part for part in PARTS if key in parts.get(part, ())), None)


def _written(keys: Iterable[bytes]) -> list[str]:
    """Keys in order, as lines that git can compare."""
    whole = base64.b64encode(b"".join(sorted(keys))).decode("ascii")
    return [whole[at : at + _LINE] for at in range(0, len(whole), _LINE)]


def _unwritten(lines: list[str]) -> frozenset[bytes]:
    whole = base64.b64decode("".join(lines), validate=True)
    if len(whole) % _BYTES:
        raise ValueError("a row is cut short")
    return frozenset(whole[at : at + _BYTES] for at in range(0, len(whole), _BYTES))


def _parsed(values: dict[str, Any]) -> Frozen:
    if values["format"] != FORMAT:
        raise ValueError(f"format {values['format']!r}; this version reads format {FORMAT}")
    rule = Rule(
        seed=int(values["seed"]),
        shares={str(part): float(share) for part, share in values["shares"].items()},
        similarity=float(values["similarity"]),
        group=values["group"],
        oos=values["oos"],
        given=bool(values["given"]),
    )
    if unknown := (values["rows"].keys() | rule.shares.keys()) - set(PARTS):
        raise ValueError(f"there is no part {sorted(unknown)[0]!r}")
    rows = {part: _unwritten(lines) for part, lines in values["rows"].items()}
    groups = {part: _unwritten(lines) for part, lines in values["groups"].items()}
    if any(len(keys) != values["counts"][part] for part, keys in rows.items()):
        raise ValueError("the rows are not as many as it says")
    return Frozen(rule, rows, groups)


def _not_a_split(path: Path, why: str) -> DataError:
    return DataError(
        f"{path}: not a frozen split, or a damaged one ({why})",
        "take it from version control or from the model folder again",
    )
