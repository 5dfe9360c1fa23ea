"""What a chat model's replies were worth: each reply with its verdict, and the figures over all.

Plain values and sums. Asking a model and judging a reply are for ``assistants/grade.py``;
intervals and the paired comparison are for ``answers.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, Literal

from aprendiz.evaluation.answers import (
    AnswersComparison,
    AnswersScore,
    compare_answers,
    score_answers,
)
from aprendiz.evaluation.intervals import wilson
from aprendiz.evaluation.maths.validate import StepCheck

Answers = Literal["maths", "text"]

#: Fields of a row that figures are told by, where rows have them.
GROUPED_BY = ("concept", "kind", "language")
#: The one that a comparison of two models is divided by.
COMPARED_BY = "kind"
_NAMELESS = "other"
_PLAIN = (
    "question", "expected", "reply", "right", "found", "wanted", "reason",
    "finish_reason", "tokens", "file", "line",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GradedReply:
    """What a model was asked, what it said, and whether that was right.

    Attributes:
        question: the last thing the user said.
        expected: the answer of the file, with its working.
        reply: the model's.
        right: whether its final answer is the expected one.
        found: the final answer found in the reply; ``None`` where there is none.
        wanted: the final answer of ``expected``.
        reason: why it is right or wrong, in a few words.
        steps: the lines of working that say that things are equal.
        finish_reason: ``stop`` or ``length`` (cut off).
        tokens: of the reply.
        file: where the row stands.
        line: 1-based.
        groups: its ``concept``, ``kind`` and ``language``, those it has.
    """

    question: str
    expected: str
    reply: str
    right: bool
    found: str | None
    wanted: str | None
    reason: str
    steps: tuple[StepCheck, ...]
    finish_reason: str
    tokens: int
    file: str
    line: int
    groups: Mapping[str, str]

    @property
    def steps_hold(self) -> bool | None:
        """Whether every step that can be checked holds; ``None`` where there is none."""
        checked = [step.holds for step in self.steps if step.holds is not None]
        return all(checked) if checked else None

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON; :meth:`from_dict` reads them back."""
        values = {name: getattr(self, name) for name in _PLAIN}
        return {**values, "steps": [asdict(step) for step in self.steps], **self.groups}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> GradedReply:
        """The reply that :meth:`as_dict` wrote."""
        named = {name: values[name] for name in _PLAIN}
        steps = tuple(StepCheck(**each) for each in values["steps"])
        groups = {name: values[name] for name in GROUPED_BY if name in values}
        return cls(**named, steps=steps, groups=groups)


@dataclass(frozen=True)
class Replies:
    """One model's replies to all rows.

    Attributes:
        model: its name.
        rows: in the order of the file.
        seconds: wall time of the generation.
    """

    model: str
    rows: tuple[GradedReply, ...]
    seconds: float

    @property
    def right(self) -> list[bool]:
        """Whether each reply is right."""
        return [row.right for row in self.rows]

    @property
    def tokens(self) -> int:
        """Tokens of all replies."""
        return sum(row.tokens for row in self.rows)

    @property
    def tokens_per_second(self) -> float:
        """Tokens of replies over wall time, the reading of the questions included."""
        return self.tokens / self.seconds if self.seconds > 0 else 0.0

    @property
    def cut_off(self) -> int:
        """Replies that ended at the limit and not by themselves."""
        return sum(row.finish_reason == "length" for row in self.rows)

    @cached_property
    def score(self) -> AnswersScore:
        """Share of right replies."""
        return score_answers(self.right, ["all"] * len(self.rows))

    def grouped(self, name: str) -> list[str]:
        """Each row's value of a field; ``other`` where it has none."""
        return [row.groups.get(name, _NAMELESS) for row in self.rows]

    @cached_property
    def by(self) -> dict[str, dict[str, dict[str, Any]]]:
        """Right answers of each group, by each field that rows have."""
        told: dict[str, dict[str, dict[str, Any]]] = {}
        for name in GROUPED_BY:
            if any(name in row.groups for row in self.rows):
                groups = score_answers(self.right, self.grouped(name)).by_group
                told[name] = {group: groups[group].as_dict() for group in sorted(groups)}
        return told

    @property
    def steps(self) -> dict[str, Any]:
        """Replies that show checkable working, and how many of them have every step right."""
        shown = [hold for row in self.rows if (hold := row.steps_hold) is not None]
        low, high = wilson(sum(shown), len(shown))
        return {
            "n": len(shown),
            "all_hold": sum(shown),
            "share": sum(shown) / len(shown) if shown else None,
            "share_ci": [low, high],
        }

    def as_dict(self, *, rows: bool) -> dict[str, Any]:
        """Plain values for JSON, with or without every reply."""
        told: dict[str, Any] = {
            "model": self.model,
            "n": len(self.rows),
            "correct": sum(self.right),
            "exact_match": self.score.exact_match,
            "exact_match_ci": list(self.score.exact_match_ci),
            **{f"by_{name}": groups for name, groups in self.by.items()},
            "steps": self.steps,
            "cut_off": self.cut_off,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "tokens_per_second": round(self.tokens_per_second, 1),
        }
        return told | ({"rows": [row.as_dict() for row in self.rows]} if rows else {})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Replies:
        """What :meth:`as_dict` wrote with its rows."""
        rows = tuple(GradedReply.from_dict(row) for row in values["rows"])
        return cls(values["model"], rows, values["seconds"])


