"""Personal data and secrets inside a text: where they stand, and the text with them masked.

A number counts only if its check digit fits (cards by Luhn, IBAN by ISO 7064, Spanish DNI
and NIE by their letter) or, where there is none, if its form leaves little doubt. Names and
street addresses are not looked for. Everything quoted in a message goes through
:func:`mask`, so that a report about private data does not spread it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Private:
    """A piece of a text that should not be there.

    Attributes:
        kind: ``email``, ``phone``, ``card_number``, ``national_id``, ``iban`` or ``secret``.
        name: what it is, for people: ``an e-mail address``, ``an AWS access key`` …
        start: where it begins in the text.
        end: where it ends.
    """

    kind: str
    name: str
    start: int
    end: int


_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,}")
# Set aside for examples by RFC 2606, so already a stand-in.
_RESERVED = re.compile(r"[@.](?:example\.(?:com|org|net)|example|test|invalid|localhost)$", re.I)
_DIGITS = re.compile(r"\d(?:[ .()/-]{0,2}\d){6}")  # seven digits: less is no number of these
_CARD = re.compile(r"(?<![\d.,-])[3-6]\d{3}(?:[ -]?\d){9,15}(?![\d-])")
_SPANISH_ID = re.compile(r"\b(\d{8}|[XYZxyz][ -]?\d{7})[ -]?([A-Za-z])\b")
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")
_PHONE = re.compile(
    r"(?<![\w.,-])(?:"
    r"(?:\+|00)[1-9]\d{0,2}(?:[ .()/-]{0,2}\d){7,12}"  # with the code of the country
    r"|\(\d{3}\) ?\d{3}[ .-]\d{4}|\d{3}([.-])\d{3}\1\d{4}"  # as in the United States
    r"|[6-9]\d{2}([ .-])\d{3}\2\d{3}|[6-9]\d{2}([ .-])\d{2}\3\d{2}\3\d{2}|[67]\d{8}"  # Spain
    r")(?![\w-]|[.,]\d)"
)
_NAMED_PHONE = re.compile(
    r"\b(?:phone|mobile|call(?: me)?(?: at| on)?|tel[eé]fono|m[oó]vil|tel|ll[aá]m\w+)\b"
    r"\W{0,3}(?:(?:number|is|at|on|al|es)\W{1,2}){0,3}(\d(?:[ .-]?\d){8,11})(?!\d)",
    re.IGNORECASE,
)
# fmt: off
_SECRETS = (
    ("a private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----(?:[^-]+(?:-----END [A-Z ]*PRIVATE KEY-----)?)?")),
    ("an API key", re.compile(r"\bsk-(?:proj-|ant-|live-|test-)?[A-Za-z0-9_-]{20,}")),
    ("a Stripe key", re.compile(r"\b[sr]k_(?:live|test)_[A-Za-z0-9]{16,}")),
    ("an AWS access key", re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})")),
    ("a GitLab token", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a Slack token", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{10,}")),
    ("a Google API key", re.compile(r"\bAIza[0-9A-Za-z_-]{35}")),
    ("a Hugging Face token", re.compile(r"\bhf_[A-Za-z0-9]{30,}")),
    ("a JSON Web Token", re.compile(r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}")),
    ("a password", re.compile(r"\b(?:password|passwd|pwd|contraseña|api[_ -]?key)\s?[:=]\s?(?=\S*\d)\S{6,}", re.IGNORECASE)),
)
# fmt: on
_SECRET_MARK = re.compile(
    r"sk[-_]|rk_|AKIA|ASIA|gh[pousr]_|github_pat|glpat|xox|AIza|hf_|eyJ|-----BEGIN"
    r"|(?:[Pp](?:assword|asswd|wd)|PASSWORD|[Cc]ontraseña|[Aa][Pp][Ii][_ -]?[Kk]ey|API_KEY)\s?[:=]"
)
# Lengths from the IBAN registry (SWIFT, release 98), of the countries met most.
_IBAN_LENGTHS = {
    "AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18,
    "EE": 20, "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28,
    "IE": 22, "IS": 26, "IT": 27, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31,
    "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "TR": 26, "BR": 29, "CR": 22, "DO": 28, "GT": 28, "SV": 28, "MA": 28,
}  # fmt: skip
_DNI_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def find(text: str) -> list[Private]:
    """Everything private in a text, in its order; no two overlap."""
    found: list[Private] = []
    if _SECRET_MARK.search(text):
        _take(found, _secrets(text))
    if "@" in text:
        _take(found, _matches(text, _EMAIL, "email", "an e-mail address", _is_real))
    if _DIGITS.search(text):
        _take(found, _matches(text, _IBAN, "iban", "a bank account (IBAN)", is_iban))
        _take(found, _matches(text, _CARD, "card_number", "a payment card", is_card))
        _take(found, _matches(text, _SPANISH_ID, "national_id", "a Spanish DNI or NIE", is_dni))
        _take(found, _matches(text, _SSN, "national_id", "a US social security number"))
        _take(found, _matches(text, _PHONE, "phone", "a phone number", _enough_digits))
        _take(found, _named_phones(text))
    return sorted(found, key=lambda each: each.start)


def mask(text: str) -> str:
    """The text with all but the first characters of everything private covered; as long as before."""
    found = find(text)
    for each in found:
        piece = text[each.start : each.end]
        shown = 0 if each.kind == "secret" else 2
        if each.kind == "email":
            shown = 1
        cover = "".join("•" if mark.isalnum() else mark for mark in piece[shown:])
        if each.kind == "secret":
            cover = "•" * len(piece)
        text = text[: each.start] + piece[:shown] + cover + text[each.end :]
    return text


def is_card(number: str) -> bool:
    """Whether 13 to 19 digits end with the right check digit (Luhn, ISO/IEC 7812-1)."""
    digits = [int(digit) for digit in number if digit.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) < 2:
        return False
    total = sum(digits[-1::-2])
    total += sum(double - 9 if (double := 2 * digit) > 9 else double for digit in digits[-2::-2])
    return total % 10 == 0


def is_iban(account: str) -> bool:
    """Whether the length is that of the country and the remainder is 1 (ISO 13616, mod 97)."""
    plain = account.replace(" ", "")
    if _IBAN_LENGTHS.get(plain[:2]) != len(plain):
        return False
    turned = plain[4:] + plain[:4]
    return int("".join(str(int(character, 36)) for character in turned)) % 97 == 1


def is_dni(number: str) -> bool:
    """Whether the letter of a Spanish DNI or NIE is that of its number (mod 23)."""
    plain = re.sub(r"[ -]", "", number).upper()
    digits = str("XYZ".index(plain[0])) + plain[1:-1] if plain[0] in "XYZ" else plain[:-1]
    return _DNI_LETTERS[int(digits) % 23] == plain[-1]


def _is_real(address: str) -> bool:
    return not _RESERVED.search(address)


def _enough_digits(number: str) -> bool:
    digits = [character for character in number if character.isdigit()]
    return 9 <= len(digits) <= 15 and len(set(digits)) > 2


def _matches(
    text: str,
    pattern: re.Pattern[str],
    kind: str,
    name: str,
    fits: Callable[[str], bool] = lambda piece: True,
) -> Iterator[Private]:
    for match in pattern.finditer(text):
        if fits(match[0]):
            yield Private(kind, name, *match.span())


def _named_phones(text: str) -> Iterator[Private]:
    """Bare digits that a word before them makes a phone number."""
    for match in _NAMED_PHONE.finditer(text):
        if _enough_digits(match[1]):
            yield Private("phone", "a phone number", *match.span(1))


def _secrets(text: str) -> Iterator[Private]:
    for name, pattern in _SECRETS:
        yield from _matches(text, pattern, "secret", name)


def _take(found: list[Private], more: Iterator[Private]) -> None:
    """Add what does not overlap anything found before."""
    for each in more:
        if all(each.end <= other.start or each.start >= other.end for other in found):
            found.append(each)
