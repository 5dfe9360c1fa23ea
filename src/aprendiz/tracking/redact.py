"""Taking credentials out of addresses and of sentences that quote them.

Tracking servers are often written as ``https://user:password@host``, and libraries
like to repeat the whole address in their error messages. Nothing that people or
servers read may carry that part.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import unquote, urlsplit

_CREDENTIALS = re.compile(r"(?<=://)[^\s/?#]*@")
_SHOWN = "***"
# What is shorter is no secret worth the name, and taking it out would garble every text.
_SHORTEST_SECRET = 4


def without_credentials(text: str) -> str:
    """The same address, or sentence with addresses in it, without ``user:password@``."""
    return _CREDENTIALS.sub("", text)


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """A sentence with no credentials in its addresses and ``***`` for every known secret."""
    clean = without_credentials(text)
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _SHORTEST_SECRET:
            clean = clean.replace(secret, _SHOWN)
    return clean


def credentials_in(address: str) -> tuple[str, ...]:
    """Password (as written and decoded) that stands in an address, to be redacted."""
    try:
        password = urlsplit(address).password
    except ValueError:
        return ()
    return (password, unquote(password)) if password else ()
