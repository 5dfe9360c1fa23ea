"""Promises and plain values that the rooms exchange. No logic lives here.

A ``Method`` (see ``methods/catalogue.py``) turns a dataset and a recipe into files;
loading those files gives a ``Classifier``, or a ``ChatModel`` where the method learns
from conversations. A ``Run`` is told what happens on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypedDict, runtime_checkable

from aprendiz.data.chat.records import Message

if TYPE_CHECKING:
    import numpy as np

RunStatus = Literal["finished", "failed", "killed"]
Decision = Literal["answer", "needs_clarification", "out_of_scope"]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer.

    Attributes:
        text: the input, unchanged.
        label: the most probable label, as the user wrote it; empty when the model gave
            no answer that is one of the labels (only chat models can).
        confidence: its probability, 0 to 1.
        scores: probability of every label, most probable first; they sum to 1, or are
            all 0 when there is no answer.
        decision: what to do with it. ``answer``: act on ``label``; ``needs_clarification``:
            it is between labels, so ask again; ``out_of_scope``: the text is about none
            of the labels.
        scope: the share of in-scope texts that look no more in scope than this one, 0 to
            1; ``None`` where the model has no detector.
        candidates: the labels that cannot be ruled out at the error rate the model was
            given (a conformal set), most probable first; empty where none was given.
        labels: from a model of several labels, those at or over their thresholds, most
            probable first; often one, sometimes none. ``None`` from any other model.

    A model of several labels gives each a probability of its own, so ``scores`` do not sum to 1;
    its decision is ``answer`` where it gives any.
    """

    text: str
    label: str
    confidence: float
    scores: Mapping[str, float]
    decision: Decision
    scope: float | None = None
    candidates: tuple[str, ...] = ()
    labels: tuple[str, ...] | None = None

    @property
    def abstained(self) -> bool:
        """Whether the caller should not act on ``label``."""
        return self.decision != "answer"

    def as_dict(self) -> dict[str, object]:
        """Plain values for JSON."""
        several = {} if self.labels is None else {"labels": list(self.labels)}
        return {
            "text": self.text,
            "label": self.label,
            **several,
            "confidence": self.confidence,
            "scores": dict(self.scores),
            "abstained": self.abstained,
            "decision": self.decision,
            "scope": self.scope,
            "candidates": list(self.candidates),
        }


class Wanted(TypedDict, total=False):
    """When a model should answer and when not. At most one of the first four is given.

    Attributes:
        threshold: confidence from which on it answers.
        precision: choose the threshold so that this share of its answers is right.
        coverage: choose it so that this share of the texts is answered.
        cost: choose it so that it is cheapest, a wrong answer costing so many questions back.
        sets: give with each answer a set of labels that misses the true one this rarely.
        false_alarms: share of in-scope texts that may be called out of scope; 0.05 when not
            given, 0 to call none so.
    """

    threshold: float | None
    precision: float | None
    coverage: float | None
    cost: float | None
    sets: float | None
    false_alarms: float | None


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a method can do, declared rather than guessed.

    Attributes:
        extras: extras that must be installed to train with it.
        steps: it learns step by step, so it has curves and can be resumed.
        uses_base_model: it starts from a pretrained model.
        learns: ``labels``: from labelled texts, and the result is a :class:`Classifier`;
            ``conversations``: from chats, and the result is a :class:`ChatModel`.
        scope: it can learn to tell texts about its labels from others, shown some or none.
        several: it also learns texts with any number of labels (``train_multi``).
    """

    extras: tuple[str, ...]
    steps: bool
    uses_base_model: bool
    learns: Literal["labels", "conversations"] = "labels"
    scope: bool = False
    several: bool = False


@runtime_checkable
class Classifier(Protocol):
    """A loaded model that turns texts into probabilities over fixed labels."""

    @property
    def labels(self) -> tuple[str, ...]:
        """The label names; column *j* of the probabilities belongs to ``labels[j]``."""
        ...

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Probabilities, shape ``(len(texts), len(labels))``, float64.

        A row sums to 1, or is all zero where the model gave no answer that is one of the
        labels (a chat model can; such a row counts as wrong, never as a guess).
        """
        ...


