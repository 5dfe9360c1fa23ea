"""The visible table of model names: what a vendor's name stands for on this machine.

Clients written for OpenAI or Azure ask for ``gpt-4o-mini``; here a method of ours learns on
an open base model instead: a classifier where the answers are labels, and ``lora`` on a
language model where they are open. Rows are tried from the top and the first pattern that fits
wins (``fnmatch``: ``*`` is anything). A YAML file (setting ``platform_models``) puts rows above::

    gpt-4o-mini*:    {method: probe, base_model: all-MiniLM-L6-v2}
    our-support-bot: {method: finetune, base_model: ./models/spanish-encoder}
    our-tutor:       {method: lora, base_model: ./models/SmolLM2-135M-Instruct}
    gpt-4o*:         {method: finetune, open_base_model: ./models/SmolLM2-135M-Instruct}
    gpt-3.5-turbo:   {method: probe, shutdown_date: 2026-10-23}

A ``shutdown_date`` is shown with the model, as the vendors show theirs, so that clients learn
of it; nothing here stops working on that day.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from aprendiz.errors import SettingsError
from aprendiz.methods import catalogue
from aprendiz.methods.lora.recipe import LoraRecipe
from aprendiz.neural.base_models import EMBEDDED
from aprendiz.platform.records import Refusal
from aprendiz.settings import Settings

LORA = "lora"

#: The language model that aprendiz carries, as EMBEDDED is the encoder.
CARRIED = str(LoraRecipe().base_model)


@dataclass(frozen=True, slots=True)
class Base:
    """A row: a name that may be asked for, and what learns then.

    Attributes:
        pattern: the name, or a pattern of names.
        shown: the base model's name in answers: the dated one where the vendor has one;
            empty to show the name as it was asked for.
        method: which of our methods learns.
        base_model: what it starts from, as ``neural.base_models.resolve`` takes it (for
            ``lora`` as ``neural.causal.base.resolve`` does); empty for ``tfidf``; ``*`` where
            the asked-for name says it (``probe:BASE``).
        open_base_model: the language model that ``lora`` starts from when the answers turn out
            to be open; empty where the name itself says which method learns.
        shutdown_date: the day the model is to be given up, ``YYYY-MM-DD``; ``None`` for never.
    """

    pattern: str
    shown: str
    method: str
    base_model: str
    shutdown_date: str | None = None
    open_base_model: str = ""

    def for_open_answers(self) -> Base | None:
        """What learns when the answers are no small closed set; ``None`` where nothing can."""
        if learns_conversations(self.method):
            return self
        if not self.open_base_model:
            return None
        return replace(self, method=LORA, base_model=self.open_base_model)

    @property
    def one_name(self) -> bool:
        """Whether the row is one name, which a list of models can show, not a pattern."""
        return not any(letter in self.pattern for letter in "*?[")


# Undated names and the snapshots the vendors show for them, as documented in 2025.
_SNAPSHOTS = {
    "gpt-4o-mini": "gpt-4o-mini-2024-07-18",
    "gpt-4o": "gpt-4o-2024-08-06",
    "gpt-4.1": "gpt-4.1-2025-04-14",
    "gpt-4.1-mini": "gpt-4.1-mini-2025-04-14",
    "gpt-4.1-nano": "gpt-4.1-nano-2025-04-14",
    "gpt-3.5-turbo": "gpt-3.5-turbo-0125",
    "gpt-35-turbo": "gpt-35-turbo-0125",
}
# The vendors' smallest models stand for our quickest method.
_QUICK = ("gpt-4.1-nano*", "gpt-3.5-turbo*", "gpt-35-turbo*")
_THOROUGH = ("gpt-4o-mini*", "gpt-4o*", "gpt-4.1-mini*", "gpt-4.1*", "gpt-*")


def learns_conversations(method: str) -> bool:
    """Whether a method of ours makes a language model, which answers in its own words."""
    return catalogue.find(method).abilities.learns == "conversations"


def _vendors(pattern: str, shown: str, method: str) -> Base:
    return Base(pattern, shown, method, EMBEDDED, open_base_model=CARRIED)


def _default_table() -> tuple[Base, ...]:
    rows = [Base("tfidf", "tfidf", "tfidf", "")]
    for method, base in (("probe", EMBEDDED), ("finetune", EMBEDDED), (LORA, CARRIED)):
        rows += [Base(method, method, method, base), Base(f"{method}:*", "", method, "*")]
    for name, dated in _SNAPSHOTS.items():
        method = "probe" if f"{name}*" in _QUICK else "finetune"
        rows += [_vendors(name, dated, method), _vendors(dated, dated, method)]
    rows += [_vendors(pattern, "", "probe") for pattern in _QUICK]
    rows += [_vendors(pattern, "", "finetune") for pattern in _THOROUGH]
    return tuple(rows)


_DEFAULT = _default_table()


class _Row(BaseModel):
    """A row as the YAML file writes it, under its pattern."""

    model_config = ConfigDict(extra="forbid")

    method: Literal["tfidf", "probe", "finetune", "lora"]
    base_model: str = ""
    open_base_model: str = ""
    shown: str = ""
    shutdown_date: date | None = None


def table(settings: Settings) -> tuple[Base, ...]:
    """Every row, in the order in which they are tried.

    Raises:
        SettingsError: the YAML file of ``settings.platform_models`` cannot be used.
    """
    if settings.platform_models is None:
        return _DEFAULT
    return _read(settings.platform_models) + _DEFAULT


def find(asked: str, settings: Settings) -> Base:
    """The row for a name, with ``shown`` and ``base_model`` filled in.

    Raises:
        Refusal: 404, no row fits; 400, it is the name of a fine-tuned model.
        SettingsError: see :func:`table`.
    """
    if asked.startswith("ft:"):
        raise Refusal(
            400,
            f"'{asked}' is itself a fine-tuned model. Going on from one is not offered yet: "
            "start from its base model, with the examples of both.",
            code="model_not_available",
            param="model",
        )
    for row in table(settings):
        if fnmatchcase(asked, row.pattern):
            base = asked.partition(":")[2] if row.base_model == "*" else row.base_model
            return replace(row, shown=row.shown or asked, base_model=base)
    raise Refusal(
        404,
        f"The model '{asked}' does not exist. There are the vendors' gpt-… names, and tfidf, "
        "probe, finetune, lora, probe:BASE, finetune:BASE and lora:BASE.",
        code="model_not_found",
        param="model",
    )


def tuned_name(shown: str, suffix: str | None, job: str) -> str:
    """The name of what a job makes, put together as OpenAI does.

    ``ft:{base}:local:{suffix}:{the last eight letters of the job's id}``. A base model that
    is a folder or a hub name is shown by its last part: ``:`` and ``/`` have a meaning here.
    """
    method, colon, base = shown.partition(":")
    short = f"{method}-{Path(base).name}" if colon else shown
    short = re.sub(r"[^\w.-]+", "-", short)
    return f"ft:{short}:local:{suffix or ''}:{job[-8:]}"


def checkpoint_name(tuned: str, step: int) -> str:
    """The name of a tuned model as it was at a step."""
    return f"{tuned}:ckpt-step-{step}"


def _read(path: Path) -> tuple[Base, ...]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, f"cannot be read ({error})") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f" in line {mark.line + 1}" if mark is not None else ""
        raise _unusable(path, f"is not valid YAML{line}") from None
    if not isinstance(values, dict):
        raise _unusable(path, "is not a list of `name: {method: …}` lines")
    return tuple(_row(path, str(pattern), row) for pattern, row in values.items())


def _row(path: Path, pattern: str, values: Any) -> Base:
    if pattern.startswith("ft:"):
        raise _unusable(path, f"row {pattern!r}: names with ft: belong to fine-tuned models")
    try:
        row = _Row.model_validate(values)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise _unusable(path, f"row {pattern!r}: {where or 'the row'}: {fault['msg']}") from None
    usual = {"tfidf": "", LORA: CARRIED}.get(row.method, EMBEDDED)
    base = row.base_model or usual if usual else ""
    day = row.shutdown_date.isoformat() if row.shutdown_date else None
    return Base(pattern, row.shown, row.method, base, day, row.open_base_model)


def _unusable(path: Path, fault: str) -> SettingsError:
    return SettingsError(
        f"the table of model names {path} {fault}",
        "each line is NAME: {method: tfidf|probe|finetune|lora, base_model: BASE, "
        "open_base_model: BASE, shown: NAME, shutdown_date: DAY}",
    )
