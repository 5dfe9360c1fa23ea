"""``intent_classifier.pt``: a whole classifier in one file that plain torch can open.

It holds tensors and plain values only, so ``torch.load(path, weights_only=True)`` reads
it, and a program without aprendiz or transformers can use it: the page
``docs/how-to/load-the-pt-file.md`` shows the loader.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file

NAME = "intent_classifier.pt"
FORMAT = 1


def write(folder: Path, labels: Sequence[str]) -> Path:
    """Gather the files of an encoder model into one, beside them.

    Contents: ``format``, ``kind`` (``pooled`` or ``plain``), ``architecture`` (the
    Hugging Face configuration), ``weights`` (name to tensor), ``head`` (name to tensor,
    for ``pooled``), ``tokenizer`` (the text of tokenizer.json), ``id_to_intent``,
    ``pooling``, ``normalize``, ``max_length``, ``temperature``, and ``several`` where a text
    may have any number of labels.
    """
    settings = json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
    head = folder / "head.safetensors"
    content = {
        "format": FORMAT,
        "architecture": json.loads((folder / "config.json").read_text(encoding="utf-8")),
        "weights": load_file(folder / "model.safetensors"),
        "head": load_file(head) if head.is_file() else {},
        "tokenizer": (folder / "tokenizer.json").read_text(encoding="utf-8"),
        "id_to_intent": dict(enumerate(labels)),
        **settings,
    }
    path = folder / NAME
    torch.save(content, path)
    return path
