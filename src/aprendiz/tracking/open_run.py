"""The door to a run's diary: in memory always, in MLflow as well when it is there.

Whatever is wrong with tracking, a run comes back and training goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from aprendiz.errors import JobStopped, MissingExtra, ProviderError
from aprendiz.settings import Settings
from aprendiz.tracking import library
from aprendiz.tracking.memory import MemoryRun

if TYPE_CHECKING:
    from aprendiz.tracking.mlflow_run import MlflowRun


def open_run(
    settings: Settings,
    *,
    name: str,
    track: bool,
    say: Callable[[str], None],
    resume: Path | None = None,
) -> MemoryRun | MlflowRun:
    """Begin a run; the caller closes it. Prefer :func:`recording`, which never forgets to.

    Args:
        settings: where to record, and with which credentials.
        name: what people call the run.
        track: record with MLflow; without it the run is kept in memory only.
        say: told, in one sentence, why a run is not recorded.
        resume: journal of the run. If an interrupted training left one there, its
            history is read back and its MLflow run is reopened; else it is begun.
    """
    memory = MemoryRun(journal=resume)
    if not track:
        return memory
    if not library.mlflow_installed():
        missing = MissingExtra("track", "mlflow")
        say(f"this run is not recorded: MLflow is not installed ({missing.hint})")
        return memory
    library.prepare(settings)
    from aprendiz.tracking import mlflow_run

    try:
        return mlflow_run.start(settings, name=name, say=say, memory=memory)
    except ProviderError as error:
        say(f"warning: {error.message}; training goes on without ({error.hint})")
    except Exception as error:
        from aprendiz.tracking.mlflow_store import known_secrets, why

        say(f"warning: this run is not recorded ({why(error, known_secrets(settings))})")
    return memory


@contextmanager
def recording(
    settings: Settings,
    *,
    name: str,
    track: bool,
    say: Callable[[str], None],
    resume: Path | None = None,
) -> Iterator[MemoryRun | MlflowRun]:
    """A run for the length of a ``with`` block, closed with the status it deserves.

    ``finished`` at the end of the block, ``killed`` on Ctrl-C (also as
    :class:`JobStopped`), ``failed`` on any other exception, which goes on its way.
    A process that is killed outright cannot say so: the next run does it for it.
    """
    run = open_run(settings, name=name, track=track, say=say, resume=resume)
    try:
        yield run
    except (KeyboardInterrupt, JobStopped):
        run.close("killed")
        raise
    except BaseException:
        run.close("failed")
        raise
    run.close("finished")
