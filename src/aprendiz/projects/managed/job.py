"""Steps 5 and 6: a fine-tuning job on the service, and the tuned model made ready to answer."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aprendiz import workflow
from aprendiz.artifact import manifest as manifests
from aprendiz.artifact.folder import can_resume
from aprendiz.artifact.result import TrainResult
from aprendiz.data.chat.labels import to_example
from aprendiz.data.chat.records import Conversation
from aprendiz.errors import JobStopped, ModelFolderError, ProviderError
from aprendiz.methods import catalogue
from aprendiz.methods.managed.deploy import deploy as have_it_answer
from aprendiz.methods.managed.endpoint import Endpoint
from aprendiz.methods.managed.provider import Provider
from aprendiz.methods.managed.refusals import Refused
from aprendiz.projects.ledger import write_json
from aprendiz.projects.managed import destination, examples
from aprendiz.projects.steps import Context
from aprendiz.recipe import Recipe
from aprendiz.settings import get_settings

MODEL = "model"
TUNED = "results/fine_tuning_info.json"
DEPLOYED = "results/deployment_info.json"
_ROWS = ".rows"  # of the training, while it runs


def recipe(project: Any, system: str) -> Recipe:
    """The managed recipe of this machine's settings, with the project's changes on top.

    Args:
        project: the checked ``project.yaml``.
        system: the system message of the prepared files; empty where it does not matter.
    """
    settings = get_settings()
    values: dict[str, Any] = {
        "method": "managed",
        "base_model": settings.azure_openai_model,
        "epochs": settings.fine_tuning_epochs,
        "batch_size": settings.fine_tuning_batch_size,
        "learning_rate_multiplier": settings.fine_tuning_lr_mult,
        "prompt_loss_weight": settings.fine_tuning_prompt_loss_weight,
        "seed": project.seed,
        "suffix": project.name,
        "language": project.language,
        "system_prompt": system or None,
    }
    return catalogue.choose_recipe(None, values, project.recipe_settings)


def finetune(context: Context) -> None:
    """Step 5: both files sent, one job created and followed; the model folder points to it.

    Interrupted, it goes on with the same job when it is started again.
    """
    with destination.service(context.output, context.observer) as endpoint:
        out = context.output / MODEL
        result = None
        if not context.fresh and can_resume(out):
            result = _resumed(context, out)
        result = result or _learn(context, out, resume=False)
    manifest = result.manifest
    assert manifest is not None  # only a dry run has none
    info = {
        "service": endpoint.in_words(),
        "asked": {k: v for k, v in manifest.recipe.items() if k not in {"method", "yes_really"}},
        "status": "succeeded",
        **manifest.training,
        "rows": {part: manifest.data[part] for part in ("train", "validation")},
        "validation": result.evaluation.as_dict() if result.evaluation else None,
    }
    write_json(context.output / TUNED, info)


def deploy(context: Context) -> None:
    """Step 6: the deployment found, or made where this machine may; its state on disk.

    Raises:
        ProviderError: it is not ready; says what a person has to do. Started again, the
            project goes on here.
    """
    out = context.output / MODEL
    with destination.service(context.output, context.observer) as endpoint:
        name = _deployment(context, endpoint, manifests.read(out).training)
        told = have_it_answer(out, name=name, tell=context.observer)
    state = told.state if told.state in {"ready", "creating"} else "attention"
    info = {**told.as_dict(), "state": state, "service": endpoint.in_words()}
    write_json(context.output / DEPLOYED, info)
    context.observer.say(told.in_words())
    if state != "ready":
        steps = [step.replace("MODEL", str(out)) for step in told.steps]
        if get_settings().fine_tuned_model_deployment:
            steps.append("FINE_TUNED_MODEL_DEPLOYMENT is where the name comes from")
        raise ProviderError(
            f"{told.model} does not answer yet: deployment {told.name}: {told.word}",
            "; ".join([*steps, "then the same command again"]),
        )


def history(output: Path) -> tuple[dict[str, float], ...]:
    """The curves of the training, one mapping a logged step."""
    path = output / MODEL / "history.json"
    return tuple(json.loads(path.read_text(encoding="utf-8")))


def _resumed(context: Context, out: Path) -> TrainResult | None:
    """The training gone on with; ``None`` where there is nothing that can be gone on with."""
    try:
        return _learn(context, out, resume=True)
    except ModelFolderError as error:
        context.observer.say(f"not resumed: {error.message}")
    except Refused as no:
        if no.status != 404:
            raise
        # The job of another service, or one that its service has forgotten.
        context.observer.say(f"not resumed: {no.message}")
    return None


def _learn(context: Context, out: Path, *, resume: bool) -> TrainResult:
    train = examples.read_prompts(context.output / examples.TRAIN)
    validation = examples.read_prompts(context.output / examples.VALIDATION)
    # The workflow reads labelled texts; the method makes the same conversations of them.
    folder = context.output / _ROWS
    parts = {
        name: _as_rows(folder / Path(name).name, part)
        for name, part in ((examples.TRAIN, train), (examples.VALIDATION, validation))
    }
    try:
        return workflow.train(
            parts[examples.TRAIN],
            validation=parts[examples.VALIDATION],
            holdout=0.0,
            recipe=recipe(context.project, train[0].messages[0].content),
            out=out,
            resume=resume,
            observer=context.observer,
        )
    except JobStopped as stopped:
        hint = "the same command goes on from there" if can_resume(out) else stopped.hint
        raise JobStopped(stopped.message, hint) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _as_rows(path: Path, conversations: Sequence[Conversation]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [to_example(each) for each in conversations]
    lines = [json.dumps({"text": row.text, "label": row.label}) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _deployment(context: Context, endpoint: Endpoint, tuned: dict[str, Any]) -> str | None:
    """The name to deploy under: the configured one, the one that carries the model, or a new one."""
    if configured := get_settings().fine_tuned_model_deployment:
        return configured
    if not endpoint.is_azure:
        return None
    listed = Provider(endpoint).deployments() or ()
    carrying = [each.name for each in listed if each.model == tuned["model"]]
    return min(carrying, default=f"{context.project.name}-{tuned['job'][-8:]}")
