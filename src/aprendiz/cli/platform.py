"""``aprendiz platform``: our own fine-tuning service, its keys, its table of model names."""

from __future__ import annotations

import json as jsons
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from aprendiz.platform.service import Platform

app = typer.Typer(help="Our own fine-tuning service, in the protocol of OpenAI and Azure.")
key_app = typer.Typer(help="Keys that may use the service.", no_args_is_help=True)
app.add_typer(key_app, name="key")

Home = Annotated[
    Path | None,
    typer.Option(help="where everything lies (default: platform in APRENDIZ_HOME)"),
]
Database = Annotated[
    str, typer.Option(help="postgresql:// address (default: an SQLite file in the home)")
]
Json = Annotated[bool, typer.Option("--json", help="answer as one JSON document")]


@app.callback(invoke_without_command=True)
def platform(
    context: typer.Context,
    home: Home = None,
    host: Annotated[
        str | None,
        typer.Option(help="address to listen on (default: APRENDIZ_HOST, else 127.0.0.1)"),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, help="port; 0 takes a free one (default: APRENDIZ_PORT, else 8000)"
        ),
    ] = None,
    database: Database = "",
    jobs: Annotated[int, typer.Option(min=1, help="trainings that may run side by side")] = 1,
    ready_file: Annotated[
        Path | None,
        typer.Option(help="write address and a key there, for a program, once it answers"),
    ] = None,
) -> None:
    """Serve fine-tuning in the protocol of OpenAI and Azure, until Ctrl-C."""
    if context.invoked_subcommand is not None:
        context.obj = (home, database)  # `platform --home H key list` means the keys of H
        return
    try:
        from aprendiz.platform.http import server
    except ModuleNotFoundError as error:
        raise _missing(error) from None

    server.run(
        home,
        host,
        port,
        database=database,
        jobs_at_once=jobs,
        ready_file=ready_file,
        say=lambda line: typer.echo(line, err=True),
    )


@key_app.command("new")
def new_key(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="what the key is for")],
    home: Home = None,
    database: Database = "",
    json: Json = False,
) -> None:
    """Make a key and show it, once: only its hash is kept."""
    record, key = _open(context, home, database).keys.make(name)
    told = {"id": record.id, "name": record.name, "key": key}
    print(jsons.dumps(told, ensure_ascii=False) if json else key)


@key_app.command("list")
def list_keys(
    context: typer.Context, home: Home = None, database: Database = "", json: Json = False
) -> None:
    """Which keys there are; the keys themselves are nowhere kept."""
    records = _open(context, home, database).store.key_records()
    if json:
        told = [{"id": k.id, "name": k.name, "created_at": k.created_at} for k in records]
        print(jsons.dumps(told, ensure_ascii=False))
        return
    for record in records:
        print(f"{record.id}\t{record.name}")


@key_app.command("revoke")
def revoke_key(
    context: typer.Context,
    id: Annotated[str, typer.Argument(help="as `aprendiz platform key list` shows it")],
    home: Home = None,
    database: Database = "",
) -> None:
    """Make a key useless, at once."""
    from aprendiz.errors import SettingsError
    from aprendiz.platform.records import Refusal

    try:
        _open(context, home, database).store.delete_key(id)
    except Refusal as refusal:
        raise SettingsError(refusal.message, "aprendiz platform key list") from None


@app.command("models")
def models(json: Json = False) -> None:
    """What each model name stands for on this machine."""
    from aprendiz.platform import names
    from aprendiz.settings import get_settings

    rows = names.table(get_settings())
    if json:
        told = [
            {
                "name": row.pattern,
                "shown": row.shown,
                "method": row.method,
                "base_model": row.base_model,
            }
            for row in rows
        ]
        print(jsons.dumps(told, ensure_ascii=False))
        return
    width = max(len(row.pattern) for row in rows) + 2
    print(f"{'asked for':{width}}{'learns here':13}from")
    for row in rows:
        print(f"{row.pattern:{width}}{row.method:13}{row.base_model or '-'}")


def _open(context: typer.Context, home: Path | None, database: str) -> Platform:
    """The platform's store, beside a running service or without one."""
    above = context.obj or (None, "")
    home, database = home or above[0], database or above[1]
    try:
        from aprendiz.platform.service import Platform
    except ModuleNotFoundError as error:
        raise _missing(error) from None
    from aprendiz.settings import get_settings

    settings = get_settings()
    return Platform(home or settings.home_folder / "platform", database=database, settings=settings)


def _missing(error: ModuleNotFoundError) -> Exception:
    from aprendiz.errors import MissingExtra

    library = error.name or "?"
    return error if library.startswith("aprendiz") else MissingExtra("platform", library)
