"""A model's life in a server, whatever it answers with: loading, ok, draining; or failed.

Loading and warming up run in the model's own thread, so ``/health`` answers meanwhile. What
is then asked of the model is ``service.py``'s (labels) and ``chat_service.py``'s (replies).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Generic, Literal, TypeVar

from aprendiz.errors import AprendizError, ModelFolderError
from aprendiz.serving.door import Door
from aprendiz.serving.faults import Fault
from aprendiz.serving.keys import Keys
from aprendiz.settings import Settings, get_settings

log = logging.getLogger("aprendiz.serving")

State = Literal["loading", "ok", "draining", "failed"]

RETRY_LOADING = {"Retry-After": "2"}

M = TypeVar("M")


class ModelLife(Generic[M]):
    """A model that a server loads, keeps and lets go.

    Args:
        place: what to serve; ``APRENDIZ_MODEL`` when not given.
        settings: this machine's settings; read from the environment in :meth:`start` when
            not given, so that making a service reads nothing.
        load: how a place becomes a model that has answered once; runs in the thread.
        anyone: whether machines beyond this one may come in without a key.
    """

    def __init__(
        self,
        place: Path | None,
        settings: Settings | None,
        load: Callable[[Path], M],
        *,
        anyone: bool = False,
    ) -> None:
        self.state: State = "loading"
        self.model: M | None = None
        self.failure: Exception | None = None
        self.on_ready: Callable[[], None] = lambda: None
        self.on_failure: Callable[[Exception], None] = lambda error: None
        self.door = Door(anyone=anyone)
        self._place = place
        self._settings = settings
        self._load = load
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
    def draining(self) -> bool:
        """The server is about to stop; every answer says good-bye."""
        return self.state == "draining"

    def require_place(self) -> Path:
        """What to serve.

        Raises:
            ModelFolderError: none was named, or it is not there.
            SettingsError: a setting of this machine cannot be used.
        """
        place = self._place or self.settings.model
        if place is None:
            raise ModelFolderError(
                "no model folder to serve", "aprendiz serve FOLDER, or set APRENDIZ_MODEL"
            )
        return place

    def start(self) -> None:
        """Begin to load, in the background. Call inside a running event loop.

        Raises:
            ModelFolderError: see :meth:`require_place`.
            SettingsError: a setting of this machine cannot be used.
        """
        place = self.require_place()
        self.change_locks()
        self.state, self.failure = "loading", None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="inference")
        self._loading = asyncio.create_task(self._become_ready(place, self._thread))

    def change_locks(self) -> None:
        """Read the keys anew.

        Raises:
            SettingsError: they cannot be read.
        """
        self.door = Door(Keys.of(self.settings), anyone=self.door.anyone)

    async def _become_ready(self, place: Path, thread: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        try:
            self.model = await loop.run_in_executor(thread, self._load, place)
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

    def ready(self) -> tuple[M, ThreadPoolExecutor]:
        """The model and its thread.

        Raises:
            Fault: 503, before there is one.
        """
        if self.model is None or self._thread is None:
            raise Fault(503, "the model is not ready yet", code="not_ready", headers=RETRY_LOADING)
        return self.model, self._thread

    def drain(self) -> None:
        """Tell balancers to go elsewhere; requests that still come are answered."""
        self.state = "draining"

    async def stop(self) -> None:
        """Let the thread end; called when no request is left."""
        if self._loading is not None:
            self._loading.cancel()
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
        self.model = self._thread = self._loading = None
        self.state = "draining"
