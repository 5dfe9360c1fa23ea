"""The model behind the server: loading, warm-up, one inference thread, a bounded queue.

Knows nothing of HTTP beyond the faults it raises, and never touches the event
loop with model code: loading and predicting run in a thread of their own, so
``/health`` answers while both are busy.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Literal, Protocol

from aprendiz.errors import AprendizError, ModelFolderError
from aprendiz.interfaces import Prediction
from aprendiz.serving.faults import Fault
from aprendiz.settings import Settings, get_settings

log = logging.getLogger("aprendiz.serving")

State = Literal["loading", "ok", "draining", "failed"]

# Short, ordinary and long: the first call of each size is the slow one.
_WARM_UP = ("hello", "what is happening in the world today?", "a longer text " * 60)

RETRY_LOADING = {"Retry-After": "2"}
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


class Service:
    """A model's life in a server: loading, ok, draining; or failed.

    Args:
        model_folder: what to serve; ``APRENDIZ_MODEL`` when not given.
        threshold: confidence under which an answer asks for clarification. When not
            given: ``APRENDIZ_THRESHOLD`` if it is set, else the model's own.
        settings: this machine's settings; read from the environment in
            :meth:`start` when not given, so that making a service reads nothing.
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
        self.state: State = "loading"
        self.model: Servable | None = None
        self.failure: Exception | None = None
        self.on_ready: Callable[[], None] = lambda: None
        self.on_failure: Callable[[Exception], None] = lambda error: None
        self._model_folder = model_folder
        self._threshold = threshold
        self._settings = settings
        self._load = load
        self._max_waiting = max_waiting
        self._waiting = 0
        # One thread: fast tokenizers must not be shared between threads, and the
        # numerical libraries use every core for one call already.
        self._thread: ThreadPoolExecutor | None = None
        self._loading: asyncio.Task[None] | None = None

    @property
    def settings(self) -> Settings:
        """The settings in force, read once."""
        if self._settings is None:
            self._settings = get_settings()
        return self._settings

    @property
    def threshold(self) -> float:
        """The threshold in force."""
        if self._threshold is not None:
            return self._threshold
        if "threshold" in self.settings.model_fields_set or self.model is None:
            return self.settings.threshold
        return self.model.threshold

    @property
    def draining(self) -> bool:
        """The server is about to stop; every answer says good-bye."""
        return self.state == "draining"

    def require_folder(self) -> Path:
        """The folder to serve.

        Raises:
            ModelFolderError: none was named, or it is not there.
            SettingsError: a setting of this machine cannot be used.
        """
        folder = self._model_folder or self.settings.model
        if folder is None:
            raise ModelFolderError(
                "no model folder to serve", "aprendiz serve FOLDER, or set APRENDIZ_MODEL"
            )
        if not folder.is_dir():
            raise ModelFolderError(
                f"{folder}: there is no such model folder", "aprendiz train --out FOLDER makes one"
            )
        return folder

    def start(self) -> None:
        """Begin to load, in the background. Call inside a running event loop.

        Raises:
            ModelFolderError: see :meth:`require_folder`.
            SettingsError: a setting of this machine cannot be used.
        """
        folder = self.require_folder()
        self.state, self.failure = "loading", None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self._loading = asyncio.create_task(self._become_ready(folder, self._thread))

    async def _become_ready(self, folder: Path, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        try:
            self.model = await loop.run_in_executor(thread, self._load_and_warm_up, folder)
        except Exception as error:
            self.state, self.failure = "failed", error
            if isinstance(error, AprendizError):
                log.error("the model could not be loaded: %s\n%s", error.message, error.hint)
            else:
                log.error("the model could not be loaded", exc_info=error)
            self.on_failure(error)
            return
        if self.state == "loading":
            self.state = "ok"
            self.on_ready()

    def _load_and_warm_up(self, folder: Path) -> Servable:
        model = self._load(folder)
        for text in _WARM_UP:
            model.predict([text])
        return model

    async def classify(self, text: str) -> tuple[Prediction, Servable]:
        """Answer one text in the inference thread; also tells which model answered.

        Raises:
            Fault: 503 before the model is ready; 429 when too many are waiting.
        """
        model, thread = self.model, self._thread
        if model is None or thread is None:
            raise Fault(503, "the model is not ready yet", code="not_ready", headers=RETRY_LOADING)
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

    def drain(self) -> None:
        """Tell balancers to go elsewhere; requests that still come are answered."""
        self.state = "draining"

    async def stop(self) -> None:
        """Let the inference thread end; called when no request is left."""
        if self._loading is not None:
            self._loading.cancel()
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
        self.model = self._thread = self._loading = None
        self.state = "draining"
