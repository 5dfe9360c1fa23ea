"""The old intents API as it was: FastAPI, a ``def`` route, tokenizer and torch for each request.

    python with_naive.py FOLDER PORT THREADS

The folder is a trained one: it has the encoder, its tokenizer and the head.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, Field
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

FOLDER, PORT, THREADS = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])

torch.set_num_threads(THREADS)
said = json.loads((FOLDER / "classifier.json").read_text(encoding="utf-8"))
labels = json.loads((FOLDER / "manifest.json").read_text(encoding="utf-8"))["labels"]
tokenizer = AutoTokenizer.from_pretrained(FOLDER)
encoder = AutoModel.from_pretrained(FOLDER, dtype=torch.float32).eval()
head = load_file(FOLDER / "head.safetensors")
app = FastAPI()


class ClassifyRequest(BaseModel):
    """What is asked."""

    text: str = Field(min_length=1)


@app.get("/health")
def health() -> dict[str, str]:
    """Alive."""
    return {"status": "ok"}


@app.post("/classify")
def classify(request: ClassifyRequest) -> dict[str, Any]:
    """One text, one forward pass."""
    batch = tokenizer(
        request.text, truncation=True, max_length=said["max_length"], return_tensors="pt"
    )
    with torch.no_grad():
        hidden = encoder(**batch).last_hidden_state
        pooled = hidden.mean(dim=1) if said["pooling"] == "mean" else hidden[:, 0]
        if said["normalize"]:
            pooled = torch.nn.functional.normalize(pooled, dim=-1)
        logits = pooled @ head["weight"].T + head["bias"]
        probabilities = torch.softmax(logits / said["temperature"], dim=-1)[0].tolist()
    ranked = dict(zip(labels, probabilities, strict=True))
    best = max(ranked, key=lambda label: ranked[label])
    return {"intent": best, "confidence": ranked[best], "probabilities": ranked}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=PORT, log_level="warning", access_log=False)
