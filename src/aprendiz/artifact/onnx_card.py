"""The card of an exported classifier: what it is, how it was checked, how to use it without us."""

from __future__ import annotations

from collections.abc import Sequence

from aprendiz.artifact.manifest import Manifest
from aprendiz.artifact.markdown import plain

_CARD = """\
# {name}

An exported `{method}` model: one ONNX graph with pooling and head inside, its tokenizer, its
{labels} labels, its temperature and the rules by which it answers (`decision.json`). It needs no
torch, no transformers and no scikit-learn. It answers with the engine `{engine}`.

## Checked

The copy was asked what the original was asked; it would not have been written otherwise.

{checked}

## Use it

With aprendiz: `aprendiz predict FOLDER "a text of yours"`, `aprendiz serve FOLDER`, or
`aprendiz.load(FOLDER)` in Python. `aprendiz bench FOLDER` measures its engines on your machine.

Without aprendiz, `pip install onnxruntime tokenizers` is enough. Set `ORT_DISABLE_TELEMETRY=1` beforehand
if ONNX Runtime shall not report to its maker; aprendiz does.

```python
import json
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

folder = Path(".")  # where this card lies
settings = json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
labels = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["labels"]
tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
tokenizer.enable_truncation(settings["max_length"])
tokenizer.enable_padding(pad_id=settings["pad"])
session = onnxruntime.InferenceSession(folder / "{file}")

texts = ["a text of yours"]
encoded = tokenizer.encode_batch(texts)
logits, embedding = session.run(
    ["logits", "embedding"],
    {{
        "input_ids": np.array([each.ids for each in encoded], dtype=np.int64),
        "attention_mask": np.array([each.attention_mask for each in encoded], dtype=np.int64),
    }},
)
{probabilities}
for text, row in zip(texts, probabilities):
    print(text, "->", labels[int(row.argmax())], float(row.max()))
```
"""


_SOFTMAX = """\
scaled = logits / settings["temperature"]
powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
probabilities = powers / powers.sum(axis=1, keepdims=True)"""

_SIGMOID = """\
probabilities = 1 / (1 + np.exp(-logits))  # of each label by itself: a text may have several"""


def onnx_card(
    manifest: Manifest, engine: str, file: str, checked: Sequence[str], several: bool = False
) -> str:
    """The card as Markdown.

    Args:
        manifest: of the export.
        engine: what answers.
        file: the graph it uses.
        checked: what the gates measured, a sentence each.
        several: a text may have several labels.
    """
    return _CARD.format(
        name=plain(manifest.name),
        method=manifest.method,
        labels=len(manifest.labels),
        engine=engine,
        file=file,
        probabilities=_SIGMOID if several else _SOFTMAX,
        checked="\n".join(f"- {plain(line)}" for line in checked),
    )
