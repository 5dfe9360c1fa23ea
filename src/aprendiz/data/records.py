"""Plain values for what stands in a data file: examples, and findings about them."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]

OOS_LABEL = "oos"  # what rows about none of the labels are labelled unless the user says otherwise


@dataclass(frozen=True, slots=True)
class Example:
    """A labelled text that remembers where it came from.

    Attributes:
        text: the text, outer white space removed, never empty.
        label: the label as written in the file, outer white space removed.
        file: path or address the row was read from, as the user gave it.
        line: 1-based line on which the row starts (for Parquet and hub data, the row number).
    """

    text: str
    label: str
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class MultiExample(Example):
    """A text with any number of labels, also none.

    Attributes:
        labels: its labels as written, in the order of the file, none twice.
        label: all of them together, sorted, as a JSON list: what tells two rows with the same
            text apart (a contradiction) and stands for the row where one word is wanted.
    """

    labels: tuple[str, ...] = ()

    @classmethod
    def of(cls, text: str, labels: tuple[str, ...], file: str, line: int) -> MultiExample:
        """A row; ``label`` follows from its labels."""
        return cls(text, json.dumps(sorted(labels), ensure_ascii=False), file, line, labels)


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about one row or one file that the user should know.

    Attributes:
        file: path or address, as the user gave it.
        line: 1-based line; 0 when it is about the file as a whole.
        kind: a stable short name (``empty_text``, ``encoding``, ``rare_label`` …).
        severity: ``error`` stops a training, ``warning`` does not, ``info`` is said once.
        message: what is wrong, in one sentence.
        hint: what to do about it.
        count: how many rows it stands for.
    """

    file: str
    line: int
    kind: str
    severity: Severity
    message: str
    hint: str = ""
    count: int = 1

    def as_dict(self) -> dict[str, object]:
        """The finding as plain values for JSON."""
        return asdict(self)
