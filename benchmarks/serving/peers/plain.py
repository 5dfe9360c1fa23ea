"""ONNX Runtime without a server: what every rate is divided by.

    python plain.py FOLDER TEXTS THREADS SECONDS

``session.run`` in a loop, with default options but for the number of threads, on rows that are
tokens already, in batches of 32 as they come, each padded to its longest. Prints the texts a
second, and the answers to the first 64 texts, which those of the servers are compared with.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime
from model import Model

TOGETHER = 32
COMPARED = 64


def main() -> None:
    """Measure."""
    folder, threads, seconds = Path(sys.argv[1]), int(sys.argv[3]), float(sys.argv[4])
    texts = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))
    model = Model(folder, threads)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        folder / "model.onnx", options, providers=["CPUExecutionProvider"]
    )
    batches = []
    for start in range(0, len(texts), TOGETHER):
        cut = model.tokenizer.encode_batch(texts[start : start + TOGETHER])
        batches.append(
            {
                "input_ids": np.array([each.ids for each in cut], dtype=np.int64),
                "attention_mask": np.array([each.attention_mask for each in cut], dtype=np.int64),
            }
        )
    for batch in batches[:4]:
        session.run(["logits"], batch)
    done, begin, cpu = 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - begin < seconds:
        # Always all of them: a part of the mixed lengths would be another mixture.
        for batch in batches:
            session.run(["logits"], batch)
        done += len(texts)
    took = time.perf_counter() - begin
    told = {
        "rate": done / took,
        "cpu_ms": 1000 * (time.process_time() - cpu) / done,
        "answers": [
            [answer["intent"], answer["confidence"]]
            for text in texts[:COMPARED]
            for answer in model.answer([text])
        ],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
