"""``aprendiz jobs``: the fine-tuning jobs at the configured provider."""

from __future__ import annotations

import json as jsons
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Annotated, Any

import typer

from aprendiz.cli.model import Json
from aprendiz.cli.terminal import Terminal

if TYPE_CHECKING:
    from aprendiz.methods.managed.provider import Provider
    from aprendiz.methods.managed.records import Job

app = typer.Typer(no_args_is_help=True, help="Fine-tuning jobs at OpenAI, Azure or a platform.")


class Whom(StrEnum):
    """Which provider to ask."""

    AUTO = "auto"
    OPENAI = "openai"
    AZURE = "azure"
    AZURE_V1 = "azure-v1"


JobId = Annotated[str, typer.Argument(metavar="JOB", help="the job's id")]
At = Annotated[
    Whom, typer.Option("--provider", help="whom to ask; auto goes by what is configured")
]


@app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=1000, help="how many")] = 20,
    provider: At = Whom.AUTO,
    json: Json = False,
) -> None:
    """The jobs, newest first."""
    found = list(islice(_provider(provider).jobs(), limit))
    if json:
        _print([each.as_dict() for each in found])
        return
    for each in found:
        print(f"{each.id}  {_time(each.created_at)}  {each.word:16}  {each.model}  {_result(each)}")


@app.command()
def show(job: JobId, provider: At = Whom.AUTO, json: Json = False) -> None:
    """A job as it is now, with its checkpoints."""
    asked = _provider(provider)
    found = asked.job(job)
    kept = asked.checkpoints(job)
    if json:
        _print({**found.as_dict(), "checkpoints": [each.as_dict() for each in kept]})
        return
    print(_in_words(found))
    for each in kept:
        print(f"checkpoint at step {each.step}: {each.model}")


@app.command()
def events(job: JobId, provider: At = Whom.AUTO, json: Json = False) -> None:
    """Everything that happened to a job, oldest first."""
    found = _provider(provider).events(job)
    if json:
        _print([each.as_dict() for each in found])
        return
    for each in found:
        print(f"{_time(each.created_at)}  {each.level:7}  {each.message}")


@app.command()
def cancel(job: JobId, provider: At = Whom.AUTO, json: Json = False) -> None:
    """End a job for good."""
    _show(_provider(provider).cancel(job), json)


@app.command()
def pause(job: JobId, provider: At = Whom.AUTO, json: Json = False) -> None:
    """Hold a running job."""
    _show(_provider(provider).pause(job), json)


@app.command()
def resume(job: JobId, provider: At = Whom.AUTO, json: Json = False) -> None:
    """Let a paused job go on."""
    _show(_provider(provider).resume(job), json)


@app.command()
def wait(job: JobId, provider: At = Whom.AUTO, json: Json = False) -> None:
    """Follow a job to its end; fails when the job does."""
    from aprendiz.methods.managed.follow import follow, refuse_unless_succeeded

    asked = _provider(provider)
    with Terminal() as terminal:
        ended = follow(asked, asked.job(job), terminal)
    refuse_unless_succeeded(ended)
    _show(ended, json)


def _provider(whom: Whom) -> Provider:
    from aprendiz.methods.managed.endpoint import choose
    from aprendiz.methods.managed.provider import Provider
    from aprendiz.settings import get_settings

    return Provider(choose(whom.value, get_settings()))


def _show(job: Job, json: bool) -> None:
    if json:
        _print(job.as_dict())
    else:
        print(_in_words(job))


def _in_words(job: Job) -> str:
    told: Mapping[str, object] = {
        "job": job.id,
        "status": job.word,
        "created": _time(job.created_at),
        "finished": _time(job.finished_at),
        "base model": job.model,
        "model": job.tuned_model,
        "settings": ", ".join(f"{name} {value:g}" for name, value in job.hyperparameters.items()),
        "tokens": f"{job.tokens:,}" if job.tokens else "",
        "fault": f"{job.fault.message} ({job.fault.code})" if job.fault else "",
    }
    return "\n".join(f"{name + ':':12}{value}" for name, value in told.items() if value)


def _result(job: Job) -> str:
    return job.tuned_model or (job.fault.message if job.fault else "-")


def _time(seconds: int | None) -> str:
    if not seconds:
        return ""
    return datetime.fromtimestamp(seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _print(document: Any) -> None:
    print(jsons.dumps(document, ensure_ascii=False))
