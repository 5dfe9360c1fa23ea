"""When a running server takes newer models: at SIGHUP, or when their folders change (``--watch``).

What a reload does, and that a failing one changes nothing, is ``service.py``'s.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from pathlib import Path

from aprendiz.artifact.manifest import NAME as MANIFEST
from aprendiz.errors import AprendizError
from aprendiz.serving.service import Service

log = logging.getLogger("aprendiz.serving")

Print = tuple[int, int, int] | None


class Reloader:
    """Reloads a service, one reload at a time.

    Args:
        service: whose models and keys.
        say: told what happens.
        on_exchanged: called after each reload, when the models that had to go are gone.
    """

    def __init__(
        self,
        service: Service,
        say: Callable[[str], None],
        on_exchanged: Callable[[], None] = lambda: None,
    ) -> None:
        self._service = service
        self._say = say
        self._on_exchanged = on_exchanged
        self._tasks: set[asyncio.Task[None]] = set()
        self._again = False

    def hangup(self) -> None:
        """SIGHUP has come; what comes while a reload runs asks for one more."""
        if self._tasks:
            self._again = True
            return
        self._start()

    def _start(self) -> None:
        self._again = False
        task = asyncio.get_running_loop().create_task(self._reload())
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a reload failed", exc_info=task.exception())
        self._on_exchanged()  # not before the task has ended, which knew the old models
        if self._again and not task.cancelled():
            self._start()

    async def _reload(self) -> None:
        try:
            self._service.change_locks()
        except AprendizError as error:
            self._say(f"kept: the keys in force; {error.message}")
        await self._service.reload()
        await self._service.retired()

    async def watch(self, seconds: float = 1.0) -> None:
        """Reload when a folder has another model than before, until cancelled.

        A folder is looked at by its manifest, which is written last; it is taken when it looks
        the same twice.
        """
        folders = self._service.require_folders()
        known = before = _prints(folders)
        while True:
            await asyncio.sleep(seconds)
            now = _prints(folders)
            if now != known and now == before:
                known = now
                self.hangup()
            before = now


def _prints(folders: Iterable[Path]) -> dict[Path, Print]:
    """A folder that is not there for a moment, while another takes its place, has none."""
    return {folder: _print_of(folder / MANIFEST) for folder in folders}


def _print_of(manifest: Path) -> Print:
    try:
        told = manifest.stat()
    except OSError:
        return None
    return told.st_ino, told.st_mtime_ns, told.st_size
