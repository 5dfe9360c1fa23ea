"""``aprendiz serve``: a model behind HTTP, until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    model: Annotated[
        Path | None,
        typer.Argument(
            help="Model folder, or a language model: an adapter, a Hugging Face folder, a .gguf "
            "file, a base model's name. APRENDIZ_MODEL when not given.",
            show_default=False,
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on (default: APRENDIZ_HOST, else 127.0.0.1)."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="Port; 0 takes a free one (default: APRENDIZ_PORT, else 8000)."
        ),
    ] = None,
    threshold: Annotated[
        float | None,
        typer.Option(
            min=0.0,
            max=1.0,
            help="Confidence under which an answer asks for clarification (default: the model's); "
            "classifiers only.",
        ),
    ] = None,
) -> None:
    """Answer POST /classify over HTTP, or POST /v1/chat/completions if the model writes text.

    GET /health says when it is ready.
    """
    from aprendiz.serving import server

    server.serve(model, host, port, threshold, say=lambda line: typer.echo(line, err=True))
