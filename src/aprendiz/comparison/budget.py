"""How long a comparison may take: ``2m`` read, and what is left of it."""

from __future__ import annotations

import re
import time

from aprendiz.errors import RecipeError

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0}
_PARTS = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m)?(?:(\d+(?:\.\d+)?)s?)?")


class Budget:
    """Time that runs from now; use one a comparison.

    Args:
        seconds: how much there is; ``None`` for no limit.
    """

    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.deadline = None if seconds is None else time.monotonic() + seconds

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self.deadline is not None and time.monotonic() >= self.deadline


def seconds_in(told: str | float | None) -> float | None:
    """``2m``, ``90s``, ``1h30m`` or a number of seconds, as seconds.

    Raises:
        RecipeError: it is no length of time.
    """
    if told is None:
        return None
    if isinstance(told, int | float):
        seconds = float(told)
    else:
        match = _PARTS.fullmatch(told.strip().lower().replace(" ", ""))
        found = match.groups() if match else ()
        seconds = sum(
            float(part) * unit for part, unit in zip(found, _UNITS.values(), strict=False) if part
        )
    if not seconds > 0:
        raise RecipeError(f"{told!r} is no length of time", "for example 90s, 2m or 1h30m")
    return seconds
