"""Personal data: numbers count when their check digit fits, and are never shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.data.excerpt import around, excerpt
from aprendiz.data.private import find, is_card, is_dni, is_iban, mask
from aprendiz.data.spelling import reread, tidy


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("mail jane.roe+x@mail.contoso.co.uk", "email"),
        ("4111-1111-1111-1111", "card_number"),
        ("378282246310005", "card_number"),
        ("12.345.678 no, 12345678-Z yes", "national_id"),
        ("x1234567l", "national_id"),
        ("GB82 WEST 1234 5698 7654 32", "iban"),
        ("DE89370400440532013000", "iban"),
        ("llámame al 612 34 56 78", "phone"),
        ("+44 20 7946 0958", "phone"),
        ("call me at 2125550147", "phone"),
        ("Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "secret"),
        ("hf_" + "aB3" * 12, "secret"),
        ("API_KEY=abc123def", "secret"),
    ],
)
def test_found(text: str, kind: str) -> None:
    assert [each.kind for each in find(text)] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",  # the check digit is wrong
        "12345678A",
        "GB82 WEST 1234 5698 7654 33",
        "order number 123456789",
        "from 2024-01-31 to 2025-01-31 at 10:30",
        "pi is 3.14159265358979 and 1.000.000,00 euros",
        "000-12-3456 and 123-00-4567",
        "@home or me@work",
        "write to jane.roe@example.com",
        "my password: forgotten",
        "version 1.2.3.4, ip 192.168.100.200",
        "0000 0000 0000 0000",
    ],
)
def test_not_found(text: str) -> None:
    assert find(text) == []


def test_shown_masked_wherever_it_stands() -> None:
    card = "4111 1111 1111 1111"
    for text in (card, f"{'x ' * 25}{card}", f"{'x ' * 400}{card} {'y ' * 400}"):
        for shown in (mask(text), excerpt(text), around(text, text.index("4111"))):
            assert "1111" not in shown
    assert "•" in around(f"{'x ' * 400}{card}", 800)


@given(st.text(max_size=80), st.integers(0, 10**11 - 1), st.text(max_size=80))
def test_any_card_is_masked_and_nothing_moves(before: str, number: int, after: str) -> None:
    digits = f"4111{number:011d}"
    card = next(f"{digits}{last}" for last in range(10) if is_card(f"{digits}{last}"))
    text = f"{before} {card} {after}"
    masked = mask(text)
    assert len(masked) == len(text)
    assert card not in masked
    assert mask(masked) == masked


@given(st.integers(0, 10**8 - 1))
def test_one_letter_fits_a_dni(number: int) -> None:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    assert sum(is_dni(f"{number:08d}{letter}") for letter in letters) == 1


@given(st.integers(0, 10**20 - 1), st.integers(0, 19))
def test_a_wrong_digit_in_an_iban_is_noticed(number: int, place: int) -> None:
    account = f"{number:020d}"
    check = next(
        f"{98 - each:02d}" for each in range(1, 98) if is_iban(f"ES{98 - each:02d}{account}")
    )
    wrong = account[:place] + str((int(account[place]) + 1) % 10) + account[place + 1 :]
    assert not is_iban(f"ES{check}{wrong}")


@given(st.text(st.characters(max_codepoint=0x2FFF, exclude_categories=["Cs", "Cc"]), max_size=30))
def test_misread_text_is_read_again(text: str) -> None:
    misread = "".join(
        bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in text.encode()
    )
    found = reread(misread)
    assert found is None or found == text or reread(text) is not None


@given(st.text(max_size=60), st.booleans())
def test_tidying_twice_changes_nothing(text: str, keep: bool) -> None:
    once = tidy(text, keep_spaces=keep)
    assert tidy(once, keep_spaces=keep) == once


@pytest.mark.parametrize(
    "text", ["SÃO PAULO", "AMANHÃ…", "VOILÀ…", "señor", "naïve café", "ÂME", "500 €"]
)
def test_good_text_is_not_called_misread(text: str) -> None:
    assert reread(text) is None
    assert tidy(text) == text