@runtime_checkable
class ScopedClassifier(Classifier, Protocol):
    """A classifier that also tells texts about its labels from texts about none of them."""

    def judge(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray | None]:
        """Probabilities as :meth:`probabilities` gives them, and the scope of each text.

        Scope has shape ``(len(texts),)`` and is from 0 to 1 (see :class:`Prediction`); it is
        ``None`` where this model was trained without a detector.
        """
        ...


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a text, spelt as in a model's vocabulary, with its first character in the text
    and the one after its last: the same for a token that the model adds by itself."""

    piece: str
    start: int
    end: int


@runtime_checkable
class Encoding(Protocol):
    """A classifier whose two halves can be used apart: tokenizing, and the model itself."""

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The token numbers of each text, cut to the model's length; from any thread."""
        ...

    def judge_rows(self, rows: Sequence[Sequence[int]]) -> tuple[np.ndarray, np.ndarray | None]:
        """What :meth:`ScopedClassifier.judge` says of the texts that gave these tokens."""
        ...

    def tokens(self, text: str) -> list[Token]:
        """What the model reads of a text, in order, for people; from any thread."""
        ...


@dataclass(frozen=True, slots=True)
class Sampling:
    """How a reply is drawn from a chat model.

    Attributes:
        max_tokens: most tokens of the reply; what the context leaves room for, if less.
        temperature: 0 always takes the most probable token (greedy); above 0 draws.
        top_p: draw only among the most probable tokens that together have this
            probability (nucleus sampling, Holtzman et al. 2020); 1 is all of them.
        seed: fixes what is drawn; ``None`` draws anew each time.
        stop: texts that end the reply; they are not part of it.
    """

    max_tokens: int = 512
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """What a chat model said.

    Attributes:
        text: the whole reply, without the token that ends it.
        prompt_tokens: tokens of the conversation as the model read it.
        completion_tokens: tokens of the reply, the ending one included.
        finish_reason: ``stop``: the model ended it, or a stop text came; ``length``: cut at
            ``max_tokens`` or at the end of the context.
    """

    text: str
    prompt_tokens: int
    completion_tokens: int
    finish_reason: Literal["stop", "length"]


@runtime_checkable
class ChatModel(Protocol):
    """A loaded model that goes on with conversations. Not to be used from two threads at once."""

    @property
    def name(self) -> str:
        """What to call it."""
        ...

    @property
    def context(self) -> int:
        """Most tokens of a conversation and its reply together."""
        ...

    def stream(
        self, messages: Sequence[Message], sampling: Sampling = Sampling()
    ) -> Iterator[str | Reply]:
        """Pieces of text as they come and, last, the whole :class:`Reply`.

        The pieces together are its text. Closing the iterator ends the work at the next token.

        Raises:
            ChatError: the conversation leaves no room for a reply.
        """
        ...

    def replies(
        self, conversations: Sequence[Sequence[Message]], sampling: Sampling = Sampling()
    ) -> list[Reply]:
        """A reply to each conversation, in their order; several are worked on together.

        Greedy replies are those that :meth:`stream` gives, but for ties in the arithmetic.

        Raises:
            ChatError: a conversation leaves no room for a reply.
        """
        ...


