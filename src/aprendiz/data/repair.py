"""Repairs of labels as a patch file: one decision a line, readable in git, applied later.

JSON Lines, not a unified diff: a line names the text and its label, so it says by itself
what was decided, needs no context lines to be reviewed, holds for CSV, JSON and Parquet
alike, and still applies when rows have been added or moved since. Decisions to keep a
label are in it too, so nobody is asked twice::

    {"line": 12, "action": "relabel", "text": "…", "label": "order", "to": "refund"}

The file is written whole and in order at every decision; what is on disk is never half.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from aprendiz.data.excerpt import excerpt
from aprendiz.data.records import Example, Finding
from aprendiz.data.verbatim import write_text
from aprendiz.errors import DataError

Action = Literal["keep", "relabel", "drop", "add", "ignore"]

_NEEDS_LABEL = ("relabel", "add")


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do with a row.

    Attributes:
        action: ``keep`` its label, ``relabel`` it, ``drop`` the row; for a text that is not in
            the file ``add`` it or ``ignore`` it.
        text: what the row says.
        label: its label; empty for a text that is not in the file.
        to: the new label, for ``relabel`` and ``add``.
        line: where the row stood; 0 for a text that is not in the file.
    """

    action: Action
    text: str
    label: str
    to: str = ""
    line: int = 0

    @property
    def row(self) -> tuple[str, str]:
        """Text and label: what a decision is about."""
        return self.text, self.label

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON, in the order in which a person reads them."""
        told: dict[str, Any] = {"line": self.line} if self.line else {}
        told |= {"action": self.action, "text": self.text}
        told |= {"label": self.label} if self.label else {}
        return told | ({"to": self.to} if self.to else {})


class Patch:
    """Decisions about rows, at most one for each, and the file that they are kept in.

    Args:
        path: the file; read if it is there.

    Raises:
        DataError: it is there and no patch.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._decisions: dict[tuple[str, str], Decision] = {}
        if self.path.exists():
            self._decisions = {each.row: each for each in read_patch(self.path)}

    @property
    def decisions(self) -> list[Decision]:
        """In the order of the lines that they are about; additions last."""
        return sorted(
            self._decisions.values(), key=lambda each: (not each.line, each.line, each.row)
        )

    def about(self, text: str, label: str) -> Decision | None:
        """The decision about a row, if there is one."""
        return self._decisions.get((text, label))

    def decide(self, decision: Decision) -> None:
        """Take a decision, in the place of an earlier one, and write it to disk."""
        self._decisions[decision.row] = decision
        self._write()

    def withdraw(self, decision: Decision) -> None:
        """Take a decision back, on disk too."""
        self._decisions.pop(decision.row, None)
        self._write()

    def _write(self) -> None:
        lines = (json.dumps(each.as_dict(), ensure_ascii=False) for each in self.decisions)
        write_text(self.path, "".join(f"{line}\n" for line in lines))


def read_patch(path: Path) -> list[Decision]:
    """The decisions of a patch file.

    Raises:
        DataError: it cannot be read, or lines of it are no decisions; names them all.
    """
    decisions, findings = [], []
    for line, value in read_json_lines(path):
        decision = _decision(value)
        if isinstance(decision, str):
            hint = '{"line": 12, "action": "relabel", "text": "…", "label": "…", "to": "…"}'
            findings.append(Finding(str(path), line, "bad_patch", "error", decision, hint))
        else:
            decisions.append(decision)
    if findings:
        first = findings[0]
        raise DataError(f"{path}:{first.line}: {first.message}", first.hint, findings)
    return decisions


