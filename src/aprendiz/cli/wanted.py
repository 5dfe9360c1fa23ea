"""The options that say when a model answers: the same for every command that chooses them."""

from __future__ import annotations

from typing import Annotated

import typer

Threshold = Annotated[
    float | None,
    typer.Option(min=0.0, max=1.0, help="confidence from which on it answers; 0.70 by default"),
]
Precision = Annotated[
    float | None,
    typer.Option(help="choose the threshold so that this share of the answers is right, as 0.95"),
]
Coverage = Annotated[
    float | None,
    typer.Option(help="choose the threshold so that this share of the texts is answered, as 0.9"),
]
Cost = Annotated[
    float | None,
    typer.Option(help="choose the threshold for a wrong answer that costs so many questions back"),
]
Sets = Annotated[
    float | None,
    typer.Option(help="give sets of labels that miss the true one this rarely, as 0.1"),
]
FalseAlarms = Annotated[
    float | None,
    typer.Option(
        min=0.0,
        max=1.0,
        help="share of in-scope texts that may be called out of scope; 0.05 by default, 0 for none",
    ),
]
