"""Runs inside a run: what is opened in a block belongs to one that is open already.

Only the name of the outer run is known here, for it may belong to another process.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

PARENT_TAG = "mlflow.parentRunId"
"""The tag by which MLflow's pages show a run under another."""

_outer: ContextVar[str] = ContextVar("outer_run", default="")


def outer_run() -> str:
    """The run that a new one belongs to; empty if none."""
    return _outer.get()


@contextmanager
def under(run_id: str) -> Iterator[None]:
    """Runs opened in this block belong to ``run_id``; to none if it is empty."""
    token = _outer.set(run_id)
    try:
        yield
    finally:
        _outer.reset(token)
