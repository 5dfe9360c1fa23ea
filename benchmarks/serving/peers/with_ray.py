"""Ray Serve on this machine alone: one replica, ``@serve.batch`` of up to 64 texts within 5 ms.

python with_ray.py FOLDER PORT THREADS
"""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path
from typing import Any

import ray
from model import MOST_TOGETHER, WAIT_SECONDS, Model
from ray import serve
from starlette.requests import Request

FOLDER, PORT, THREADS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])


# By default a replica takes five requests at a time and could never fill a batch.
@serve.deployment(max_ongoing_requests=1024, ray_actor_options={"num_cpus": THREADS})
class Classify:
    """The model behind ``POST /classify``."""

    def __init__(self, folder: str, threads: int) -> None:
        self.model = Model(Path(folder), threads)

    @serve.batch(max_batch_size=MOST_TOGETHER, batch_wait_timeout_s=WAIT_SECONDS)
    async def answer(self, texts: list[str]) -> list[dict[str, Any]]:
        """A batch."""
        return self.model.answer(texts)

    async def __call__(self, request: Request) -> dict[str, Any]:
        """One request."""
        return await self.answer((await request.json())["text"])


def main() -> None:
    """Serve until SIGTERM."""
    done = threading.Event()
    ray.init(num_cpus=THREADS, include_dashboard=False, log_to_driver=False)
    signal.signal(signal.SIGTERM, lambda *_: done.set())
    serve.start(
        http_options={"host": "127.0.0.1", "port": PORT},
        logging_config={"enable_access_log": False},
    )
    serve.run(
        Classify.options(logging_config={"enable_access_log": False}).bind(FOLDER, THREADS),
        route_prefix="/classify",
    )
    done.wait()
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
