"""BentoML: its adaptive batching, up to 64 texts, none refused for being late.

    python with_bentoml.py FOLDER PORT THREADS

Its batches are made of lists: a request holds a list of texts, here of one.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import bentoml
from model import MOST_TOGETHER, Model


@bentoml.service(workers=1, traffic={"timeout": 60}, logging={"access": {"enabled": False}})
class Classify:
    """The model behind ``POST /classify``."""

    def __init__(self) -> None:
        self.model = Model(Path(os.environ["SERVED_FOLDER"]), int(os.environ["SERVED_THREADS"]))

    @bentoml.api(
        route="/classify", batchable=True, max_batch_size=MOST_TOGETHER, max_latency_ms=60_000
    )
    def classify(self, texts: list[str]) -> list[dict[str, Any]]:
        """A batch."""
        return self.model.answer(texts)


def main() -> None:
    """Become ``bentoml serve``."""
    folder, port, threads = sys.argv[1:4]
    os.environ |= {"SERVED_FOLDER": folder, "SERVED_THREADS": threads}
    here = Path(__file__).resolve()
    command = [
        sys.executable, "-m", "bentoml", "serve", f"{here.stem}:Classify",
        "--working-dir", str(here.parent), "--host", "127.0.0.1", "--port", port,
    ]  # fmt: skip
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
