"""Who takes part: how each server is started, where it listens and how it is asked.

Nothing here measures. The same text, model and labels for all; only the envelope of a request
differs, where a server has one of its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from environments import PROJECT, python_of
from models import why_not

from aprendiz.neural.engine import kinds

PEERS = Path(__file__).resolve().parent / "peers"
PLAIN = "plain"
NAIVE = "naive"


@dataclass(frozen=True)
class Shape:
    """How a server is asked for one text, and where the answer stands in what it says.

    Attributes:
        path: of the route.
        asked: a text to the body's JSON.
        answered: the answer's JSON to label and confidence.
    """

    path: str
    asked: Callable[[str], object]
    answered: Callable[[Any], tuple[str, float]]

    def body(self, text: str) -> bytes:
        """A request's body."""
        return json.dumps(self.asked(text)).encode()

    def answer(self, body: bytes) -> tuple[str, float]:
        """Label and confidence."""
        return self.answered(json.loads(body))


def _of(told: dict[str, Any]) -> tuple[str, float]:
    return str(told["intent"]), float(told["confidence"])


OWN = Shape("/classify", lambda text: {"text": text}, _of)
LISTED = Shape("/classify", lambda text: {"texts": [text]}, lambda told: _of(told[0]))
MLFLOW = Shape(
    "/invocations", lambda text: {"inputs": [text]}, lambda told: _of(told["predictions"][0])
)


@dataclass(frozen=True)
class Contestant:
    """A line of the table.

    Attributes:
        title: its name there.
        script: its file in ``peers``; empty for aprendiz.
        environment: ``project`` for the one that this runs in.
        shape: how it is asked.
        health: the path that says whether it lives.
        engine: of aprendiz, the engine that answers.
        processes: whether it has a process, with a model, for each thread.
        variables: more of its environment.
    """

    title: str
    script: str = ""
    environment: str = PROJECT
    shape: Shape = OWN
    health: str = "/health"
    engine: str = ""
    processes: bool = False
    variables: dict[str, str] = field(default_factory=dict)

    def command(self, models: Path, port: int, threads: int, work: Path) -> list[str]:
        """What starts it.

        Args:
            models: folder with a model folder for each engine, and ``trained``.
            port: to listen on.
            threads: that it may compute with.
            work: where the environments are.

        Raises:
            CannotInstall: its environment cannot be made.
        """
        if not self.script:
            folder = models / self.engine
            return [sys.executable, "-m", "aprendiz", "serve", str(folder), "--port", str(port)]
        each = [str(threads), "1"] if not self.processes else ["1", str(threads)]
        script = str(PEERS / f"{self.script}.py")
        python = str(python_of(self.environment, work))
        return [python, script, str(models / "trained"), str(port), *each]

    def missing(self, models: Path) -> str:
        """Why it cannot run on this machine; empty if it can, as far as is known before."""
        return why_not(models, self.engine) if self.engine else ""


def _ours() -> dict[str, Contestant]:
    return {
        f"aprendiz-{name}": Contestant(f"aprendiz, {kind.words}", engine=name, health="/livez")
        for name, kind in kinds.KINDS.items()
    }


# Before the table begins: nobody phones home, which would only be a wait on a closed door here.
_QUIET = {
    "BENTOML_DO_NOT_TRACK": "True",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "RAY_USAGE_STATS_ENABLED": "0",
    "DO_NOT_TRACK": "1",
}

CONTESTANTS: dict[str, Contestant] = {
    NAIVE: Contestant("FastAPI + torch, a request at a time (system A)", "with_naive"),
    "fastapi": Contestant("FastAPI + ONNX Runtime, a request at a time", "with_fastapi"),
    "fastapi-processes": Contestant(
        "the same, a process for each core", "with_fastapi", processes=True
    ),
    "litserve": Contestant("LitServe", "with_litserve", "litserve", variables=_QUIET),
    "bentoml": Contestant(
        "BentoML", "with_bentoml", "bentoml", LISTED, health="/livez", variables=_QUIET
    ),
    "mlflow": Contestant(
        "MLflow's scoring server", "with_mlflow", "mlflow", MLFLOW, health="/ping",
        variables=_QUIET,
    ),
    "ray": Contestant(
        "Ray Serve, `@serve.batch`", "with_ray", "ray", health="/-/healthz", variables=_QUIET
    ),
    **_ours(),
}  # fmt: skip
