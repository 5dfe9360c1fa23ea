"""What an export gives back: where the copy is and how alike it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aprendiz.assistants.parity import Parity

_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished export.

    Attributes:
        name: of the model.
        to: the form, ``hf`` or ``gguf``.
        words: the form in words.
        place: the folder, or the ``.gguf`` file if one was asked for.
        dtype: how weights are stored.
        bytes: of all files together.
        engine: what answered for the copy.
        prompts_from: where the prompts come from, in words.
        required: the least agreement that was asked for.
        parity: how alike the copy is.
    """

    name: str
    to: str
    words: str
    place: Path
    dtype: str
    bytes: int
    engine: str
    prompts_from: str
    required: float
    parity: Parity

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "name": self.name,
            "to": self.to,
            "place": str(self.place),
            "dtype": self.dtype,
            "bytes": self.bytes,
            "engine": self.engine,
            "prompts_from": self.prompts_from,
            "required": self.required,
            **self.parity.as_dict(),
        }

    def in_words(self) -> str:
        """For people, two lines or a few more where replies differ."""
        lines = [
            f"{self.place}: {self.words}, {self.dtype}, {self.bytes / 1e6:.1f} MB",
            f"{self.parity.identical} of {self.parity.prompts} greedy replies are word for word "
            f"the original's ({self.engine}; prompts: {self.prompts_from})",
        ]
        return "\n".join([*lines, *differences_in_words(self.parity)])


def differences_in_words(parity: Parity) -> list[str]:
    """The first few prompts that were answered differently, a line each."""
    lines = [f"  {each.prompt!r}: {each.why}" for each in parity.differences[:_SHOWN]]
    hidden = len(parity.differences) - _SHOWN
    return [*lines, f"  … and {hidden} more"] if hidden > 0 else lines
