"""The platform as one object: its home, its store, and the thread that sees to the jobs.

Synchronous and safe to share between threads. It knows no HTTP: ``platform/http`` and
commands call it.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable
from pathlib import Path
from typing import IO

from aprendiz.errors import SettingsError
from aprendiz.platform.files import Files
from aprendiz.platform.jobs import Jobs
from aprendiz.platform.keys import KeyRing
from aprendiz.platform.store.store import Store
from aprendiz.platform.supervisor import Supervisor
from aprendiz.settings import Settings


def _nothing(_: str) -> None:
    """Say it to nobody."""


class Platform:
    """Files, jobs, models, deployments and keys in one folder.

    Making one opens the store, which a command may do beside a running service (to make a
    key, say). :meth:`start` makes it the one service of this home, which runs jobs.

    Args:
        home: the folder everything lies in; made if need be.
        database: ``postgresql://`` address of the store; empty takes the settings' one, and
            without that an SQLite file in the home.
        settings: of this machine.
        say: told one sentence at a time what is happening, from any thread.
        jobs_at_once: trainings that may run side by side.

    Raises:
        SettingsError: the home or the database's address cannot be used, or its tables are newer.
        ProviderError: the database does not answer.
    """

    def __init__(
        self,
        home: Path,
        *,
        database: str = "",
        settings: Settings,
        say: Callable[[str], None] = _nothing,
        jobs_at_once: int = 1,
    ) -> None:
        self.home = home.expanduser().absolute()
        try:
            self.home.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"{self.home}: cannot be the platform's home ({error.strerror or error})",
                "give a folder that you may write to with --home",
            ) from None
        self.settings = settings
        self._lock: IO[str] | None = None
        self.store = Store(self.home, database or settings.platform_database)
        self.keys = KeyRing(self.store, settings.platform_key.get_secret_value())
        self.files = Files(
            self.home / "files", self.store, most_bytes=settings.platform_max_file_bytes
        )
        folder = self.home / "jobs"
        self._supervisor = Supervisor(folder, self.store, self.files, say, jobs_at_once)
        self.jobs = Jobs(folder, self.store, self.files, settings, self._supervisor.wake)

    def start(self) -> None:
        """Become this home's service: take up the jobs where they were left, and run them.

        Raises:
            SettingsError: another service has this home or this database.
        """
        if self._lock is not None:
            return
        lock = (self.home / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            raise SettingsError(
                f"{self.home}: another aprendiz platform is running on this home",
                "stop that one, or choose another --home",
            ) from None
        if not self.store.claim():
            lock.close()
            raise SettingsError(
                f"another aprendiz platform is running on the database {self.store.place}",
                "stop that one, or choose another database",
            )
        self._lock = lock
        self.files.remove_leftovers()
        self._supervisor.remove_leftovers()
        self._supervisor.start()

    def stop(self) -> None:
        """Stop the trainings and close the store. Running jobs go on at the next start."""
        if self._lock is not None:
            self._supervisor.stop()
            self._lock.close()  # which lets go of the lock
            self._lock = None
        self.store.close()
