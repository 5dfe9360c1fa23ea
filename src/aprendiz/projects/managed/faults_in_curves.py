"""What the curves of the training show about its own settings; most often nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

from aprendiz.evaluation.grade import chance_of_shift
from aprendiz.projects.managed.evidence import Evidence
from aprendiz.projects.managed.suggestion import LEVEL, Suggestion

_FEWEST_LOGS = 12


def curves(evidence: Evidence) -> list[Suggestion]:
    """Advice about the training's own settings, only where its curves show something.

    A model that does no better than guessing on the validation rows is told first, for then
    no setting of the training helps.
    """
    losses = [float(each["loss"]) for each in evidence.history if "loss" in each]
    checks = [
        (each.get("step", 0.0), float(each["eval_loss"]))
        for each in evidence.history
        if "eval_loss" in each
    ]
    found = _by_heart(losses, [loss for _, loss in checks], len(evidence.learnt))
    if len(checks) >= 3 and not found:
        step, lowest = min(checks, key=lambda each: each[1])
        last = checks[-1][1]
        if last > 1.1 * lowest:
            found.append(
                Suggestion(
                    "too_long",
                    f"the validation loss was lowest at step {step:g} ({lowest:.3f}) and rose to "
                    f"{last:.3f}",
                    "lower FINE_TUNING_EPOCHS",
                    {"eval_loss": [list(each) for each in checks]},
                )
            )
    if len(losses) >= _FEWEST_LOGS and not found:
        found += _learning_rate(losses)
    return found


def _by_heart(losses: Sequence[float], checks: Sequence[float], intents: int) -> list[Suggestion]:
    """The training rows known, and the validation rows no better than guessed (loss ln k)."""
    guessing = math.log(intents)
    if len(losses) < _FEWEST_LOGS or not checks or min(checks) < guessing:
        return []
    last = losses[-len(losses) // 4 :]
    learnt = sum(last) / len(last)
    if learnt > guessing / 2:
        return []
    return [
        Suggestion(
            "learnt_by_heart",
            f"the training loss ended at {learnt:.2f}, but the validation loss was never under "
            f"{min(checks):.2f}, and guessing among {intents} intents has {guessing:.2f}",
            "write many more examples, or tune a base model that knows the language of the "
            "texts better (AZURE_OPENAI_MODEL); longer training cannot help",
            {"training_loss": learnt, "least_eval_loss": min(checks), "guessing": guessing},
        )
    ]


def _learning_rate(losses: Sequence[float]) -> list[Suggestion]:
    quarter = len(losses) // 4
    first, third, last = losses[:quarter], losses[-2 * quarter : -quarter], losses[-quarter:]
    begin, before, end = (sum(some) / len(some) for some in (first, third, last))
    numbers = {"first_quarter": begin, "third_quarter": before, "last_quarter": end}
    moved = chance_of_shift(first, last)
    if moved >= LEVEL or end > 0.95 * begin:
        return [
            Suggestion(
                "hardly_learnt",
                f"the training loss went from {begin:.3f} (first quarter) to {end:.3f} (last): "
                f"no more than chance or under 5 % (p = {moved:.2g})",
                "raise FINE_TUNING_LR_MULT",
                {**numbers, "p": moved},
            )
        ]
    falling = chance_of_shift(third, last)
    if falling < LEVEL and end < 0.9 * before:
        return [
            Suggestion(
                "still_learning",
                f"the training loss was still falling at the end, from {before:.3f} to {end:.3f} "
                f"in the last half (p = {falling:.2g})",
                "raise FINE_TUNING_EPOCHS",
                {**numbers, "p": falling},
            )
        ]
    return []
