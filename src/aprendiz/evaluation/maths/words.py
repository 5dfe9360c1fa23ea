"""Answers that are words: yes and no, no solution, small numbers written out, single letters."""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

# What is said: every way to say it, without accents and articles.
_SAME = {
    "yes": "yes|si|yep|yeah",
    "no": "no|nope",
    "true": "true|verdadero|verdadera|cierto|cierta|correct|correcto",
    "false": "false|falso|falsa|incorrect|incorrecto",
    "none": "none|ninguno|ninguna|nothing|nada",
    "no solution": (
        "no solution|no solutions|there is no solution|there are no solutions|has no solution|"
        "it has no solution|no real solution|no real solutions|∅|{}|empty set|conjunto vacio|"
        "sin solucion|no hay solucion|no tiene solucion|no hay soluciones|no tiene soluciones|"
        "no existe solucion|ninguna solucion"
    ),
    "infinitely many": (
        "infinitely many solutions|infinite solutions|infinitely many|infinitas soluciones|"
        "hay infinitas soluciones|tiene infinitas soluciones|there are infinitely many solutions|"
        "it has infinitely many solutions"
    ),
    "undefined": "undefined|indefinido|no definido|not defined|does not exist|no existe",
}
_CANONICAL = {way: said for said, ways in _SAME.items() for way in ways.split("|")}
_NUMBERS = {
    word: n
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
        "fifteen sixteen seventeen eighteen nineteen twenty",
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince "
        "dieciseis diecisiete dieciocho diecinueve veinte",
    )
    for n, word in enumerate(words.split())
} | {
    "un": 1, "una": 1, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90, "treinta": 30, "cuarenta": 40, "cincuenta": 50, "sesenta": 60,
    "setenta": 70, "ochenta": 80, "noventa": 90, "cien": 100,
}  # fmt: skip
_VERDICT = re.compile(r"(yes|no|si|true|false|verdadero|falso)\s*[,.;:!]\s+(?!y\b|and\b|or\b|o\b)")


def said(text: str) -> str:
    """The text as words are compared: no case, accents, articles or final stop.

    ``Sí, claro`` is ``yes``; what is not in the tables stays as it is.
    """
    text = unicodedata.normalize("NFD", text.casefold())
    text = "".join(sign for sign in text if not unicodedata.combining(sign))
    text = re.sub(r"\s+", " ", text).strip(" .!¡¿?*_\"'$")
    if len(text) < 4:
        text = text.strip("()[]") or text
    text = re.sub(r"^(?:the|a|an|el|la|los|las|un|una) (?=\w)", "", text)
    if verdict := _VERDICT.match(text):
        text = verdict[1]
    return _CANONICAL.get(text, text)


def is_said(text: str) -> bool:
    """Whether the text is one of the words in the tables, or a single letter."""
    found = said(text)
    return found in _SAME or (len(found) == 1 and found.isalpha())


def number_word(text: str) -> Fraction | None:
    """The number that a single word says, in English or Spanish."""
    text = unicodedata.normalize("NFD", text.casefold().strip(" ."))
    number = _NUMBERS.get("".join(sign for sign in text if not unicodedata.combining(sign)))
    return None if number is None else Fraction(number)
