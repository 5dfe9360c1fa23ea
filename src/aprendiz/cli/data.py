"""``aprendiz data``: look at files of examples before anything is learnt from them.

Each command lives in a file of its own.
"""

from __future__ import annotations

import typer

from aprendiz.cli import data_check, data_convert, data_repair, data_split, data_stats

app = typer.Typer(
    help="Check, mend, describe, convert and split files of examples; find wrong labels.",
    no_args_is_help=True,
)


@app.callback()
def _data() -> None:
    """Check, mend, describe, convert and split files of examples; find wrong labels."""


app.command()(data_check.check)
app.command()(data_split.split)
app.command()(data_stats.stats)
app.command()(data_convert.convert)
app.command()(data_repair.suspects)
app.command()(data_repair.repair)
app.command()(data_repair.apply)
