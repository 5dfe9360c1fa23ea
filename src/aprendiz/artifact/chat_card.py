"""The card of a chat model: the ``README.md`` of an adapter's folder, as the hub reads it.

Written from the manifest and the figures alone, like the card of a classifier (``card.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from aprendiz.artifact.manifest import Manifest
from aprendiz.artifact.markdown import code, percent, plain, span, table

_LOAD = """\
With aprendiz: `aprendiz chat "{folder}"`, `aprendiz serve "{folder}"`, or

```python
import aprendiz
from aprendiz import Message

assistant = aprendiz.load_chat_model("{folder}")
(reply,) = assistant.replies([[Message("user", "a question of yours")]])
print(reply.text)
```

### Without aprendiz

The folder holds a PEFT adapter; the base model is not in it (`assistant.json` names it and the
SHA-256 of its weights). `BASE` is a folder with that base model, or its name on the hub.

```python
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained("{folder}")
model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(BASE), "{folder}")
asked = tokenizer.apply_chat_template(
    [{{"role": "user", "content": "a question of yours"}}],
    add_generation_prompt=True,
    return_dict=True,
    return_tensors="pt",
)
told = model.generate(**asked, max_new_tokens=200, do_sample=False)
print(tokenizer.decode(told[0, asked["input_ids"].shape[1] :], skip_special_tokens=True))
```

`aprendiz export "{folder}" --to hf` writes a full model that needs no base, `--to gguf` one for
llama.cpp and Ollama.
"""


def write_chat_card(manifest: Manifest, evaluation: Mapping[str, Any] | None) -> str:
    """The card as Markdown with YAML front matter.

    Args:
        manifest: what the folder says of itself; hashes are not needed yet.
        evaluation: ``AnswersEvaluation.as_dict()`` of the held-out conversations, if any.
    """
    base = str(manifest.training.get("base_model", ""))
    front = yaml.safe_dump(
        {
            "pipeline_tag": "text-generation",
            "library_name": "peft",
            "base_model": base,
            "tags": ["lora", "aprendiz", manifest.method],
        },
        sort_keys=False,
        allow_unicode=True,
    )
    note = "# license: yours to state, as far as the base model's licence and your data allow\n"
    recipe = yaml.safe_dump(manifest.recipe, sort_keys=False, allow_unicode=True)
    sections = [
        f"---\n{note}{front}---",
        f"# {plain(manifest.name)}\n\nA chat model: an adapter learnt by the method "
        f"{code(manifest.method)} on the base model {code(base)}, with aprendiz "
        f"{manifest.libraries.get('aprendiz', '')}.",
        "## Intended use\n\nFor conversations of the kind it learnt from, where a wrong answer "
        "can be noticed. What it writes is likely text, not checked truth.",
        "## Scores\n\n" + _scores(manifest, evaluation),
        "## Data\n\n" + _data(manifest),
        "## Training\n\n" + _training(manifest),
        f"## Recipe\n\n```yaml\n{recipe}```",
        "## How to load it\n\n" + _LOAD.format(folder=manifest.name.replace('"', "_")),
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _scores(manifest: Manifest, evaluation: Mapping[str, Any] | None) -> str:
    if evaluation is None:
        return (
            "Not measured: no conversations were held out when it was trained. "
            "`aprendiz evaluate FOLDER --data FILE` asks it what it has not seen."
        )
    low, high = evaluation["exact_match_ci"]
    chose = " They also chose the checkpoint." if manifest.scores.get("chose_on_validation") else ""
    lines = [
        f"The right answer to {percent(evaluation['exact_match'])} of {evaluation['n']:,} "
        f"{manifest.scores.get('part', 'test')} conversations (95 % interval {percent(low)} to "
        f"{percent(high)}), greedy.{chose}"
    ]
    rows = [
        (code(name), f"{each['n']:,}", f"{each['exact_match']:.3f}", span(each["exact_match_ci"]))
        for name, each in evaluation.get("by_concept", {}).items()
    ]
    if rows:
        lines.append(table(("concept", "conversations", "right", "95 % interval"), rows))
    return "\n\n".join(lines)


def _data(manifest: Manifest) -> str:
    data = manifest.data
    rows = [
        (f"{name} conversations", f"{int(data[name]):,}")
        for name in ("train", "validation", "test")
        if data.get(name)
    ]
    rows.append(("sources", ", ".join(code(str(name)) for name in data.get("sources", ()))))
    rows.append(("split", plain(str(data.get("split", "")))))
    rows.append(("fingerprint (SHA-256)", code(str(data.get("fingerprint", "")))))
    return table(("", ""), rows)


def _training(manifest: Manifest) -> str:
    rows = [(plain(name), code(str(value))) for name, value in manifest.training.items()]
    return table(("", ""), rows)
