"""A classifier on an engine: texts to tokens, tokens to probabilities and scope. Needs no torch."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from aprendiz.errors import ModelFolderError
from aprendiz.evaluation.calibration import softmax
from aprendiz.evaluation.platt import sigmoid
from aprendiz.interfaces import Token
from aprendiz.neural.engine.engine import Engine, Outputs
from aprendiz.neural.text_encoder import TextEncoder

if TYPE_CHECKING:
    from aprendiz.neural.scope import Detector

SETTINGS = "classifier.json"
TOKENIZER = "tokenizer.json"


@dataclass(frozen=True, slots=True)
class TextSettings:
    """What a model folder says of its texts and its confidence.

    Attributes:
        max_length: most tokens of a text.
        pad: the number of the padding token.
        temperature: divides the logits before the softmax.
        several: a text may have any number of labels: each logit goes through a sigmoid by
            itself, and the temperature is 1.
    """

    max_length: int
    pad: int
    temperature: float
    several: bool = False

    @classmethod
    def read(cls, folder: Path) -> TextSettings:
        """Read ``classifier.json``.

        Raises:
            ModelFolderError: it is missing or incomplete, or has a number that means nothing.
        """
        try:
            told = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
            settings = cls(
                int(told["max_length"]),
                int(told["pad"]),
                float(told["temperature"]),
                bool(told.get("several", False)),
            )
            if not (
                0 < settings.temperature < math.inf and settings.max_length > 0 <= settings.pad
            ):
                raise ValueError(f"a number is out of range: {told}")
            return settings
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ModelFolderError(
                f"{folder / SETTINGS}: cannot be read ({error})", "train again"
            ) from None

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """What logits of shape ``(n, labels)`` mean, likewise, float64."""
        return sigmoid(logits) if self.several else softmax(logits, self.temperature)

    def text_encoder(self, folder: Path) -> TextEncoder:
        """The folder's tokenizer with these settings.

        Raises:
            ModelFolderError: there is none, or it is damaged.
        """
        try:
            return TextEncoder.from_file(folder / TOKENIZER, self.max_length, self.pad)
        except Exception as error:  # the Rust library raises plain ones
            raise ModelFolderError(
                f"{folder / TOKENIZER}: cannot be loaded ({error})", "train again"
            ) from None


class EngineClassifier:
    """A model in an engine; a :class:`aprendiz.interfaces.ScopedClassifier`, from any thread.

    Args:
        engine: does the work.
        text_encoder: from texts to token numbers.
        labels: label names in the order of the logits.
        settings: what the logits mean.
        detector: tells texts about the labels from others; ``None`` for none.
    """

    def __init__(
        self,
        engine: Engine,
        text_encoder: TextEncoder,
        labels: Sequence[str],
        settings: TextSettings,
        detector: Detector | None = None,
    ) -> None:
        self.engine = engine
        self._text_encoder = text_encoder
        self._labels = tuple(labels)
        self._settings = settings
        self._detector = detector

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in the order of the probabilities' columns."""
        return self._labels

    @property
    def max_tokens(self) -> int:
        """Most tokens of a text, special ones counted; what is longer is cut."""
        return self._text_encoder.max_length

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token numbers of each text, cut to the model's length."""
        return self._text_encoder.encode(texts)

    def tokens(self, text: str) -> list[Token]:
        """How a text is cut, for people."""
        return self._text_encoder.tokens(text)

    def outputs(self, texts: Sequence[str]) -> Outputs:
        """Logits and embeddings of some texts, at least one."""
        return self.engine.run(self.encode(texts))

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Probabilities, shape ``(len(texts), len(labels))``, float64."""
        return self.judge(texts)[0]

    def judge(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray | None]:
        """Probabilities, and the scope of each text, shape ``(len(texts),)``, or ``None``."""
        return self.judge_rows(self.encode(texts))

    def judge_rows(self, rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray | None]:
        """The same of rows that :meth:`encode` gave."""
        if not rows:
            return np.zeros((0, len(self._labels))), np.zeros(0) if self._detector else None
        told = self.engine.run(rows)
        scope = self._detector.scope(told.embeddings, told.logits) if self._detector else None
        return self._settings.probabilities(told.logits), scope
