"""Rows that somebody should look at: from a search for suspects, or from a server's log.

Both come as JSON Lines. A line of ``data suspects --out`` names a row of the file with the
label suggested for it. A line of a server's low-confidence log is an answer, ``{"text",
"label", "confidence"}``: its text may be in the file, or be new to it. Not for deciding
anything: that is ``repair.py``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aprendiz.data.records import Example, Finding
from aprendiz.data.repair import read_json_lines
from aprendiz.errors import DataError


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A row to look at.

    Attributes:
        text: what it says.
        label: its label in the file; empty for a text that is new to it.
        suggested: the label that it might have instead; empty when nothing suggests one.
        line: where it stands; 0 for a new text.
        reason: why it is looked at, in one sentence.
        choices: likely labels with their probability, likeliest first.
        neighbours: near rows: text, label and similarity.
    """

    text: str
    label: str
    suggested: str
    line: int = 0
    reason: str = ""
    choices: tuple[tuple[str, float], ...] = ()
    neighbours: tuple[tuple[str, str, float], ...] = ()


def read_doubtful(path: str | Path, rows: Sequence[Example]) -> list[Doubtful]:
    """The rows that a file names, in its order, each once.

    Args:
        path: suspects or a log, as JSON Lines.
        rows: the examples that they are about. A suspect whose row has gone or has another
            label by now is passed over; a logged text that is not among them is new.

    Raises:
        DataError: a line is neither a suspect nor an answer; names them all.
    """
    place = Path(path)
    found: dict[tuple[str, str], Doubtful] = {}
    findings: list[Finding] = []
    by_text: dict[str, list[Example]] = {}
    for row in rows:
        by_text.setdefault(row.text, []).append(row)
    for line, value in read_json_lines(place):
        try:
            named = list(_named(value, by_text))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            message = f"neither a suspect nor an answer ({type(error).__name__}: {error})"
            hint = 'an answer is {"text": "…", "label": "…", "confidence": 0.41}'
            findings.append(Finding(str(place), line, "bad_candidate", "error", message, hint))
            continue
        for each in named:
            found.setdefault((each.text, each.label), each)
    if findings:
        first = findings[0]
        raise DataError(f"{place}:{first.line}: {first.message}", first.hint, findings)
    return list(found.values())


def _named(value: Any, by_text: Mapping[str, Sequence[Example]]) -> Iterable[Doubtful]:
    text, label = _words(value, "text"), _words(value, "label")
    rows = by_text.get(text, [])
    if "suggested" in value:
        row = next((row for row in rows if row.label == label), None)
        if row is not None:
            yield suspected(value, row.line)
        return
    confidence = float(value["confidence"])
    said = f"a model answered {label!r} with confidence {confidence:.2f}"
    choices = _choices(value.get("scores") or {label: confidence})
    if not rows:
        yield Doubtful(text, "", label, 0, f"{said}; the text is not in the file", choices)
    for row in rows:
        if row.label == label:
            yield Doubtful(text, label, "", row.line, f"{said}, as the file does", choices)
        else:
            reason = f"{said}, the file says {row.label!r}"
            yield Doubtful(text, row.label, label, row.line, reason, choices)


def suspected(suspect: Mapping[str, Any], line: int) -> Doubtful:
    """A suspect, given as its plain values, as a row to look at.

    Raises:
        KeyError, TypeError, ValueError: the values are not those of a suspect.
    """
    return Doubtful(
        text=_words(suspect, "text"),
        label=_words(suspect, "label"),
        suggested=_words(suspect, "suggested"),
        line=line,
        reason=str(suspect.get("reason", "")),
        choices=_choices(suspect.get("choices", {})),
        neighbours=tuple(
            (_words(near, "text"), _words(near, "label"), float(near["similarity"]))
            for near in suspect.get("neighbours", ())
        ),
    )


def _words(value: Mapping[str, Any], name: str) -> str:
    told = value[name]
    if not isinstance(told, str) or not told.strip():
        raise ValueError(f"{name} must be a text")
    return told.strip()


def _choices(scores: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    pairs = [(str(label), float(score)) for label, score in scores.items()]
    return tuple(sorted(pairs, key=lambda pair: -pair[1])[:5])
