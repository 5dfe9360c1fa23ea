"""Whether MLflow is there, and what it must be told before it is imported.

MLflow reads its switches from the environment; ours only fill in what the user has
not set.
"""

from __future__ import annotations

import importlib.util

from aprendiz.settings import Settings, hand_to_libraries, set_library_default

_DEFAULTS = {
    # A server that has gone costs seconds, not MLflow's default of several minutes.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    # Offline is a first-class place: nothing calls home.
    "MLFLOW_DISABLE_TELEMETRY": "true",
    # stdout belongs to our answers, stderr to our talk.
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_AGENT_HINT": "true",
    "MLFLOW_LOGGING_LEVEL": "ERROR",
    "GIT_PYTHON_REFRESH": "quiet",
}


def mlflow_installed() -> bool:
    """Whether the extra ``track`` is there; imports nothing."""
    return importlib.util.find_spec("mlflow") is not None


def prepare(settings: Settings) -> None:
    """Hand our defaults and the credentials from ``.env`` to MLflow; call before importing it."""
    hand_to_libraries(settings)
    for name, value in _DEFAULTS.items():
        set_library_default(name, value)


def prepare_pages(settings: Settings) -> None:
    """The same for ``mlflow ui`` as a child process, which is also told where the runs are.

    By the environment and not on its command line, where other users of the machine
    could read the password of a database.
    """
    prepare(settings)
    set_library_default("MLFLOW_BACKEND_STORE_URI", settings.tracking_uri)
    # Looking at runs needs no queue of background jobs.
    set_library_default("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
