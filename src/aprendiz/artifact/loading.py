"""How to use a model folder without aprendiz: the code that its card shows."""

from __future__ import annotations

import re

from aprendiz.artifact.manifest import Manifest

_SEQUENCE_CLASSIFIER = """\
The files are in Hugging Face format. `temperature` makes the probabilities mean what they
say; the label answered does not depend on it.

```python
import json
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

folder = Path("{folder}")
settings = json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForSequenceClassification.from_pretrained(folder).eval()

texts = ["a text of yours"]
batch = tokenizer(
    texts, padding=True, truncation=True, max_length=settings["max_length"], return_tensors="pt"
)
with torch.inference_mode():
    logits = model(**batch).logits
probabilities = torch.softmax(logits / settings["temperature"], dim=-1)
for text, row in zip(texts, probabilities):
    print(text, "->", model.config.id2label[int(row.argmax())], float(row.max()))
```
"""

_ENCODER_AND_HEAD = """\
`AutoModelForSequenceClassification` does not know this architecture (it would put a fresh,
untrained head on the encoder). The encoder itself is in Hugging Face format and the head is
one linear layer in `head.safetensors`, so plain transformers is enough:

```python
import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from transformers import AutoModel, AutoTokenizer

folder = Path("{folder}")
settings = json.loads((folder / "classifier.json").read_text(encoding="utf-8"))
labels = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["labels"]
tokenizer = AutoTokenizer.from_pretrained(folder)
encoder = AutoModel.from_pretrained(folder).eval()
head = load_file(folder / "head.safetensors")

texts = ["a text of yours"]
batch = tokenizer(
    texts, padding=True, truncation=True, max_length=settings["max_length"], return_tensors="pt"
)
with torch.inference_mode():
    hidden = encoder(**batch).last_hidden_state
    if settings["pooling"] == "cls":
        embeddings = hidden[:, 0]
    else:  # the mean over real tokens
        mask = batch["attention_mask"].unsqueeze(-1).to(hidden.dtype)
        embeddings = (hidden * mask).sum(dim=1) / mask.sum(dim=1)
    if settings["normalize"]:
        embeddings = torch.nn.functional.normalize(embeddings, dim=-1)
    logits = embeddings @ head["weight"].T + head["bias"]
probabilities = torch.softmax(logits / settings["temperature"], dim=-1)
for text, row in zip(texts, probabilities):
    print(text, "->", labels[int(row.argmax())], float(row.max()))
```
"""

_NO_NETWORK = """\
This model has no neural network: there is nothing in it that `transformers` could load. It
is arrays (`.safetensors`) and vocabularies (`.json`) that aprendiz reads, and it needs no
GPU and no torch.
"""

_AT_A_SERVICE = """\
The model is not in this folder. It answers at {service}, where any client of the OpenAI
protocol can ask it; the task it was given stands in `managed.json`.

```python
import json
from pathlib import Path

import openai

pointer = json.loads(Path("{folder}/managed.json").read_text(encoding="utf-8"))
reply = openai.OpenAI().chat.completions.create(  # OPENAI_BASE_URL and OPENAI_API_KEY say where
    model=pointer["deployment"] or pointer["model"],
    messages=[
        {"role": "system", "content": pointer["system_prompt"]},
        {"role": "user", "content": "a text of yours"},
    ],
)
print(reply.choices[0].message.content)
```
"""


def is_elsewhere(manifest: Manifest) -> bool:
    """Whether the folder is a pointer to a model that a service keeps."""
    return "job" in manifest.training


def how_to_load(manifest: Manifest, hf_loadable: bool, several: bool = False) -> str:
    """The card's chapter on using the model.

    Args:
        hf_loadable: ``AutoModelForSequenceClassification`` loads the files.
        several: a text may have several labels, each with a sigmoid of its own.
    """
    folder = _file_safe(manifest.name)
    with_aprendiz = (
        "With aprendiz:\n\n"
        "```python\n"
        "import aprendiz\n\n"
        f'model = aprendiz.load("{folder}")\n'
        'for answer in model.predict(["a text of yours"]):\n'
        "    print(answer.label, answer.confidence, answer.abstained)\n"
        "```\n\n"
        f'or `aprendiz predict "{folder}" "a text of yours"`, or `aprendiz serve "{folder}"`.\n\n'
        "### Without aprendiz\n\n"
    )
    if is_elsewhere(manifest):
        service = str(manifest.training.get("device", "its service"))
        return with_aprendiz + _AT_A_SERVICE.replace("{service}", service).replace(
            "{folder}", folder
        )
    if not manifest.training.get("base_model"):
        return with_aprendiz + _NO_NETWORK
    template = _SEQUENCE_CLASSIFIER if hf_loadable else _ENCODER_AND_HEAD
    if several:
        template = template.replace(
            'torch.softmax(logits / settings["temperature"], dim=-1)', "torch.sigmoid(logits)"
        )
    return with_aprendiz + template.replace("{folder}", folder)


def _file_safe(name: str) -> str:
    """A folder name that can stand inside double quotes in Python and in a shell."""
    return re.sub(r"[^\w .-]", "_", name)
