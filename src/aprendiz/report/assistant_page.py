"""One HTML page that says what a chat model answers rightly, and shows what it says.

Like ``page.py`` it needs no other file and no network, and whatever a user or a model wrote
is escaped by the template.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from aprendiz.evaluation.intervals import Interval
from aprendiz.evaluation.replies import GROUPED_BY, AnswersEvaluation, GradedReply, Replies
from aprendiz.report.facts import Figure, LeftOut
from aprendiz.report.page import embed, fill
from aprendiz.report.style import percent, percent_span

WRONG_SHOWN, RIGHT_SHOWN = 12, 6


@dataclass(frozen=True)
class AssistantFacts:
    """Everything the page says that is neither a picture nor measured.

    Attributes:
        title: heading of the page.
        part: name of the part measured (``test``, ``validation`` …).
        chose: those conversations chose the checkpoint.
        data: where the conversations came from and how they were divided.
        facts: name and value of what else is known (base model, trainable parameters …).
        recipe_yaml: the filled recipe.
        place: the model folder as it should stand in the commands shown.
    """

    title: str
    part: str
    chose: bool
    data: str
    facts: Sequence[tuple[str, str]]
    recipe_yaml: str
    place: str


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A line of a table by concept, kind or language; ``base`` is the other model's."""

    name: str
    n: int
    share: float
    interval: Interval
    base: float | None
    base_interval: Interval | None


@dataclass(frozen=True, slots=True)
class Shown:
    """A conversation to look at, and what the other model said to it."""

    row: GradedReply
    other: GradedReply | None


def render(
    facts: AssistantFacts,
    evaluation: AnswersEvaluation | None,
    figures: Sequence[Figure] = (),
    left_out: Sequence[LeftOut] = (),
) -> str:
    """The page as HTML.

    Raises:
        MissingExtra: jinja2 is not installed.
        OSError: a figure's file cannot be read.
    """
    return fill(
        "assistant_page.html",
        facts=facts,
        told=evaluation,
        verdict=verdict(facts, evaluation),
        against=against(evaluation),
        models=_models(evaluation),
        groups=_groups(evaluation),
        wrong=_shown(evaluation, False, WRONG_SHOWN),
        right=_shown(evaluation, True, RIGHT_SHOWN),
        pictures=[embed(figure) for figure in figures],
        left_out=left_out,
        shell=_shell(facts.place),
        python=_python(facts.place),
    )


def verdict(facts: AssistantFacts, evaluation: AnswersEvaluation | None) -> str:
    """How good the model is, in one sentence."""
    if evaluation is None:
        return "Not measured: no conversations were held out when it was trained."
    seen = "had not learnt from" if facts.chose else "had not seen"
    return (
        f"The right answer to {percent(evaluation.exact_match)} of {evaluation.n:,} conversations "
        f"it {seen} (95 % interval {percent_span(evaluation.exact_match_ci)})."
    )


def against(evaluation: AnswersEvaluation | None) -> str:
    """The comparison with the other model in a sentence; empty without one."""
    if evaluation is None or evaluation.other is None or evaluation.comparison is None:
        return ""
    other, change = evaluation.other, evaluation.comparison
    low, high = (100 * end for end in change.difference_ci)
    return (
        f"{other.model} has {percent(other.score.exact_match)} on the same conversations: a "
        f"difference of {100 * change.difference:+.1f} points (95 % interval {low:+.1f} to "
        f"{high:+.1f}, exact McNemar p = {change.p_value:.2g})."
    )


def _models(evaluation: AnswersEvaluation | None) -> list[Replies]:
    if evaluation is None:
        return []
    return [evaluation.replies, *([evaluation.other] if evaluation.other else [])]


def _groups(evaluation: AnswersEvaluation | None) -> list[tuple[str, list[GroupRow]]]:
    """For each field that rows have, its groups, the weakest first."""
    if evaluation is None:
        return []
    tables = []
    for name in GROUPED_BY:
        mine = evaluation.replies.by.get(name, {})
        base = evaluation.other.by.get(name, {}) if evaluation.other else {}
        rows = [
            GroupRow(
                group,
                told["n"],
                told["exact_match"],
                told["exact_match_ci"],
                base[group]["exact_match"] if group in base else None,
                base[group]["exact_match_ci"] if group in base else None,
            )
            for group, told in mine.items()
        ]
        if rows:
            tables.append((name, sorted(rows, key=lambda row: (row.share, row.name))))
    return tables


def _shown(evaluation: AnswersEvaluation | None, right: bool, most: int) -> list[Shown]:
    """Right or wrong conversations to look at, one of each concept before a second of any."""
    if evaluation is None:
        return []
    others = evaluation.other.rows if evaluation.other else ()
    pairs = [Shown(*pair) for pair in zip_longest(evaluation.replies.rows, others)]
    by_concept: dict[str, list[Shown]] = {}
    for each in pairs:
        if each.row.right is right:
            by_concept.setdefault(each.row.groups.get("concept", ""), []).append(each)
    return list(_in_turn(by_concept.values()))[:most]


def _in_turn(groups: Iterable[Sequence[Shown]]) -> Iterable[Shown]:
    for turn in zip_longest(*groups):
        yield from (each for each in turn if each is not None)


def _shell(place: str) -> str:
    folder = shlex.quote(place)
    return (
        f"aprendiz chat {folder}\n"
        f"aprendiz evaluate {folder} --data conversations.jsonl\n"
        f"aprendiz serve {folder}\n"
        f"aprendiz export {folder} --to gguf\n"
    )


def _python(place: str) -> str:
    return (
        "import aprendiz\n"
        "from aprendiz import Message\n\n"
        f"assistant = aprendiz.load_chat_model({place!r})\n"
        "(reply,) = assistant.replies([[Message('user', 'a question of yours')]])\n"
        "print(reply.text)\n"
    )
