"""Which column holds the text and which the label. Not for what stands in them.

Names are compared without case, accents or outer white space. When two columns
could be meant nothing is guessed: the user says which.
"""

from __future__ import annotations

import difflib
import unicodedata
from collections.abc import Sequence

from aprendiz.data.excerpt import excerpt, listing
from aprendiz.data.records import Finding

# fmt: off
TEXT_NAMES = frozenset({
    "text", "texts", "sentence", "utterance", "query", "question", "message", "prompt",
    "input", "content", "texto", "frase", "oracion", "consulta", "pregunta",
    "mensaje", "entrada", "contenido",
})
LABEL_NAMES = frozenset({
    "label", "labels", "intent", "category", "class", "target", "topic", "sentiment",
    "etiqueta", "intencion", "categoria", "clase", "tema", "sentimiento",
})
# fmt: on


def fold(name: str) -> str:
    """A name as it is compared: no outer white space, no case, no accents."""
    plain = unicodedata.normalize("NFKD", name.strip().casefold())
    return "".join(mark for mark in plain if not unicodedata.combining(mark))


def candidates(columns: Sequence[str], given: str | None, names: frozenset[str]) -> list[int]:
    """Positions of the columns that could be meant.

    A given name matches as it is written or, failing that, however it is written.
    """
    if given is None:
        return [at for at, column in enumerate(columns) if fold(column) in names]
    exact = [at for at, column in enumerate(columns) if column.strip() == given.strip()]
    return exact or [at for at, column in enumerate(columns) if fold(column) == fold(given)]


def recognised(columns: Sequence[str], text: str | None, label: str | None) -> int:
    """How many of the two roles find at least one column: 0, 1 or 2."""
    return sum(
        bool(candidates(columns, given, names))
        for given, names in ((text, TEXT_NAMES), (label, LABEL_NAMES))
    )


def choose(
    columns: tuple[str, ...], text: str | None, label: str | None, file: str, line: int = 0
) -> tuple[tuple[int, int] | None, list[Finding]]:
    """The positions of the text and the label column, or the findings that say why not.

    Args:
        columns: the column names of the file, in order.
        text: the text column as the user named it; None to look for it.
        label: the label column as the user named it; None to look for it.
        file: for the findings.
        line: where the names stand; 0 if they have no place of their own.
    """
    findings: list[Finding] = []
    found: list[int] = []
    for role, given, names in (("text", text, TEXT_NAMES), ("label", label, LABEL_NAMES)):
        places = candidates(columns, given, names)
        if len(places) == 1:
            found.append(places[0])
        elif places:
            findings.append(_ambiguous(role, [columns[at] for at in places], columns, file, line))
        else:
            findings.append(_missing(role, given, columns, file, line))
    if findings:
        return None, findings
    if found[0] == found[1]:
        same = excerpt(columns[found[0]], 30)
        message = f"column {same} cannot be the text and the label at once"
        hint = f"name two columns with --text-column and --label-column: {listing(columns)}"
        return None, [Finding(file, line, "ambiguous_columns", "error", message, hint)]
    return (found[0], found[1]), []


def _ambiguous(
    role: str, meant: list[str], columns: tuple[str, ...], file: str, line: int
) -> Finding:
    message = (
        f"{len(meant)} columns could be the {role}: {listing(tuple(meant))} "
        f"(the file has {listing(columns)})"
    )
    if len({name.strip() for name in meant}) == 1:
        hint = "give the columns different names in the file"
    else:
        hint = f"name the right one: --{role}-column {meant[0].strip()}"
    return Finding(file, line, "ambiguous_columns", "error", message, hint)


def _missing(
    role: str, given: str | None, columns: tuple[str, ...], file: str, line: int
) -> Finding:
    has = f"the file has {listing(columns)}" if columns else "the file names no columns"
    if given is None:
        message = f"no column is recognised as the {role}; {has}"
        hint = (
            f"name it with --{role}-column NAME, or call it {role!r} in the file "
            "(a CSV file needs a first line with the column names, such as text,label)"
        )
    else:
        message = f"there is no {role} column {excerpt(given, 30)}; {has}"
        near = difflib.get_close_matches(given, columns, 1)
        hint = f"--{role}-column {near[0] if near else 'NAME'}, with one of the names in the file"
    return Finding(file, line, "missing_columns", "error", message, hint)
