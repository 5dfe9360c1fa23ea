"""``managed``: a fine-tuning job at a provider, created once and followed to its end.

Whatever happens to this process, the job is not created twice and not lost: see
``ledger.py`` and ``once.py``. The model folder it leaves is a pointer, not a model.
"""

from __future__ import annotations

import time
from contextlib import suppress

from aprendiz.data.dataset import Dataset
from aprendiz.errors import AprendizError, DataError, JobStopped, ProviderError, RecipeError
from aprendiz.interfaces import Trained, Workspace
from aprendiz.methods.managed import prompts
from aprendiz.methods.managed.deploy import where_it_answers
from aprendiz.methods.managed.endpoint import choose
from aprendiz.methods.managed.figures import Diary, read_results
from aprendiz.methods.managed.follow import follow, refuse_unless_succeeded
from aprendiz.methods.managed.ledger import Ledger
from aprendiz.methods.managed.lifecycle import guard
from aprendiz.methods.managed.once import the_one_job
from aprendiz.methods.managed.pointer import Pointer
from aprendiz.methods.managed.provider import Provider
from aprendiz.methods.managed.recipe import ManagedRecipe
from aprendiz.methods.managed.records import Job, JobRequest
from aprendiz.methods.managed.refusals import Refused
from aprendiz.settings import get_settings

_LONGEST_CHECK = 1800.0  # for a provider to look a file over


def train(dataset: Dataset, recipe: ManagedRecipe, workspace: Workspace) -> Trained:
    """Have a provider learn from ``dataset.train``, measuring on ``dataset.validation``.

    Raises:
        DataError: the provider refuses a file; says why.
        RecipeError: the base model retires (see :mod:`.lifecycle`).
        ProviderError: the provider refuses, cannot be reached, or its job failed.
        JobStopped: the job was cancelled, or nobody wants to wait for it any more.
    """
    tell = workspace.observer
    settings = get_settings()
    provider = Provider(choose(recipe.provider, settings))
    system = prompts.task(recipe, dataset.labels)
    ledger = Ledger(workspace.checkpoints)
    try:
        if not ledger.entry.asked_at:
            guard(provider, recipe, tell)
            _send(dataset, system, provider, ledger, workspace)
        job = the_one_job(provider, _request(recipe, ledger), ledger, tell)
        job = _followed(provider, job, ledger, workspace)
    except (DataError, RecipeError, Refused) as error:
        if not _can_go_on(ledger, error):
            ledger.forget()
        raise

    deployment, not_yet = where_it_answers(
        provider, job.tuned_model, settings.fine_tuned_model_deployment
    )
    Pointer(
        provider=provider.endpoint.kind,
        address=provider.endpoint.address,
        api_version=provider.endpoint.api_version,
        job=job.id,
        model=job.tuned_model,
        deployment=deployment,
        labels=dataset.labels,
        system_prompt=system,
        concurrency=recipe.concurrency,
    ).write(workspace.files)
    return Trained(
        {
            "base_model": job.model or recipe.base_model,
            "device": provider.endpoint.in_words(),
            "job": job.id,
            "model": job.tuned_model,
            "deployment": deployment,
            "training_file": ledger.entry.training_file,
            "validation_file": ledger.entry.validation_file,
            "result_files": list(job.result_files),
            "trained_tokens": job.tokens,
            "hyperparameters": dict(job.hyperparameters),
            "checkpoints": _checkpoints(provider, job),
        },
        # A vendor keeps the model of the last epoch; a service like ours may keep the best one.
        chose_on_validation=bool(dataset.validation) and not provider.endpoint.is_vendors,
        huggingface=False,
        not_yet=not_yet,
    )


# -------------------------------------------------------------------- files


def _send(
    dataset: Dataset, system: str, provider: Provider, ledger: Ledger, workspace: Workspace
) -> None:
    """Upload both files, each id on disk at once, and wait until they are looked over."""
    parts = {"training": dataset.train, "validation": dataset.validation}
    known = {"training": ledger.entry.training_file, "validation": ledger.entry.validation_file}
    for part, rows in parts.items():
        if known[part] or not rows:
            continue
        path = prompts.write(
            workspace.checkpoints / f"{part}.jsonl", rows, system, bom=provider.endpoint.is_azure
        )
        known[part] = provider.upload(path).id
        ledger.note(**{f"{part}_file": known[part]})
        workspace.observer.say(f"sent {len(rows):,} {part} rows as {known[part]}")
    for part, id in known.items():
        if id:
            _wait_until_checked(provider, id, part)


def _wait_until_checked(provider: Provider, id: str, part: str) -> None:
    end = time.monotonic() + _LONGEST_CHECK
    pause = 0.1
    while (sent := provider.file(id)).status == "pending":
        if time.monotonic() > end:
            raise ProviderError(
                f"{part} file {id}: still not looked over after half an hour",
                "the same command with --resume goes on waiting",
            )
        time.sleep(pause)
        pause = min(5.0, pause * 1.5)
    if sent.status == "error":
        why = sent.details or "it does not say why"
        raise DataError(
            f"the provider refuses the {part} file {id}: {why}",
            "mend the rows; `aprendiz train … --dry-run` checks them without sending any",
        )


# -------------------------------------------------------------------- the job


def _request(recipe: ManagedRecipe, ledger: Ledger) -> JobRequest:
    asked = {
        "n_epochs": recipe.epochs,
        "batch_size": recipe.batch_size,
        "learning_rate_multiplier": recipe.learning_rate_multiplier,
        "prompt_loss_weight": recipe.prompt_loss_weight,
    }
    return JobRequest(
        model=recipe.base_model,
        training_file=ledger.entry.training_file,
        validation_file=ledger.entry.validation_file or None,
        hyperparameters={
            name: value for name, value in asked.items() if isinstance(value, int | float)
        },
        seed=recipe.seed,
        suffix=recipe.suffix,
        training_type=recipe.training_type,
    )


def _followed(provider: Provider, job: Job, ledger: Ledger, workspace: Workspace) -> Job:
    """The succeeded job, its figures in the run."""
    diary = Diary(workspace.run)
    try:
        job = follow(provider, job, workspace.observer, diary, skip_past=workspace.resume)
    except KeyboardInterrupt:
        raise JobStopped(
            f"nobody follows job {job.id} any more; it goes on at its provider",
            "the same command with --resume follows it again; "
            f"aprendiz jobs cancel {job.id} ends it",
        ) from None
    if job.status in {"failed", "cancelled"}:
        ledger.forget()
    refuse_unless_succeeded(job)
    for id in job.result_files[:1]:
        try:
            diary.complete(read_results(provider.content(id)))
        except Refused as no:
            workspace.observer.say(f"warning: no results file ({no.message})")
    return job


def _can_go_on(ledger: Ledger, error: AprendizError) -> bool:
    """Whether ``--resume`` has something to go on with after an error."""
    if ledger.entry.job or ledger.entry.asked_at:
        return True
    passing = isinstance(error, Refused) and error.passing
    return passing and bool(ledger.entry.training_file)


def _checkpoints(provider: Provider, job: Job) -> list[dict[str, object]]:
    with suppress(Refused):
        return [each.as_dict() for each in provider.checkpoints(job.id)]
    return []