class Run(Protocol):
    """The diary of one training: told what happens, never asked.

    ``history`` keeps every metrics call as ``{"step": int, **values}``, in order,
    whatever else the run is sent to.
    """

    history: list[dict[str, float]]
    address: str
    """What to run or open to look at the run; empty when there is nowhere to look."""

    def params(self, values: Mapping[str, object]) -> None:
        """Record settings that were fixed before training."""
        ...

    def metrics(self, values: Mapping[str, float], step: int) -> None:
        """Record figures at an optimiser step (0 for figures without one)."""
        ...

    def artifact(self, path: Path, folder: str = "") -> None:
        """Record a file or a folder, under ``folder`` inside the run."""
        ...

    def model(self, folder: Path) -> None:
        """Record a finished model folder as a model that can be served."""
        ...

    def close(self, status: RunStatus) -> None:
        """End the run; later calls are ignored."""
        ...


class Observer(Protocol):
    """Whoever watches a long piece of work: a terminal, a log, nobody."""

    def say(self, message: str) -> None:
        """One sentence about what is happening."""
        ...

    def progress(self, task: str, done: int, total: int) -> None:
        """How far a task has come; ``done == total`` ends it."""
        ...


class Silence:
    """An observer that does not listen; the default everywhere."""

    def say(self, message: str) -> None:
        """Ignore."""

    def progress(self, task: str, done: int, total: int) -> None:
        """Ignore."""


class Listener(Protocol):
    """A program that follows a training as it goes (an observer is for people)."""

    def figures(self, step: int, values: Mapping[str, float]) -> None:
        """What the run was told at an optimiser step (0 for figures without one)."""
        ...

    def snapshot(self, step: int, folder: Path, values: Mapping[str, float]) -> None:
        """A whole model folder as it was at ``step`` lies in ``folder``, with its figures."""
        ...


WriteFiles = Callable[[Path], None]


class Album(Protocol):
    """Takes snapshots of a model in the middle of its training."""

    def keep(self, step: int, write: WriteFiles, values: Mapping[str, float]) -> None:
        """Have ``write`` put the model's own files into a folder, and seal it."""
        ...


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where a method works and whom it tells.

    Attributes:
        files: empty folder that the method fills with the model's own files.
        checkpoints: folder that survives an interruption, to go on from what a method keeps there.
        resume: ``checkpoints`` holds an interrupted training of the same data and recipe.
        run: the diary.
        observer: whom to tell.
        album: where a method that learns in steps leaves a snapshot after each epoch;
            ``None`` when nobody wants them.
        kept: false for a model that is thrown away; nobody will want it in other forms.
    """

    files: Path
    checkpoints: Path
    resume: bool
    run: Run
    observer: Observer
    album: Album | None = None
    kept: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """What a method's model says of rows that no weight was fitted to.

    Thresholds are chosen from them (``evaluation/thresholds.py``), by ``workflow``.

    Attributes:
        probabilities: shape ``(n, k)``, calibrated like those the model gives.
        truth: label numbers, shape ``(n,)``; -1 for a row about none of the labels. Where a
            row may have several labels, whether it has each: bool, shape ``(n, k)``.
        scope: shape ``(n,)``, as :meth:`ScopedClassifier.judge` gives it; ``None`` without
            a detector.
        rows: which rows they are, in words: ``out of fold``, ``validation`` …
    """

    probabilities: np.ndarray
    truth: np.ndarray
    scope: np.ndarray | None
    rows: str


@dataclass(frozen=True, slots=True)
class Trained:
    """What a method says about the training it has just finished.

    Attributes:
        facts: plain values for the manifest, the card and the report
            (``base_model``, ``device``, ``precision``, ``temperature`` …).
        chose_on_validation: the validation rows chose the checkpoint or the
            temperature, so a score on them is not a score on unseen rows.
        huggingface: the files load with transformers' own classes for their kind
            (``AutoModelForSequenceClassification``; for a chat model, an adapter with PEFT).
        not_yet: why the model cannot answer now although it is finished (a managed model
            that is not deployed), with what to do; empty when it can.
        held_out: what it says of rows no weight was fitted to; ``None`` where there are
            none, or where asking costs money.
    """

    facts: Mapping[str, object]
    chose_on_validation: bool
    huggingface: bool
    not_yet: str = ""
    held_out: HeldOut | None = None
