"""What a training gave back, whatever it learnt from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from aprendiz.artifact.manifest import Manifest
from aprendiz.data.records import Finding
from aprendiz.recipe import Recipe


class Measured(Protocol):
    """Figures on held-out rows: of a classifier, or of a chat model's answers."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        ...

    def in_words(self) -> str:
        """The main figures for a person, with their intervals."""
        ...


@dataclass(frozen=True)
class TrainResult:
    """What a training gave.

    Attributes:
        folder: the model folder; ``None`` after a dry run.
        recipe: the filled recipe.
        split: how the rows were divided, in words.
        findings: warnings about the data.
        part: which rows were measured: ``test``, ``validation`` or ``none``.
        evaluation: figures on that part.
        seconds: wall time of the learning itself.
        manifest: what the folder says of itself.
    """

    folder: Path | None
    recipe: Recipe
    split: str
    findings: tuple[Finding, ...]
    part: str
    evaluation: Measured | None
    seconds: float
    manifest: Manifest | None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "model": str(self.folder) if self.folder else None,
            "version": self.manifest.version if self.manifest else None,
            "recipe": self.recipe.model_dump(mode="json"),
            "split": self.split,
            "seconds": round(self.seconds, 3),
            "part": self.part,
            "evaluation": self.evaluation.as_dict() if self.evaluation else None,
            "report": str(self.folder / "report.html") if self.evaluation and self.folder else None,
            "findings": [finding.as_dict() for finding in self.findings],
        }

    def summary(self) -> str:
        """The result in a few lines for a person."""
        if self.folder is None:
            return f"nothing trained (dry run): {self.recipe.method}, {self.split}"
        lines = [f"model:    {self.folder}"]
        if self.evaluation is not None:
            lines.append(self.evaluation.in_words())
            lines.append(f"report:   {self.folder / 'report.html'}")
        if self.manifest is not None and not self.manifest.labels:
            lines.append(f"next:     aprendiz chat {self.folder}")
        else:
            lines.append(f'next:     aprendiz predict {self.folder} "a text of yours"')
        return "\n".join(lines)
