"""``decision.json``: when a model answers, when it asks again, when a text is none of its business.

Three rules, each with what it was chosen for and what it did on the rows it was chosen on. Here
they are kept and obeyed; they are chosen in ``evaluation/decide.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aprendiz.errors import ModelFolderError
from aprendiz.interfaces import Decision

NAME = "decision.json"

Share = Annotated[float, Field(ge=0, le=1)]
Interval = tuple[Share, Share]
Asked = Literal["confidence", "precision", "coverage", "cost"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Effect(_Part):
    """What a threshold did on the rows it was chosen on; intervals are 95 % intervals.

    Attributes:
        rows: which rows, in words: ``out of fold``, ``validation``, a file's name.
        n: how many of them are about one of the labels.
        answered: how many of those were answered.
        right: how many of those rightly.
        coverage: ``answered / n``.
        coverage_ci: its interval (Wilson).
        precision: ``right / answered``; 0 where nothing was answered.
        precision_ci: its interval (Wilson).
    """

    rows: str
    n: int
    answered: int
    right: int
    coverage: Share
    coverage_ci: Interval
    precision: Share
    precision_ci: Interval


class AnswerRule(_Part):
    """From which confidence on a label is answered.

    Attributes:
        threshold: the least confidence that is answered.
        asked: what the threshold was chosen for.
        goal: the confidence, precision, coverage or cost that was asked for.
        met: the rows it was chosen on show that the goal is reached.
        effect: what it did on them; ``None`` where there were no such rows.
    """

    threshold: float
    asked: Asked = "confidence"
    goal: float
    met: bool = True
    effect: Effect | None = None


class ScopeRule(_Part):
    """Under which scope a text is about none of the labels.

    Attributes:
        threshold: texts with a smaller scope are out of scope. Scope is a share of in-scope
            texts, so this is also the share of them that is expected to be refused.
        detector: how scope is found, in words.
        learnt_from: rows about none of the labels that the detector saw; often 0.
        n: in-scope rows that its scale was made from.
        found: share of the held-out rows about none of the labels that it finds, and their
            number; ``None`` where there were none.
    """

    threshold: Share
    detector: str
    learnt_from: int
    n: int
    found: tuple[Share, int] | None = None


class SetRule(_Part):
    """Which labels cannot be ruled out.

    Attributes:
        alpha: the true label is missing from at most this share of sets.
        threshold: the least probability that a label of the set has.
        n: rows it was chosen on.
        rows: which rows, in words.
        mean_size: labels in a set, on average over those rows.
    """

    alpha: Share
    threshold: float
    n: int
    rows: str
    mean_size: float


class LabelRule(_Part):
    """From which probability on a text is given one label, where it may have several.

    Attributes:
        threshold: the least probability; over 1 where it is never given.
        have: rows with the label among those it was chosen on.
        given: rows that it would be given.
        right: rows of both kinds.
    """

    threshold: float
    have: int
    given: int
    right: int


class LabelRules(_Part):
    """Which labels a text is given, where it may have any number of them.

    Attributes:
        asked: what the thresholds were chosen for: ``f1``, ``precision``, or ``confidence``
            where one was given for all.
        goal: the precision or confidence; ``None`` for ``f1``.
        rows: which rows they were chosen on, in words.
        n: how many.
        some_have_none: rows without any label were learnt from, so that to give none says that
            the text is about none of them; otherwise it says that the model does not know.
        each: label name to its rule.
    """

    asked: Literal["f1", "precision", "confidence"]
    goal: float | None
    rows: str
    n: int
    some_have_none: bool
    each: dict[str, LabelRule]

    @classmethod
    def of_threshold(cls, labels: Sequence[str], threshold: float) -> LabelRules:
        """One threshold for all, chosen on no rows: what a model in the middle of learning has."""
        rule = LabelRule(threshold=threshold, have=0, given=0, right=0)
        each = dict.fromkeys(labels, rule)
        return cls(asked="confidence", goal=threshold, rows="", n=0, some_have_none=True, each=each)

    def given(self, scores: Mapping[str, float], threshold: float | None = None) -> tuple[str, ...]:
        """The labels at or over their thresholds, in the order of ``scores``.

        Args:
            scores: label to probability.
            threshold: takes the place of every label's own.
        """
        return tuple(
            label
            for label, score in scores.items()
            if score >= (self.each[label].threshold if threshold is None else threshold)
        )

    def decide(self, labels: Sequence[str]) -> Decision:
        """What to do with the labels given."""
        if labels:
            return "answer"
        return "out_of_scope" if self.some_have_none else "needs_clarification"

    def in_words(self) -> str:
        """The rules for a person, in one line."""
        limits = [rule.threshold for rule in self.each.values()]
        aim = {"f1": "chosen for F1", "precision": f"for a precision of {self.goal or 0:g} each"}
        return (
            f"gives each label from its own threshold on ({min(limits):.3f} to "
            f"{max(limits):.3f}, {aim.get(self.asked, 'as given')}; {self.n:,} rows {self.rows})"
        )


def _aim(rule: AnswerRule) -> str:
    """What a threshold was chosen for, as the end of a sentence."""
    if rule.asked == "confidence":
        return ""
    missed = "" if rule.met else ", which these rows do not show to be reached"
    return f", for a {rule.asked} of {rule.goal:g}{missed}"


class Decisions(_Part):
    """All three rules.

    Attributes:
        format: version of this layout.
        oos_label: how rows about none of the labels are labelled in the data.
        answer: between an answer and a question back.
        scope: between in scope and out of it; ``None`` where the model has no detector.
        sets: ``None`` where none were asked for.
        several: where a text may have several labels, which it is given; the other rules then
            mean nothing. ``None`` where it has one.
    """

    format: Literal[1] = 1
    oos_label: str = ""
    answer: AnswerRule
    scope: ScopeRule | None = None
    sets: SetRule | None = None
    several: LabelRules | None = None

    @classmethod
    def of_threshold(cls, threshold: float) -> Decisions:
        """A bare threshold: what a folder without the file means."""
        return cls(answer=AnswerRule(threshold=threshold, goal=threshold))

    def decide(
        self, confidence: float, scope: float | None, threshold: float | None = None
    ) -> Decision:
        """What to do with an answer.

        Args:
            confidence: of the most probable label; 0 where there is no answer.
            scope: of the text; ``None`` without a detector.
            threshold: takes the place of the rule's own confidence threshold.
        """
        if scope is not None and self.scope is not None and scope < self.scope.threshold:
            return "out_of_scope"
        limit = self.answer.threshold if threshold is None else threshold
        return "answer" if 0 < confidence >= limit else "needs_clarification"

    def candidates(self, ranked: Sequence[tuple[str, float]]) -> tuple[str, ...]:
        """The labels that cannot be ruled out, of all labels from most to least probable.

        The most probable one always stands in it: a set that is empty helps nobody, and
        one that is larger breaks no promise.
        """
        if self.sets is None or not ranked or ranked[0][1] <= 0:
            return ()
        likely = [label for label, score in ranked if score >= self.sets.threshold]
        return tuple(likely) or (ranked[0][0],)

    def in_words(self) -> str:
        """The rules for a person, a line each."""
        if self.several is not None:
            return self.several.in_words()
        rule = self.answer
        lines = [f"answers from a confidence of {rule.threshold:.3f} on{_aim(rule)}"]
        if (told := rule.effect) is not None:
            low, high = told.precision_ci
            lines.append(
                f"  on {told.n:,} rows ({told.rows}): answers {told.coverage:.3f} of them, "
                f"{told.precision:.3f} rightly (95 % interval {low:.3f} to {high:.3f})"
            )
        if self.scope is not None:
            lines.append(
                f"out of scope under a scope of {self.scope.threshold:g} ({self.scope.detector}, "
                f"{self.scope.n:,} rows)"
            )
        if self.sets is not None:
            lines.append(
                f"label sets miss the label in at most {self.sets.alpha:g} of cases and have "
                f"{self.sets.mean_size:.2f} labels on average ({self.sets.rows}, {self.sets.n:,} rows)"
            )
        return "\n".join(lines)

    def to_json(self) -> str:
        """The file as it is written to disk."""
        return json.dumps(self.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def write(folder: Path, decisions: Decisions) -> None:
    """Write the file into a model folder under construction."""
    (folder / NAME).write_text(decisions.to_json(), encoding="utf-8")


def read(folder: Path, threshold: float) -> Decisions:
    """Read a folder's file; without one the rule is the manifest's bare threshold.

    Raises:
        ModelFolderError: it is damaged, or of a later version.
    """
    path = folder / NAME
    try:
        values: Any = json.loads(path.read_text(encoding="utf-8"))
        return Decisions.model_validate(values)
    except FileNotFoundError:
        return Decisions.of_threshold(threshold)
    except ValidationError as error:
        raise ModelFolderError(
            f"{path}: damaged, or of another version ({error.errors()[0]['msg']})",
            "use the aprendiz version that made it, or train again",
        ) from None
    except (OSError, ValueError) as error:
        raise ModelFolderError(f"{path}: cannot be read ({error})", "train again") from None
