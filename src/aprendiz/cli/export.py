"""``aprendiz export``: hand a model over to other software, behind a parity gate."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated

import typer

from aprendiz.cli.terminal import Terminal


def export(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="model folder, adapter, .gguf file or base")
    ],
    to: Annotated[str, typer.Option(help="hf: merged Hugging Face files; gguf: for llama.cpp")],
    out: Annotated[
        Path | None, typer.Option(help="folder to make, or a .gguf file; default: beside MODEL")
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="f32, f16, bf16, q8_0; default: f32 for hf, f16 for gguf")
    ] = None,
    prompts: Annotated[
        Path | None, typer.Option(help="prompts to compare with; default: the held-out ones")
    ] = None,
    agreement: Annotated[
        float | None,
        typer.Option(min=0.0, max=1.0, help="least share of identical replies; default 0.99"),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
) -> None:
    """Export a chat model, if the copy still gives the same answers."""
    from aprendiz.assistants.export import export as export_chat_model

    with Terminal() as terminal:
        done = export_chat_model(
            model, to, out, dtype=dtype, prompts=prompts, agreement=agreement, observer=terminal
        )
    print(jsons.dumps(done.as_dict(), ensure_ascii=False) if json else done.in_words())
