"""Keeps what transformers, PEFT and TRL will change one day off the terminal of a user."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_advance_notices() -> Iterator[None]:
    """No ``FutureWarning`` inside: they are for whoever writes the call, not for who runs it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        yield
