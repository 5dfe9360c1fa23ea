"""Everything that can be known before a byte is sent: the provider's rules, tokens, cost."""

from __future__ import annotations

import json
from collections.abc import Sequence

from aprendiz.data.chat.records import ChatReading, Conversation
from aprendiz.data.chat.rules import AZURE, OPENAI, PLATFORM, Rules, check_conversations
from aprendiz.data.chat.tokens import counter, estimate
from aprendiz.data.dataset import Dataset
from aprendiz.data.records import Example, Finding
from aprendiz.errors import DataError, RecipeError, SettingsError
from aprendiz.interfaces import Observer
from aprendiz.methods.managed import prompts
from aprendiz.methods.managed.endpoint import Endpoint, choose
from aprendiz.methods.managed.recipe import ManagedRecipe
from aprendiz.settings import get_settings

# What the check of the data itself has found and said.
_SAID_ALREADY = {"duplicate", "leak"}


def check(dataset: Dataset, recipe: ManagedRecipe, tell: Observer) -> None:
    """Hold the data against the provider's rules, and say what the job would come to.

    Raises:
        DataError: the provider would refuse the examples; carries every finding.
        RecipeError: a setting that this provider does not have.
    """
    endpoint = _endpoint(recipe, tell)
    if endpoint is not None:
        tell.say(endpoint.in_words())
        _refuse_strange_settings(recipe, endpoint)
    system = prompts.task(recipe, dataset.labels)
    train = prompts.conversations(dataset.train, system)
    rules = _rules(endpoint).for_model(recipe.base_model)
    findings = check_conversations(_reading(train, rules), rules)
    if dataset.validation:
        rows = prompts.conversations(dataset.validation, system)
        findings += check_conversations(_reading(rows, rules), rules, part="validation")
    _say_or_raise(findings, rules, tell)
    _say_cut((*dataset.train, *dataset.validation), tell)
    told = estimate(
        train,
        counter(recipe.base_model),
        epochs=None if recipe.epochs == "auto" else recipe.epochs,
        price_per_million=recipe.price_per_million_tokens,
        most_tokens_per_example=rules.most_tokens_per_example,
    )
    tell.say(told.in_words())


def _endpoint(recipe: ManagedRecipe, tell: Observer) -> Endpoint | None:
    """The service, if one is set up: a dry run needs none."""
    try:
        return choose(recipe.provider, get_settings())
    except SettingsError as error:
        tell.say(f"{error.message}: checked by OpenAI's rules")
        return None


def _rules(endpoint: Endpoint | None) -> Rules:
    if endpoint is None:
        return OPENAI
    if endpoint.is_local:
        return PLATFORM
    return AZURE if endpoint.is_azure else OPENAI


def _refuse_strange_settings(recipe: ManagedRecipe, endpoint: Endpoint) -> None:
    if recipe.prompt_loss_weight is not None and endpoint.kind != "azure":
        raise RecipeError(
            "prompt_loss_weight is a setting of Azure's dated interface, "
            f"which {endpoint.address} is not",
            "leave it out (null)",
        )
    if recipe.training_type is not None and not endpoint.is_azure:
        raise RecipeError(
            f"training_type is a setting of Azure, which {endpoint.address} is not",
            "leave it out (null)",
        )


def _reading(conversations: Sequence[Conversation], rules: Rules) -> ChatReading:
    """The conversations as if they had been read from the file that will be sent."""
    size = sum(
        len(json.dumps(each.as_dict(), ensure_ascii=False).encode()) + 1 for each in conversations
    )
    source = conversations[0].file if conversations else ""
    return ChatReading(
        source, tuple(conversations), (), size, rules.bom == "wanted", len(conversations)
    )


def _say_or_raise(findings: Sequence[Finding], rules: Rules, tell: Observer) -> None:
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise DataError(
            f"{rules.name} would refuse these examples: {errors[0].message}",
            errors[0].hint or "mend the rows named above",
            errors,
        )
    for finding in findings:
        if finding.kind in _SAID_ALREADY:
            continue
        tell.say(f"{finding.severity}: {finding.file}:{finding.line}: {finding.message}")


def _say_cut(rows: Sequence[Example], tell: Observer) -> None:
    long = sum(len(row.text) > prompts.MOST_CHARACTERS for row in rows)
    if long:
        tell.say(f"warning: {long:,} texts are cut at {prompts.MOST_CHARACTERS:,} characters")
