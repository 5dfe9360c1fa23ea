"""Whether two chat models say the same: greedy replies to the same prompts, word for word.

It judges copies of one model. Whether a model is any good is for ``grade.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest

from aprendiz.assistants.export_prompts import Prompt
from aprendiz.interfaces import ChatModel, Observer, Reply, Sampling

LONGEST_REPLY = 128  # tokens; where two copies differ they do so early
_TOGETHER = 20  # prompts between two reports of progress


@dataclass(frozen=True, slots=True)
class Difference:
    """A prompt that the two answered differently.

    Attributes:
        prompt: its last message.
        token: place of the first token that differs, from 0; ``None`` where the replies are
            the same and something else is not (how the prompt is read, how the reply ended).
        expected: that token of the original; empty where its reply had ended.
        found: that token of the copy.
        why: the difference in words.
    """

    prompt: str
    token: int | None
    expected: str
    found: str
    why: str


@dataclass(frozen=True, slots=True)
class Parity:
    """How far a copy is the same model.

    Attributes:
        prompts: how many were asked.
        identical: how many were read alike and answered word for word alike.
        differences: the others.
    """

    prompts: int
    identical: int
    differences: tuple[Difference, ...]

    @property
    def agreement(self) -> float:
        """Share of identical replies, 0 to 1."""
        return self.identical / self.prompts

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        return {
            "prompts": self.prompts,
            "identical": self.identical,
            "agreement": self.agreement,
            "differences": [asdict(each) for each in self.differences],
        }


def answers(
    model: ChatModel, prompts: Sequence[Prompt], task: str, observer: Observer
) -> list[Reply]:
    """Greedy replies to all prompts."""
    said: list[Reply] = []
    for begin in range(0, len(prompts), _TOGETHER):
        said += model.replies(
            prompts[begin : begin + _TOGETHER], Sampling(max_tokens=LONGEST_REPLY)
        )
        observer.progress(task, len(said), len(prompts))
    return said


def compare(
    prompts: Sequence[Prompt],
    original: Sequence[Reply],
    copy: Sequence[Reply],
    tokens_of: Callable[[str], list[str]],
) -> Parity:
    """Compare the replies of two models to the same prompts.

    Args:
        prompts: what both were asked.
        original: the replies of the model that was exported.
        copy: those of what was exported.
        tokens_of: cuts a text into the model's tokens, to name the first that differs.
    """
    differences = [
        found
        for prompt, ours, theirs in zip(prompts, original, copy, strict=True)
        if (found := _difference(prompt, ours, theirs, tokens_of))
    ]
    return Parity(len(prompts), len(prompts) - len(differences), tuple(differences))


def _difference(
    prompt: Prompt, ours: Reply, theirs: Reply, tokens_of: Callable[[str], list[str]]
) -> Difference | None:
    asked = prompt[-1].content
    if ours.prompt_tokens != theirs.prompt_tokens:
        why = f"the prompt is read as {theirs.prompt_tokens} tokens, not {ours.prompt_tokens}"
        return Difference(asked, None, "", "", why)
    if ours.text == theirs.text:
        if ours.finish_reason == theirs.finish_reason:
            return None
        why = f"the reply ends by {theirs.finish_reason}, not by {ours.finish_reason}"
        return Difference(asked, None, "", "", why)
    pairs = zip_longest(tokens_of(ours.text), tokens_of(theirs.text), fillvalue="")
    place, (expected, found) = next(
        (number, pair) for number, pair in enumerate(pairs) if pair[0] != pair[1]
    )
    why = f"token {place} of the reply is {found!r}, not {expected!r}"
    return Difference(asked, place, expected, found, why)
