"""No password survives in an address or in a sentence that quotes one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.tracking.redact import credentials_in, redact, without_credentials

# Printable; the characters with a meaning in an address are written in percent there.
PASSWORD = st.text(
    st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="/?#@:[]%*"), min_size=6
)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("https://me:secret@host:5000/path", "https://host:5000/path"),
        ("postgresql://me:p@ss@db/runs", "postgresql://db/runs"),
        ("https://token@host", "https://host"),
        ("sqlite:////home/me@work/mlflow.db", "sqlite:////home/me@work/mlflow.db"),
        ("http://host:5000", "http://host:5000"),
        ("no address: write to me@example.org", "no address: write to me@example.org"),
        ("", ""),
    ],
)
def test_the_address_stays_and_the_credentials_go(written, shown):
    assert without_credentials(written) == shown


@given(PASSWORD)
def test_a_password_never_survives_in_a_sentence(password):
    address = f"https://user:{password}@tracking.example/api"
    sentence = f"API request to {address} failed: bad credentials {password}!"
    clean = redact(sentence, credentials_in(address))
    assert f":{password}@" not in clean
    assert clean.startswith("API request to https://tracking.example/api failed")
    assert clean.endswith("bad credentials ***!")
