"""What a single text holds that no writer meant: one function a fault, for any text.

Every function takes a text and gives the faults it finds, mostly none. They run on every
row of a file with a million, so each begins with a test that nearly always ends it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from aprendiz.data.excerpt import around, excerpt
from aprendiz.data.private import find
from aprendiz.data.records import Severity
from aprendiz.data.spelling import CONTROL, INVISIBLE, ODD_SPACE, composed, misread, reread


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding that does not know its place yet.

    Attributes:
        kind: as in a finding.
        message: what is wrong, in one sentence.
        hint: what to do about it.
        severity: as in a finding.
    """

    kind: str
    message: str
    hint: str
    severity: Severity = "warning"


Faults = Sequence[Fault]
TextCheck = Callable[[str], Faults]

_NONE: Faults = ()
# fmt: off
PLACEHOLDERS = frozenset({
    "none", "null", "nil", "nan", "na", "n/a", "n.a.", "#n/a", "#na", "#value!", "#ref!",
    "#name?", "undefined", "unknown", "missing", "empty", "blank", "tbd", "todo", "-", "--",
    "---", ".", "..", "...", "?", "??", "???", "x", "xx", "xxx", "test", "ninguno", "ninguna",
    "nulo", "vacío", "vacio", "desconocido", "pendiente", "s/n", "(null)", "<null>", "<na>", "[]",
    "{}", "lorem ipsum",
})
# fmt: on
_LONGEST_PLACEHOLDER = max(map(len, PLACEHOLDERS))
_TAG = re.compile(
    r"</?(?:a|abbr|b|blockquote|body|br|center|code|div|em|font|form|h[1-6]|head|hr|html|i|iframe"
    r"|img|input|li|link|meta|ol|p|pre|script|small|span|strong|style|sub|sup|table|tbody|td|th"
    r"|title|tr|u|ul)(?:\s[^<>]*)?/?>|<!--|<!\[CDATA\[",
    re.IGNORECASE,
)
_ENTITY = re.compile(r"&(?:[a-zA-Z]{2,8}|#\d{2,5}|#x[0-9a-fA-F]{2,5});")
_URLS = re.compile(r"(?:(?:https?://|www\.)\S+\s*)+", re.IGNORECASE)


def placeholder(text: str) -> Faults:
    """A word that a program writes where it has no text: None, nan, N/A, null, -."""
    if len(text) > _LONGEST_PLACEHOLDER or text.casefold() not in PLACEHOLDERS:
        return _NONE
    message = f"the text is only {excerpt(text)}, which stands for a missing one"
    return (Fault("placeholder_text", message, "write the text or remove the row"),)


def no_words(text: str) -> Faults:
    """Nothing but punctuation or symbols (emoji are words here)."""
    if any(map(str.isalnum, text)) or text.casefold() in PLACEHOLDERS:
        return _NONE
    if any(unicodedata.category(mark) == "So" for mark in text):
        return _NONE
    message = f"there is no word in {excerpt(text)}"
    return (Fault("no_words", message, "remove the row unless people really write this"),)


def control_characters(text: str) -> Faults:
    """Characters that steer a terminal or a printer."""
    if text.isprintable() or not (found := CONTROL.search(text)):
        return _NONE
    message = f"the control character U+{ord(found[0]):04X} stands in {around(text, found.start())}"
    return (Fault("control_character", message, "remove it (--fix does)"),)


def invisible_characters(text: str) -> Faults:
    """Zero-width and direction marks: two texts look the same and are not."""
    if text.isascii() or not (found := INVISIBLE.search(text)):
        return _NONE
    name = unicodedata.name(found[0], "a mark without a name").lower()
    message = (
        f"the invisible U+{ord(found[0]):04X} ({name}) stands in {around(text, found.start())}"
    )
    return (Fault("invisible_character", message, "remove it (--fix does)"),)


def odd_spaces(text: str) -> Faults:
    """Tabs, no-break spaces, runs of spaces: harmless to most models, so only said."""
    if not (found := ODD_SPACE.search(text)):
        return _NONE
    plain = found[0].startswith("  ")
    what = "several spaces in a row" if plain else f"U+{ord(found[0]):04X} as a space"
    message = f"{what} in {around(text, found.start())}"
    return (Fault("odd_space", message, "one plain space is enough (--fix)", "info"),)


def lost_characters(text: str) -> Faults:
    """The replacement character: what stood there is gone."""
    if text.isascii() or "\ufffd" not in text:
        return _NONE
    lost, place = text.count("\ufffd"), text.index("\ufffd")
    number = "1 character was" if lost == 1 else f"{lost} characters were"
    message = f"{number} lost (U+FFFD) in {around(text, place)}"
    return (Fault("lost_character", message, "export it again from where it came from"),)


def mojibake(text: str) -> Faults:
    """UTF-8 that was read as Windows-1252: cafÃ© for café."""
    if text.isascii() or not (found := misread(text)):
        return _NONE
    meant = reread(text)
    message = f"UTF-8 was read as Windows-1252 in {around(text, found[0][0])}"
    if meant is None:
        return (Fault("mojibake", message, "correct it by hand: not all of it can be read again"),)
    return (Fault("mojibake", message, f"write {around(meant, found[0][0])} (--fix does)"),)


def not_composed(text: str) -> Faults:
    """Letters and their accents as two characters, which a vocabulary may not know."""
    if text.isascii() or unicodedata.is_normalized("NFC", text) or composed(text) == text:
        return _NONE
    message = f"letters and accents are separate characters (not NFC) in {excerpt(text)}"
    return (Fault("not_nfc", message, "write them as one character (--fix does)"),)


def html(text: str) -> Faults:
    """Tags and entities left over from a web page."""
    if ("<" not in text or not (found := _TAG.search(text))) and (
        "&" not in text or not (found := _ENTITY.search(text))
    ):
        return _NONE
    message = f"HTML is left over ({excerpt(found[0], 20)}) in {around(text, found.start())}"
    return (Fault("html", message, "take the text out of the page without its tags"),)


def only_addresses(text: str) -> Faults:
    """A web address and nothing else: no model reads what stands behind it."""
    if ("/" not in text and "www." not in text) or not _URLS.fullmatch(text):
        return _NONE
    message = f"the text is only a web address: {excerpt(text)}"
    return (Fault("url_only", message, "write what the page says, or remove the row"),)


def private_data(text: str) -> Faults:
    """Personal data and secrets, one fault a kind; shown masked like everything quoted."""
    if not (found := find(text)):
        return _NONE
    by_kind = {each.kind: each for each in reversed(found)}
    hint = "replace it by a stand-in such as <{}>: models repeat what they learn"
    return tuple(
        Fault(kind, f"{each.name} stands in {around(text, each.start)}", hint.format(kind.upper()))
        for kind, each in by_kind.items()
    )


ON_EVERY_TEXT: tuple[TextCheck, ...] = (
    placeholder,
    no_words,
    control_characters,
    invisible_characters,
    odd_spaces,
    lost_characters,
    mojibake,
    not_composed,
    html,
    only_addresses,
    private_data,
)
ON_EVERY_MESSAGE: tuple[TextCheck, ...] = (
    # Code, tables and control characters of a conversation are for data/chat.
    placeholder,
    invisible_characters,
    lost_characters,
    mojibake,
    not_composed,
    private_data,
)
