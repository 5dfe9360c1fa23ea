"""``aprendiz serve``: a model behind HTTP, until Ctrl-C."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def serve(
    model: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Model folder, or several; or a language model: an adapter, a Hugging Face "
            "folder, a .gguf file, a base model's name. APRENDIZ_MODEL when not given.",
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
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Take a newer classifier when its folder changes (SIGHUP does so at once).",
        ),
    ] = False,
    new_key: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Make a key, show it once, keep its hash (APRENDIZ_SERVE_KEYS), and end.",
            show_default=False,
        ),
    ] = "",
    anyone: Annotated[
        bool,
        typer.Option("--anyone", help="Let other machines in without a key (behind a proxy)."),
    ] = False,
) -> None:
    """Answer POST /classify over HTTP, or POST /v1/chat/completions if the model writes text.

    GET /health says when it is ready.
    """
    if new_key:
        from aprendiz.serving import keys
        from aprendiz.settings import get_settings

        print(keys.new_key(get_settings().serve_keys_file, new_key))
        return

    from aprendiz.serving import server

    server.serve(
        model,
        host,
        port,
        threshold,
        watch=watch,
        anyone=anyone,
        say=lambda line: typer.echo(line, err=True),
    )
