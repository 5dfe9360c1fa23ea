"""New ids and the time of day. Ids are random, so that nobody can guess a neighbour's."""

from __future__ import annotations

import secrets
import string
import time

_LETTERS = string.ascii_letters + string.digits


def new_id(prefix: str, length: int = 24) -> str:
    """``prefix`` and ``length`` random letters and digits (24 of them carry 142 bits)."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(length))


def now() -> int:
    """The time in whole Unix seconds, as every record has it."""
    return int(time.time())
