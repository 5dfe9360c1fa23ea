"""FastAPI and ONNX Runtime, one text a run: what people write when torch is too slow for them.

python with_fastapi.py FOLDER PORT THREADS [PROCESSES]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI
from model import Model
from pydantic import BaseModel, Field

if __name__ == "__main__":
    # Several processes import this file anew, and find it all in their environment.
    os.environ["SERVED_FOLDER"], os.environ["SERVED_THREADS"] = sys.argv[1], sys.argv[3]


class ClassifyRequest(BaseModel):
    """What is asked."""

    text: str = Field(min_length=1)


def create_app() -> FastAPI:
    """The application of one process, with a model of its own."""
    model = Model(Path(os.environ["SERVED_FOLDER"]), int(os.environ["SERVED_THREADS"]))
    app = FastAPI()

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/classify")
    def classify(request: ClassifyRequest) -> dict[str, Any]:
        return model.answer([request.text])[0]

    return app


if __name__ == "__main__":
    uvicorn.run(
        "with_fastapi:create_app", factory=True, host="127.0.0.1", port=int(sys.argv[2]),
        workers=int(sys.argv[4]) if len(sys.argv) > 4 else 1,
        log_level="warning", access_log=False,
    )  # fmt: skip
