"""The ``README.md`` of an exported chat model: what it is, how alike, how to use it."""

from __future__ import annotations

from pathlib import PurePath

import yaml

from aprendiz._version import __version__
from aprendiz.artifact.markdown import code, percent, plain
from aprendiz.assistants.export_result import Exported

_HF = """\
```python
from transformers import AutoModelForCausalLM, AutoTokenizer

folder = "{place}"
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder)
prompt = tokenizer.apply_chat_template(
    [{{"role": "user", "content": "a question of yours"}}],
    add_generation_prompt=True,
    return_tensors="pt",
)
reply = model.generate(**prompt, max_new_tokens=256, do_sample=False)
print(tokenizer.decode(reply[0, prompt["input_ids"].shape[1] :], skip_special_tokens=True))
```
"""

_GGUF = """\
```
ollama create {name} -f Modelfile && ollama run {name}
llama-cli -m {name}.gguf --jinja -cnv --temp 0
```
"""


def export_card(exported: Exported, base_model: str, license_: str) -> str:
    """The card as Markdown with YAML front matter."""
    name = PurePath(exported.name).name
    front: dict[str, object] = {
        "library_name": "transformers" if exported.to == "hf" else "gguf",
        "pipeline_tag": "text-generation",
        "tags": ["aprendiz"],
    }
    if license_:
        front["license"] = license_
    if base_model.count("/") == 1 and not base_model.startswith((".", "/", "~")):
        front["base_model"] = base_model.partition("@")[0]
    # A folder's place means nothing to whoever gets the copy.
    known = base_model if "base_model" in front else PurePath(base_model).name
    origin = f", tuned from {code(known)}" if known else ""
    licence = (
        f"The base model's licence is {code(license_)}; it holds for this copy too."
        if license_
        else "The base model does not state a licence here: look at where it was published."
    )
    use = (_HF if exported.to == "hf" else _GGUF).format(place=name, name=name)
    parity = exported.parity
    return "\n".join(
        [
            "---",
            yaml.safe_dump(front, sort_keys=False, allow_unicode=True).strip(),
            "---",
            "",
            f"# {plain(name)}",
            "",
            f"A chat model{origin}, exported by aprendiz {__version__}; weights stored as "
            f"{exported.dtype}.",
            "",
            f"Compared with the original before it was written: {parity.identical} of "
            f"{parity.prompts} greedy replies are word for word the same "
            f"({percent(parity.agreement)}), answered by {exported.engine}. "
            f"The prompts: {plain(exported.prompts_from)}.",
            "",
            licence,
            "",
            "## How to use it",
            "",
            f'With aprendiz: `aprendiz chat "{name}"`.' + "\n",
            use,
        ]
    )
