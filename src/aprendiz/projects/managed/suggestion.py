"""A suggestion: something to do about a tested model, and what was found that speaks for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

LEVEL = 0.05  # a difference that chance makes less often than this is taken for real


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Something to do, and why.

    Attributes:
        kind: stable short name.
        message: what was found, with its numbers.
        action: what to do about it.
        evidence: the numbers and texts it rests on, as plain values.
    """

    kind: str
    message: str
    action: str
    evidence: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def of(some: int, whole: int) -> str:
    """``3 of 12``."""
    return f"{some} of {whole}"


def listed(counts: Mapping[str, int]) -> str:
    """``queja 3, comprar 1``."""
    return ", ".join(f"{name} {count}" for name, count in counts.items())
