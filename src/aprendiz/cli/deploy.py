"""``aprendiz deploy``: have a managed model answer, or say what has to be done for it."""

from __future__ import annotations

import json as jsons
from typing import Annotated

import typer

from aprendiz.cli.model import Folder, Json
from aprendiz.cli.terminal import Terminal


def deploy(
    model: Folder,
    name: Annotated[
        str | None, typer.Option(help="name of the deployment; the model folder's when not given")
    ] = None,
    sku: Annotated[
        str, typer.Option(help="Azure's kind: Standard, GlobalStandard, DeveloperTier …")
    ] = "Standard",
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="until it is ready")] = True,
    json: Json = False,
) -> None:
    """Have a managed model answer: find its deployment, make it, or list the steps by hand."""
    from aprendiz.methods.managed.deploy import deploy as carry_out

    with Terminal() as terminal:
        told = carry_out(model, name=name, sku=sku, wait=wait, tell=terminal)
    print(jsons.dumps(told.as_dict(), ensure_ascii=False) if json else told.in_words())
