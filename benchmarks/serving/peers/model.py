"""The model as every peer's server runs it: tokenizer, graph, softmax. Nothing of aprendiz.

The file is imported in the peers' own environments, so it needs numpy, onnxruntime and
tokenizers only. The session is opened as aprendiz opens its own (threads as given, none that
spins while it waits), so that what differs between two servers is the server.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

MOST_TOGETHER = 64
"""Texts of a batch, for every peer that batches."""

WAIT_SECONDS = 0.005
"""How long such a peer waits for a batch to fill."""


class Model:
    """A model folder's fp32 graph in ONNX Runtime.

    Args:
        folder: an exported model folder.
        threads: of the session.
    """

    def __init__(self, folder: Path, threads: int) -> None:
        said = json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
        self.temperature = float(said["temperature"])
        self.labels: list[str] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))[
            "labels"
        ]
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.enable_truncation(int(said["max_length"]))
        self.tokenizer.enable_padding(pad_id=int(said["pad"]))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.session = onnxruntime.InferenceSession(
            folder / "model.onnx", options, providers=["CPUExecutionProvider"]
        )

    def answer(self, texts: list[str]) -> list[dict[str, Any]]:
        """Label, confidence and every probability of each text, padded to the longest of them."""
        cut = self.tokenizer.encode_batch(texts)
        fed = {
            "input_ids": np.array([each.ids for each in cut], dtype=np.int64),
            "attention_mask": np.array([each.attention_mask for each in cut], dtype=np.int64),
        }
        logits = self.session.run(["logits"], fed)[0] / self.temperature
        return [self.told(row) for row in softmax(logits)]

    def told(self, row: np.ndarray) -> dict[str, Any]:
        """The answer of the old intents API: the label, and the whole distribution."""
        best = int(row.argmax())
        return {
            "intent": self.labels[best],
            "confidence": float(row[best]),
            "probabilities": dict(zip(self.labels, row.tolist(), strict=True)),
        }


def softmax(logits: np.ndarray) -> np.ndarray:
    """Row by row."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
