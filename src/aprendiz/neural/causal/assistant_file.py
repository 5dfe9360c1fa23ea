"""``assistant.json``: which base model an adapter's folder needs, and how much it reads.

The base itself is not in the folder, so its name alone could one day mean other weights:
the SHA-256 beside it settles that. Reading and writing only; ``base.py`` finds the base.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from aprendiz.errors import BaseModelError, ModelFolderError
from aprendiz.neural.causal.base import CausalBase

NAME = "assistant.json"


@dataclass(frozen=True, slots=True)
class AssistantFile:
    """What a folder with an adapter says of the model it belongs to.

    Attributes:
        base_model: name that finds the base again, as the recipe gave it.
        base_model_sha256: of the base's weights, hex.
        context: most tokens of a conversation and its reply together.
    """

    base_model: str
    base_model_sha256: str
    context: int

    def write(self, folder: Path) -> None:
        """Put ``assistant.json`` into a folder."""
        (folder / NAME).write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, folder: Path) -> AssistantFile:
        """Read a folder's ``assistant.json``.

        Raises:
            ModelFolderError: it is missing, or not what :meth:`write` makes.
        """
        path = folder / NAME
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls(
                base_model=str(values["base_model"]),
                base_model_sha256=str(values["base_model_sha256"]),
                context=int(values["context"]),
            )
        except FileNotFoundError:
            raise ModelFolderError(
                f"{folder}: has no {NAME}, so its base model is unknown", "train again"
            ) from None
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ModelFolderError(f"{path}: cannot be read ({error})", "train again") from None

    def refuse_another(self, base: CausalBase) -> None:
        """Make sure that a base is the one the adapter was trained on.

        Raises:
            BaseModelError: its weights are not the ones that were adapted.
        """
        if base.sha256 != self.base_model_sha256:
            raise BaseModelError(
                f"{base.folder}: not the {self.base_model!r} that the adapter was trained on "
                f"(SHA-256 {base.sha256[:12]}… instead of {self.base_model_sha256[:12]}…)",
                "put the old base model back, or train again on this one",
            )
