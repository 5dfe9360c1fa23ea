"""The classifier behind the server: warm-up, one inference thread, a bounded queue.

Knows nothing of HTTP beyond the faults it raises, and never touches the event
loop with model code: loading and predicting run in a thread of their own, so
``/health`` answers while both are busy.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from aprendiz.errors import ModelFolderError
from aprendiz.interfaces import Prediction
from aprendiz.serving.faults import Fault
from aprendiz.serving.life import ModelLife
from aprendiz.settings import Settings

# Short, ordinary and long: the first call of each size is the slow one.
_WARM_UP = ("hello", "what is happening in the world today?", "a longer text " * 60)

RETRY_BUSY = {"Retry-After": "1"}


class Servable(Protocol):
    """What serving needs of a model; ``aprendiz.artifact.model.Model`` has it."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names."""
        ...

    @property
    def name(self) -> str:
        """Name shown to clients."""
        ...

    @property
    def version(self) -> str:
        """Changes with any file of the model."""
        ...

    @property
    def threshold(self) -> float:
        """The model's own threshold."""
        ...

    def predict(self, texts: Sequence[str], threshold: float | None = None) -> list[Prediction]:
        """Answer each text, in order."""
        ...


Load = Callable[[Path], Servable]


def load_model(folder: Path) -> Servable:
    """Load a model folder; the libraries it needs are imported here and not before."""
    from aprendiz.workflow import load

    return load(folder)


class Service(ModelLife[Servable]):
    """A classifier in a server.

    Args:
        model_folder: what to serve; ``APRENDIZ_MODEL`` when not given.
        threshold: confidence under which an answer asks for clarification. When not
            given: ``APRENDIZ_THRESHOLD`` if it is set, else the model's own.
        settings: this machine's settings; read at start when not given.
        load: how a folder becomes a model.
        max_waiting: requests that may wait or run at once; one more is refused.
    """

    def __init__(
        self,
        model_folder: Path | None = None,
        *,
        threshold: float | None = None,
        settings: Settings | None = None,
        load: Load = load_model,
        max_waiting: int = 512,
    ) -> None:
        def load_and_warm_up(folder: Path) -> Servable:
            model = load(folder)
            for text in _WARM_UP:
                model.predict([text])
            return model

        super().__init__(model_folder, settings, load_and_warm_up)
        self._threshold = threshold
        self._max_waiting = max_waiting
        self._waiting = 0

    @property
    def threshold(self) -> float:
        """The threshold in force."""
        if self._threshold is not None:
            return self._threshold
        if "threshold" in self.settings.model_fields_set or self.model is None:
            return self.settings.threshold
        return self.model.threshold

    def require_place(self) -> Path:
        """The folder to serve.

        Raises:
            ModelFolderError: none was named, or it is not there.
            SettingsError: a setting of this machine cannot be used.
        """
        folder = super().require_place()
        if not folder.is_dir():
            raise ModelFolderError(
                f"{folder}: there is no such model folder", "aprendiz train --out FOLDER makes one"
            )
        return folder

    async def classify(self, text: str) -> tuple[Prediction, Servable]:
        """Answer one text in the inference thread; also tells which model answered.

        Raises:
            Fault: 503 before the model is ready; 429 when too many are waiting.
        """
        model, thread = self.ready()
        if self._waiting >= self._max_waiting:
            raise Fault(429, "too many requests are waiting", code="overloaded", headers=RETRY_BUSY)
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            [prediction] = await loop.run_in_executor(thread, model.predict, [text], self.threshold)
        finally:
            self._waiting -= 1
        if not math.isfinite(prediction.confidence):
            raise ArithmeticError("the model gave a probability that is not a number")
        return prediction, model
