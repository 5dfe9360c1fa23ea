"""The one store that the platform's parts share, put together from a class a noun."""

from __future__ import annotations

from aprendiz.platform.store.events import EventRows
from aprendiz.platform.store.files import FileRows
from aprendiz.platform.store.jobs import JobRows
from aprendiz.platform.store.keys import KeyRows
from aprendiz.platform.store.models import ModelRows


class Store(FileRows, JobRows, EventRows, ModelRows, KeyRows):
    """Files, jobs, events, checkpoints, models, deployments and keys in one database.

    Threads may share it. Lookups raise :class:`aprendiz.platform.records.Refusal` with the
    status and code that the protocol has for them.
    """
