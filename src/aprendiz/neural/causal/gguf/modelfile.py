"""The ``Modelfile`` with which Ollama takes in a GGUF: its template, stop texts and context.

Ollama does not run the Jinja template inside the file; it wants one in Go's template
language. The two forms most models speak are known here, and are recognised by what the
Jinja template renders, not by what it looks like.
"""

from __future__ import annotations

from typing import Any

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from aprendiz.neural.causal.gguf.write import stops
from aprendiz.neural.causal.torch_chat import context_of

FIRST_LINE = "# Written by aprendiz. Take the model in with: ollama create NAME -f Modelfile"

# Every message in turn, then the beginning of the answer; the last message of an unfinished
# answer is left open.
_CHATML = """\
{{- range $i, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $i)) 1 -}}
<|im_start|>{{ .Role }}
{{ .Content }}{{ if not (and $last (eq .Role "assistant")) }}<|im_end|>
{{ end }}
{{- if and $last (ne .Role "assistant") }}<|im_start|>assistant
{{ end }}
{{- end }}"""

_LLAMA3 = """\
{{- range $i, $_ := .Messages }}
{{- $last := eq (len (slice $.Messages $i)) 1 -}}
<|start_header_id|>{{ .Role }}<|end_header_id|>

{{ .Content }}{{ if not (and $last (eq .Role "assistant")) }}<|eot_id|>{{ end }}
{{- if and $last (ne .Role "assistant") }}<|start_header_id|>assistant<|end_header_id|>

{{ end }}
{{- end }}"""

# What a conversation looks like in each form: one turn, and the beginning of an answer.
_FORMS = {
    "ChatML": ("<|im_start|>{role}\n{content}<|im_end|>\n", "<|im_start|>assistant\n", _CHATML),
    "Llama 3": (
        "<|start_header_id|>{role}<|end_header_id|>\n\n{content}<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        _LLAMA3,
    ),
}

_TALK = (("user", "first"), ("assistant", "second"), ("user", "third"))


def modelfile(network: Any, tokenizer: PreTrainedTokenizerBase, gguf: str) -> str:
    """The text of a ``Modelfile``.

    Args:
        network: for its context and its stop tokens.
        tokenizer: with the chat template that the GGUF holds.
        gguf: name of the file, which lies beside the ``Modelfile``.
    """
    lines = [FIRST_LINE, f"FROM ./{gguf}"]
    form, system = recognise(tokenizer)
    if form:
        lines.append(f'TEMPLATE """{_FORMS[form][2]}"""')
    else:
        lines.append("# The chat template is neither ChatML's nor Llama 3's: Ollama looks for one")
        lines.append(
            "# that it knows in the GGUF itself. Compare its prompts before you rely on it."
        )
    if system:
        lines.append(f'SYSTEM """{system}"""')
    for number in stops(network, tokenizer):
        lines.append(f'PARAMETER stop "{tokenizer.convert_ids_to_tokens(number)}"')
    lines.append(f"PARAMETER num_ctx {context_of(network)}")
    lines.append("PARAMETER temperature 0")
    return "\n".join(lines) + "\n"


def recognise(tokenizer: PreTrainedTokenizerBase) -> tuple[str, str]:
    """The form of a chat template, and the system message that it puts in by itself.

    Returns:
        ``ChatML``, ``Llama 3`` or an empty text, and the message, empty when there is none.
    """
    messages = [{"role": role, "content": content} for role, content in _TALK]
    try:
        rendered = str(
            tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        )
    except (TemplateError, ValueError, TypeError):
        return "", ""
    # Ollama writes the token that begins every text by itself.
    text = rendered.removeprefix(tokenizer.bos_token or "")
    for form, (turn, answer, _) in _FORMS.items():
        said = "".join(turn.format(role=role, content=content) for role, content in _TALK) + answer
        before, after = turn.format(role="system", content="\0").split("\0")
        for whole in (text, rendered):  # in some forms that token is also the mark of a turn
            system = whole.removesuffix(said)
            if not system:
                return form, ""
            if system != whole and system.startswith(before) and system.endswith(after):
                return form, system[len(before) : -len(after)]
    return "", ""