def read_json_lines(path: Path) -> list[tuple[int, object]]:
    """Every line of a file that holds something, parsed, with its number.

    Raises:
        DataError: the file cannot be read, or a line is not JSON.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read ({error})") from None
    values = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                values.append((number, json.loads(line)))
            except ValueError as error:
                raise DataError(
                    f"{path}:{number}: not JSON ({error})", "write one object a line"
                ) from None
    return values


def _decision(value: object) -> Decision | str:
    """A decision, or what is wrong with it."""
    if not isinstance(value, dict):
        return "not an object"
    if value.get("action") not in get_args(Action):
        return f"there is no action {value.get('action')!r}; write {', '.join(get_args(Action))}"
    texts = {name: value.get(name, "") for name in ("text", "label", "to")}
    if not all(isinstance(each, str) for each in texts.values()) or not texts["text"].strip():
        return "text, label and to must be strings, and the text not empty"
    if (value["action"] in _NEEDS_LABEL) != bool(texts["to"].strip()):
        return "relabel and add need a label under 'to', the others none"
    if (value["action"] in ("add", "ignore")) == bool(texts["label"]):
        return "add and ignore are for texts without a label in the file, the others have one"
    line = value.get("line", 0)
    if type(line) is not int or line < 0:
        return "the line must be a number"
    text, label, to = (texts[name].strip() for name in ("text", "label", "to"))
    return Decision(value["action"], text, label, to, line)


@dataclass(frozen=True)
class Repaired:
    """Rows after a patch.

    Attributes:
        rows: what is left, with the new labels, then what was added.
        origins: where each of them stood among the rows before; -1 for what was added.
        relabelled: how many rows have another label now.
        dropped: how many are gone.
        added: how many are new.
        kept: how many labels were looked at and kept.
    """

    rows: tuple[Example, ...]
    origins: tuple[int, ...]
    relabelled: int
    dropped: int
    added: int
    kept: int

    def in_words(self) -> str:
        """The figures in one line for a person."""
        return (
            f"{self.relabelled:,} relabelled, {self.dropped:,} dropped, {self.added:,} added, "
            f"{self.kept:,} kept: {len(self.rows):,} rows"
        )


def repair(rows: Sequence[Example], decisions: Iterable[Decision], patch: str) -> Repaired:
    """Carry decisions out.

    A decision is about every row with its text and label: what is wrong in one is wrong in
    its repeats.

    Args:
        rows: the examples.
        decisions: what to do.
        patch: name of the patch file, for what goes wrong.

    Raises:
        DataError: a decision is about a row that is not there, or adds one that is.
    """
    by_row: dict[tuple[str, str], list[int]] = {}
    for at, row in enumerate(rows):
        by_row.setdefault((row.text, row.label), []).append(at)
    texts = {row.text for row in rows}
    new_label: dict[int, str] = {}
    dropped: set[int] = set()
    added: list[Example] = []
    kept, findings = 0, []
    for each in decisions:
        meant = by_row.get(each.row, [])
        if each.action == "ignore":
            continue
        if each.action == "add":
            if each.text in texts:
                findings.append(_misfit(patch, f"{excerpt(each.text)} is in the file already"))
            added.append(Example(each.text, each.to, patch, 0))
        elif not meant:
            what = f"no row says {excerpt(each.text)} with label {excerpt(each.label)}"
            findings.append(_misfit(patch, what))
        elif each.action == "relabel":
            new_label |= dict.fromkeys(meant, each.to)
        elif each.action == "drop":
            dropped.update(meant)
        else:
            kept += len(meant)
    if findings:
        message = f"{patch}: {len(findings)} of its decisions do not fit the file"
        raise DataError(message, findings[0].hint, findings)
    left = [at for at in range(len(rows)) if at not in dropped]
    repaired = (replace(rows[at], label=new_label.get(at, rows[at].label)) for at in left)
    origins = (*left, *[-1] * len(added))
    return Repaired((*repaired, *added), origins, len(new_label), len(dropped), len(added), kept)


def _misfit(patch: str, message: str) -> Finding:
    hint = "give the file that the patch was made from; was it applied already?"
    return Finding(patch, 0, "patch_misfit", "error", message, hint)
