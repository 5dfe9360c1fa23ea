"""Read a ``finetune`` model: an encoder with a linear head, or a plain Hugging Face classifier."""

from __future__ import annotations

from aprendiz.neural.engine.opening import load

__all__ = ["load"]
