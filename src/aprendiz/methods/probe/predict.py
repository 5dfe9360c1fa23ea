"""Read a ``probe`` model: an encoder with a linear head."""

from __future__ import annotations

from aprendiz.neural.engine.opening import load

__all__ = ["load"]
