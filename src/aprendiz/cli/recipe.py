"""``aprendiz recipe``: print a commented template, check a recipe file."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import Annotated

import typer

from aprendiz import recipe as recipes
from aprendiz.methods import catalogue

app = typer.Typer(help="Write and check recipes.", no_args_is_help=True)


@app.command()
def new(
    method: Annotated[str, typer.Argument(help="tfidf, probe or finetune")],
) -> None:
    """Print a complete recipe with every setting explained."""
    print(recipes.template(catalogue.recipe_class(method), method), end="")


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="recipe in YAML")],
    json: Annotated[bool, typer.Option("--json", help="answer as one JSON document")] = False,
) -> None:
    """Check a recipe and print it with every default filled in."""
    values = recipes.read(file)
    kind = catalogue.recipe_class(values.get("method", ""))
    filled = recipes.build(values, kind, str(file))
    print(
        jsons.dumps({"ok": True, "recipe": filled.model_dump(mode="json")})
        if json
        else recipes.dump(filled),
        end="\n" if json else "",
    )
