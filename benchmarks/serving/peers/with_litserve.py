"""LitServe: batches of up to 64 texts, gathered for 5 ms, with its queue for high throughput.

python with_litserve.py FOLDER PORT THREADS
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import litserve
from model import MOST_TOGETHER, WAIT_SECONDS, Model

FOLDER, PORT, THREADS = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])


class Classify(litserve.LitAPI):
    """The model behind ``POST /classify``."""

    def setup(self, device: str) -> None:
        """In the worker's process."""
        self.model = Model(FOLDER, THREADS)

    def decode_request(self, request: dict[str, str], **_: Any) -> str:
        """The text."""
        return request["text"]

    def predict(self, texts: list[str], **_: Any) -> list[dict[str, Any]]:
        """A batch."""
        return self.model.answer(texts)

    def encode_response(self, output: dict[str, Any], **_: Any) -> dict[str, Any]:
        """As it is."""
        return output


if __name__ == "__main__":
    api = Classify(max_batch_size=MOST_TOGETHER, batch_timeout=WAIT_SECONDS, api_path="/classify")
    server = litserve.LitServer(api, accelerator="cpu", timeout=60, fast_queue=True)
    server.run(host="127.0.0.1", port=PORT, log_level="warning", generate_client_file=False)