@dataclass(frozen=True)
class AnswersEvaluation:
    """A chat model measured by its answers, beside another one where asked.

    Attributes:
        answers: how they were compared: as ``maths``, or as ``text`` word for word.
        source: where the rows came from.
        replies: the model's.
        other: those of the model it is held against, to the same rows.
    """

    answers: Answers
    source: str
    replies: Replies
    other: Replies | None = None

    @property
    def n(self) -> int:
        """Rows measured."""
        return len(self.replies.rows)

    @property
    def exact_match(self) -> float:
        """Share of right replies."""
        return self.replies.score.exact_match

    @property
    def exact_match_ci(self) -> tuple[float, float]:
        """Its 95 % interval (Wilson's)."""
        return self.replies.score.exact_match_ci

    @cached_property
    def comparison(self) -> AnswersComparison | None:
        """The other model and this one row by row; ``None`` without another."""
        if self.other is None:
            return None
        groups = self.replies.grouped(COMPARED_BY)
        return compare_answers(self.other.right, self.replies.right, groups)

    def as_dict(self, *, rows: bool = False) -> dict[str, Any]:
        """Plain values for JSON.

        Args:
            rows: with every reply; :meth:`from_dict` needs them.
        """
        told = {"answers": self.answers, "source": self.source, **self.replies.as_dict(rows=rows)}
        if self.other is not None and self.comparison is not None:
            told["against"] = self.other.as_dict(rows=rows)
            told["difference"] = self.comparison.as_dict()
        return told

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> AnswersEvaluation:
        """What :meth:`as_dict` wrote with its rows."""
        other = Replies.from_dict(values["against"]) if "against" in values else None
        return cls(values["answers"], values["source"], Replies.from_dict(values), other)

    def in_words(self) -> str:
        """The main figures in a few lines for a person."""
        low, high = self.exact_match_ci
        lines = [
            f"exact match: {self.exact_match:.3f} on {self.n:,} conversations "
            f"(95 % interval {low:.3f} to {high:.3f}), answers compared as {self.answers}"
        ]
        if (kinds := self.replies.by.get("kind")) and len(kinds) > 1:
            told = (
                f"{name} {each['exact_match']:.3f} ({each['n']:,})" for name, each in kinds.items()
            )
            lines.append(f"by kind:     {', '.join(told)}")
        if n := self.replies.steps["n"]:
            steps = self.replies.steps
            lines.append(
                f"working:     every step holds in {steps['share']:.3f} of the {n:,} replies "
                "that show any"
            )
        if self.replies.cut_off:
            lines.append(
                f"cut off:     {self.replies.cut_off:,} replies at the most tokens allowed"
            )
        lines.append(f"speed:       {self.replies.tokens_per_second:,.0f} tokens a second")
        if self.comparison is not None and self.other is not None:
            lines += [f"against:     {self.other.model}", self.comparison.in_words()]
        return "\n".join(lines)
