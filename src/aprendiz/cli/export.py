"""``aprendiz export``: hand a model over to other software, behind a parity gate."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated

import typer

from aprendiz.artifact import manifest as manifests
from aprendiz.cli.terminal import Terminal
from aprendiz.errors import ExportError


def export(
    model: Annotated[
        str, typer.Argument(metavar="MODEL", help="model folder, adapter, .gguf file or base")
    ],
    to: Annotated[
        str,
        typer.Option(
            help="classifiers: onnx, a folder that needs no torch; chat models: hf, merged "
            "Hugging Face files, or gguf, for llama.cpp"
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="folder to make, or a .gguf file; default: beside MODEL")
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="onnx: f32 (default) or int8; hf, gguf: f32, f16, bf16, q8_0 (default f32, f16)"
        ),
    ] = None,
    data: Annotated[
        list[str] | None,
        typer.Option(help="onnx: labelled rows to compare with; int8 needs those it learnt from"),
    ] = None,
    prompts: Annotated[
        Path | None,
        typer.Option(help="chat models: prompts to compare with; default: the held-out ones"),
    ] = None,
    agreement: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="chat models: least share of identical replies; default 0.99",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
) -> None:
    """Export a model, if the copy still gives the same answers."""
    if to == "onnx":
        manifests.read(Path(model))  # nothing else can become one, whatever chat models may be
    if _is_classifier(model):
        if to != "onnx":
            raise ExportError(f"--to {to}: a classifier cannot be exported to that", "--to onnx")
        if prompts is not None or agreement is not None:
            raise ExportError(
                "--prompts and --agreement are for chat models", "--data FILE with labelled rows"
            )
        from aprendiz.neural.engine.export import export as export_classifier

        with Terminal() as terminal:
            copy = export_classifier(
                Path(model), out, dtype=dtype or "f32", data=data or (), observer=terminal
            )
        print(jsons.dumps(copy.as_dict(), ensure_ascii=False) if json else copy.in_words())
        return
    if data:
        raise ExportError("--data is for classifiers", "--prompts FILE with questions")
    from aprendiz.assistants.export import export as export_chat_model

    with Terminal() as terminal:
        done = export_chat_model(
            model, to, out, dtype=dtype, prompts=prompts, agreement=agreement, observer=terminal
        )
    print(jsons.dumps(done.as_dict(), ensure_ascii=False) if json else done.in_words())


def _is_classifier(model: str) -> bool:
    """Whether it is a model folder of a method that learns labels on this machine."""
    from aprendiz.methods import catalogue

    folder = Path(model)
    if not (folder / manifests.NAME).is_file():
        return False
    method = manifests.read(folder).method
    return method != "managed" and catalogue.find(method).abilities.learns == "labels"
