"""What a server writes down for later training: corrections, and texts it was not sure of.

Both are off unless a file is named, and bounded: when a file is half as large as allowed it
becomes ``NAME.old`` (in place of the last one) and a new one begins. One JSON object a line
with ``text`` and ``label`` first, as ``aprendiz data check`` and ``data suspects`` read them.
Only the file's owner can read it, for it holds what clients wrote.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from aprendiz.errors import SettingsError

log = logging.getLogger("aprendiz.serving")

_MOST_WAITING = 1_000


class Notes:
    """One such file, written by a thread of its own.

    Args:
        file: made at once, so that a place where nothing can be written is found at the start.
        most_bytes: of this file and the old one together.

    Raises:
        SettingsError: nothing can be written there.
    """

    def __init__(self, file: Path, most_bytes: int) -> None:
        self.file = file
        self._most = most_bytes // 2
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=file.name)
        self._waiting = 0
        self._failed = False
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._open().close()
        except OSError as error:
            raise SettingsError(
                f"{file}: nothing can be written there ({error.strerror})",
                "name another file, or unset APRENDIZ_SERVE_FEEDBACK or APRENDIZ_SERVE_DOUBTFUL",
            ) from None

    async def keep(self, row: Mapping[str, Any]) -> None:
        """Write a row, and come back when it is written.

        Raises:
            OSError: it could not be written.
        """
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, row)

    def mention(self, row: Mapping[str, Any]) -> None:
        """Write a row some time; dropped when the disk is slower than the clients."""
        if self._waiting < _MOST_WAITING:
            self._waiting += 1
            self._thread.submit(self._write, row).add_done_callback(self._mentioned)

    def close(self) -> None:
        """Write what waits, and end the thread."""
        self._thread.shutdown(wait=True)

    def _mentioned(self, future: Future[None]) -> None:
        self._waiting -= 1
        error = future.exception()
        if error is not None and not self._failed:
            log.warning("%s cannot be written: %s", self.file, error)
        self._failed = error is not None

    def _write(self, row: Mapping[str, Any]) -> None:
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        # ASCII only: escapes keep every control character of a text on its own line.
        line = json.dumps({**row, "at": at}).encode() + b"\n"
        if len(line) > self._most:
            return
        with self._open() as out:
            if out.tell() + len(line) > self._most:
                self.file.replace(self.file.with_name(f"{self.file.name}.old"))
                with self._open() as new:
                    new.write(line)
                return
            out.write(line)

    def _open(self) -> Any:
        descriptor = os.open(self.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        return os.fdopen(descriptor, "ab")
