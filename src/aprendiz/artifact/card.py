"""The model card: the ``README.md`` of a model folder, in the form the Hugging Face hub reads.

Written from the manifest and the figures of the evaluation; it looks at no file and loads
no model. What only the user can know (licence, language) is left for the user to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any

import yaml

from aprendiz.artifact.manifest import Manifest

_WORST = 5
_FEW_ROWS = 10
_LABELS_IN_FULL = 200
# Base models from the hub carry the revision in force: that tells them from a folder.
_HUB_NAME = re.compile(r"([A-Za-z0-9][\w.-]*/[\w.-]+)@[\w.-]+")
# The embedded base model comes from a package; this is where it was published.
_ON_THE_HUB = {"all-MiniLM-L6-v2": "sentence-transformers/all-MiniLM-L6-v2"}

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


def write_card(
    manifest: Manifest,
    evaluation: Mapping[str, Any] | None,
    *,
    hf_loadable: bool,
    language: str | None = None,
) -> str:
    """The card as Markdown with YAML front matter.

    Args:
        manifest: what the folder says of itself; hashes are not needed yet.
        evaluation: ``Evaluation.as_dict()`` of the held-out rows; ``None`` when none were kept.
        hf_loadable: ``AutoModelForSequenceClassification.from_pretrained`` loads the folder.
        language: language code of the texts (``en``, ``es`` …), if it is known.
    """
    sections = [
        _front_matter(manifest, evaluation, hf_loadable, language),
        _introduction(manifest, evaluation),
        "## Intended use\n\n" + _intended_use(manifest),
        "## Scores\n\n" + _scores(manifest, evaluation),
        "## Limits and known weaknesses\n\n" + _limits(manifest, evaluation),
        "## Labels\n\n" + _labels(manifest),
        "## Data\n\n" + _data(manifest),
        "## Recipe\n\n" + _recipe(manifest),
        "## How to load it\n\n" + _loading(manifest, hf_loadable),
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _front_matter(
    manifest: Manifest,
    evaluation: Mapping[str, Any] | None,
    hf_loadable: bool,
    language: str | None,
) -> str:
    values: dict[str, Any] = {}
    if language:
        values["language"] = language
    values["pipeline_tag"] = "text-classification"
    values["tags"] = ["text-classification", "intent-classification", "aprendiz", manifest.method]
    if hf_loadable:
        values["library_name"] = "transformers"
    base = str(manifest.training.get("base_model", ""))
    if base in _ON_THE_HUB:
        values["base_model"] = _ON_THE_HUB[base]
    elif hub_name := _HUB_NAME.fullmatch(base):
        values["base_model"] = hub_name[1]
    if evaluation is not None:
        values["metrics"] = ["accuracy", "f1", "precision", "recall"]
        values["model-index"] = [_model_index(manifest, evaluation)]
    written = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    note = "# license: yours to state, as far as the base model's licence and your data allow\n"
    return f"---\n{note}{written}---"


def _model_index(manifest: Manifest, evaluation: Mapping[str, Any]) -> dict[str, Any]:
    told = (
        ("accuracy", "accuracy", "Accuracy"),
        ("f1", "macro_f1", "Macro F1"),
        ("precision", "precision", "Macro precision"),
        ("recall", "recall", "Macro recall"),
    )
    part = manifest.scores.get("part", "test")
    return {
        "name": manifest.name,
        "results": [
            {
                "task": {"type": "text-classification", "name": "Text classification"},
                "dataset": {"type": "custom", "name": "the user's own data", "split": part},
                "metrics": [
                    {"type": kind, "name": name, "value": round(float(evaluation[key]), 4)}
                    for kind, key, name in told
                ],
            }
        ],
    }


def _introduction(manifest: Manifest, evaluation: Mapping[str, Any] | None) -> str:
    base = manifest.training.get("base_model")
    learnt = f", on the base model {_code(_base_name(base))}" if base else ""
    lines = [
        f"# {_plain(manifest.name)}",
        f"A text classifier: it reads a text and answers with one of {len(manifest.labels)} "
        f"labels and a probability for each. Learnt by the method `{manifest.method}`{learnt}, "
        f"with aprendiz {manifest.libraries.get('aprendiz', '')}".rstrip()
        + ".",
    ]
    if evaluation is not None:
        low, high = evaluation["accuracy_ci"]
        lines.append(
            f"**Right on {_percent(evaluation['accuracy'])} of {evaluation['n']:,} "
            f"{_rows_measured(manifest)} (95 % interval {_percent(low)} to {_percent(high)}).**"
        )
    return "\n\n".join(lines)


def _intended_use(manifest: Manifest) -> str:
    return (
        "For short texts of the kind it learnt from, where a wrong answer can be noticed and "
        f"mended. Under a confidence of {manifest.threshold:g} it marks its answer as "
        "abstained: ask again or hand over to a person instead of acting on it. It is not "
        "meant for decisions about people without one in the loop, nor for texts of another "
        "language or subject than its examples."
    )


def _scores(manifest: Manifest, evaluation: Mapping[str, Any] | None) -> str:
    if evaluation is None:
        return (
            "Not measured: no rows were held out when it was trained. "
            "`aprendiz evaluate FOLDER --data FILE` measures it on rows it has not seen."
        )
    told = (
        ("Accuracy", "accuracy"),
        ("Macro F1", "macro_f1"),
        ("Macro precision", "precision"),
        ("Macro recall", "recall"),
        ("Expected calibration error (lower is better)", "ece"),
    )
    rows = [(name, _figure(evaluation[key]), _span(evaluation[f"{key}_ci"])) for name, key in told]
    notes = (
        "Accuracy has Wilson's interval, the others a bootstrap. Macro averages run over the "
        "labels that occur in the truth or in the answers."
    )
    if manifest.scores.get("chose_on_validation"):
        notes += (
            " The same rows chose the checkpoint or the temperature, so expect a little less "
            "on new texts."
        )
    head = f"On {evaluation['n']:,} {_rows_measured(manifest)}:"
    return f"{head}\n\n{_table(('figure', 'value', '95 % interval'), rows)}\n\n{notes}"


def _limits(manifest: Manifest, evaluation: Mapping[str, Any] | None) -> str:
    said = [
        "- It always names one of its labels, also for a text that fits none of them; only the "
        "confidence can tell."
    ]
    longest = manifest.recipe.get("max_length")
    if longest and manifest.training.get("base_model"):
        said.append(f"- A text is read up to {longest} tokens; what follows is not seen.")
    if evaluation is None:
        return "\n".join(said)
    measured = [entry for entry in evaluation["per_label"] if entry["support"]]
    rare = [entry for entry in measured if entry["support"] < _FEW_ROWS]
    missing = len(evaluation["per_label"]) - len(measured)
    if rare:
        said.append(
            f"- {len(rare)} of {len(manifest.labels)} labels were measured on fewer than "
            f"{_FEW_ROWS} rows each: their figures below are rough."
        )
    if missing:
        said.append(
            f"- Labels that do not occur in the rows measured, so that nothing is known of them: "
            f"{missing}."
        )
    weakest = sorted(measured, key=lambda entry: entry["f1"])[:_WORST]
    rows = [
        (
            _code(entry["label"]),
            _figure(entry["f1"]),
            f"{_figure(entry['recall'])} ({_span(entry['recall_ci'])})",
            f"{entry['support']:,}",
        )
        for entry in weakest
        if entry["f1"] < 1
    ]
    blocks = ["\n".join(said)]
    if rows:
        table = _table(("weakest labels", "F1", "recall (95 % interval)", "rows"), rows)
        blocks.append(table)
    pairs = [
        (_code(pair["true"]), _code(pair["predicted"]), f"{pair['count']:,}")
        for pair in evaluation["confused_pairs"][:_WORST]
    ]
    if pairs:
        blocks.append(_table(("most often confused: true", "answered", "rows"), pairs))
    return "\n\n".join(blocks)


def _labels(manifest: Manifest) -> str:
    shown = ", ".join(_code(label) for label in manifest.labels[:_LABELS_IN_FULL])
    left = len(manifest.labels) - _LABELS_IN_FULL
    more = f" and {left:,} more, in `manifest.json`" if left > 0 else ""
    return f"{len(manifest.labels)} labels, in the order of their numbers: {shown}{more}."


def _data(manifest: Manifest) -> str:
    data = manifest.data
    rows: list[tuple[str, str]] = [
        (f"{name} rows", f"{int(data[name]):,}")
        for name in ("train", "validation", "test")
        if data.get(name)
    ]
    if data.get("sources"):
        rows.append(("sources", ", ".join(_code(str(name)) for name in data["sources"])))
    if data.get("split"):
        rows.append(("split", _plain(str(data["split"]))))
    if data.get("fingerprint"):
        rows.append(("fingerprint (SHA-256 of texts and labels)", _code(data["fingerprint"])))
    return _table(("", ""), rows)


def _recipe(manifest: Manifest) -> str:
    written = yaml.safe_dump(manifest.recipe, sort_keys=False, allow_unicode=True)
    return f"```yaml\n{written}```\n\nThe same data and recipe give the same predictions on the same kind of machine."


def _loading(manifest: Manifest, hf_loadable: bool) -> str:
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
    if not manifest.training.get("base_model"):
        return with_aprendiz + _NO_NETWORK
    template = _SEQUENCE_CLASSIFIER if hf_loadable else _ENCODER_AND_HEAD
    return with_aprendiz + template.replace("{folder}", folder)


def _rows_measured(manifest: Manifest) -> str:
    part = str(manifest.scores.get("part", "test"))
    if manifest.scores.get("chose_on_validation"):
        return f"{part} rows, which also chose the checkpoint or the temperature"
    return f"{part} rows it had not learnt from"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Text on one line in which Markdown and HTML mean nothing."""
    return re.sub(r"([\\`*_{}\[\]<>#|&])", r"\\\1", " ".join(text.split()))


def _code(text: str) -> str:
    """Text as a code span that survives backticks, pipes and line breaks."""
    line = " ".join(text.split()).replace("|", r"\|")
    fence = "`" * (max((len(run) for run in re.findall(r"`+", line)), default=0) + 1)
    inner = f" {line} " if "`" in line else line
    return f"{fence}{inner}{fence}"


def _file_safe(name: str) -> str:
    """A folder name that can stand inside double quotes in Python and in a shell."""
    return re.sub(r"[^\w .-]", "_", name)


def _base_name(base: object) -> str:
    """A hub or package name as it is; of a path on somebody's machine only the last part."""
    name = str(base)
    return name if _HUB_NAME.fullmatch(name) else PurePath(name).name or name


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _figure(value: float) -> str:
    return f"{value:.3f}"


def _span(interval: Sequence[float]) -> str:
    return f"{interval[0]:.3f} to {interval[1]:.3f}"
