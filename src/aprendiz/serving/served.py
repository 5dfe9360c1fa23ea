"""A model at work in a server: its texts become tokens, wait in its batcher, get their answers.

Knows nothing of HTTP beyond the faults it raises. Which models a server has, and how one takes
the place of another, is ``service.py``'s.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from aprendiz.artifact.decision import Decisions
from aprendiz.data.records import OOS_LABEL
from aprendiz.interfaces import Prediction
from aprendiz.serving.batcher import Batcher, Done, Expired, Ran, Refused, RowFailed, Stopped
from aprendiz.serving.faults import Fault
from aprendiz.serving.life import RETRY_LOADING

# Characters that are tokenized on the event loop: handing less to a thread takes longer than
# doing it, and this much takes well under a millisecond.
_AT_ONCE = 2_000
_CHARACTERS_A_TOKEN = 4
_LAST_BATCH_SECONDS = 10.0
_MOST_TOKENS = 512  # believed of models that do not say how many tokens they read

Text = tuple[str, Sequence[int] | None]
Part = tuple[str, float, float]


class Servable(Protocol):
    """What serving needs of a model; ``aprendiz.artifact.model.Model`` has it.

    A model with ``encodes`` true also has ``encode(texts)`` and
    ``predict_encoded(texts, rows, threshold)``; then its batcher counts true tokens. One with
    ``decisions`` tells its rules.
    """

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names."""
        ...

    @property
    def name(self) -> str:
        """Name shown to clients."""
        ...

    @property
    def version(self) -> str:
        """Changes with any file of the model."""
        ...

    @property
    def threshold(self) -> float:
        """The model's own threshold."""
        ...

    def predict(self, texts: Sequence[str], threshold: float | None = None) -> list[Prediction]:
        """Answer each text, in order."""
        ...


class _Encodes(Servable, Protocol):
    def encode(self, texts: Sequence[str]) -> list[list[int]]: ...

    def predict_encoded(
        self, texts: Sequence[str], rows: Sequence[Sequence[int]], threshold: float | None = None
    ) -> list[Prediction]: ...


class Ledger(Protocol):
    """Who counts what a model does; ``metrics.Metrics`` does."""

    def of_batch(self, model: str) -> Callable[[Ran], None]:
        """What to tell of each batch."""
        ...

    def answered(self, model: str, predictions: Sequence[Prediction]) -> None:
        """Answers that were given."""
        ...

    def tokenized(self, model: str, seconds: float, counts: Sequence[int]) -> None:
        """Texts that have become tokens."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at once, and how much may wait, in tokens."""

    batch_tokens: int
    queue_tokens: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The answers to one request's texts.

    Attributes:
        predictions: in the order of the texts.
        tokens: of each text; ``None`` where the model does not count them.
        model: who answered, one and the same for all of them.
        parts: what took how long: name, beginning (of ``perf_counter``), seconds.
    """

    predictions: list[Prediction]
    tokens: list[int] | None
    model: Served
    parts: tuple[Part, ...] = field(default=())

    @property
    def truncated(self) -> list[bool] | None:
        """Of each text, whether it filled all the tokens that the model reads."""
        most = self.model.max_tokens
        if self.tokens is None or most is None:
            return None
        return [count >= most for count in self.tokens]


class Served:
    """A model with a batcher of its own.

    Args:
        model: loaded and warm.
        folder: where it came from.
        name: what clients call it.
        threshold: takes the place of the model's own, or of each label's; ``None`` leaves them.
        limits: of its batcher.
        ledger: told of what it does.
        tokenizing: threads for long texts; each has a tokenizer of its own.
        loop: the server's.
    """

    def __init__(
        self,
        model: Servable,
        folder: Path,
        *,
        name: str,
        threshold: float | None,
        limits: Limits,
        ledger: Ledger,
        tokenizing: ThreadPoolExecutor,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.model = model
        self.folder = folder
        self.name = name
        self._threshold = threshold
        self.limits = limits
        self.encodes = bool(getattr(model, "encodes", False))
        self.max_tokens: int | None = getattr(model, "max_tokens", None)
        self.loaded_at = time.time()
        self._ledger = ledger
        self._tokenizing = tokenizing
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()
        self.batcher: Batcher[Text, Prediction] = Batcher(
            self._run,
            loop=loop,
            budget=limits.batch_tokens,
            capacity=limits.queue_tokens,
            told=ledger.of_batch(name),
        )

    @property
    def version(self) -> str:
        """Twelve hex digits that change with any file of the model."""
        return self.model.version

    @property
    def labels(self) -> tuple[str, ...]:
        """What it tells apart."""
        return self.model.labels

    @property
    def rules(self) -> Decisions | None:
        """By which it answers; ``None`` where they are not known."""
        return getattr(self.model, "decisions", None)

    @property
    def threshold(self) -> float | None:
        """Confidence under which it asks again; ``None`` where each label has a threshold."""
        if self.thresholds is not None:
            return None
        return self.model.threshold if self._threshold is None else self._threshold

    @property
    def thresholds(self) -> dict[str, float] | None:
        """Of a model of several labels: from which probability on a text is given each."""
        several = self.rules and self.rules.several
        if not several:
            return None
        given = self._threshold
        return {
            label: rule.threshold if given is None else given
            for label, rule in several.each.items()
        }

    @property
    def oos_label(self) -> str:
        """How a correction says that a text is about none of the labels; empty where it cannot."""
        rules = self.rules
        if rules is None or rules.several or not (rules.scope or rules.oos_label):
            return ""
        name = rules.oos_label or OOS_LABEL
        return "" if name in self.labels else name

    async def answer(self, texts: Sequence[str], *, owner: str, deadline: float) -> Answered:
        """Answer some texts, all or none.

        Args:
            texts: at least one.
            owner: the key's name, for fairness.
            deadline: on the event loop's clock.

        Raises:
            Fault: 429 too much is waiting; 503 the server is stopping; 504 out of time.
            RowFailed: the model could not cope with one of them.
        """
        self._inside += 1
        self._empty.clear()
        try:
            begin = time.perf_counter()
            self._require_room(texts, owner)
            rows, tokens = await self._encode(texts)
            encoded = time.perf_counter()
            costs = tokens or [_guess(text) for text in texts]
            done = await self._submit(rows, costs, owner, deadline)
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()
        self._ledger.answered(self.name, done.results)
        parts = [
            ("queue", encoded, done.queued),
            ("infer", encoded + done.queued, done.running),
        ]
        if tokens is not None:
            self._ledger.tokenized(self.name, encoded - begin, tokens)
            parts.insert(0, ("tokenize", begin, encoded - begin))
        return Answered(done.results, tokens, self, tuple(parts))

    async def retire(self) -> None:
        """Finish what was asked of it, then let its thread end; a thread that hangs is left."""
        await self._empty.wait()
        self.batcher.stop()
        until = time.monotonic() + _LAST_BATCH_SECONDS
        while self.batcher.has_threads and time.monotonic() < until:
            await asyncio.sleep(0.01)

    def _require_room(self, texts: Sequence[str], owner: str) -> None:
        """Refuse early: under overload most texts are refused, and tokens take time to make."""
        most = self.max_tokens or _MOST_TOKENS
        if not self.batcher.has_room(owner, sum(min(_guess(text), most) for text in texts)):
            raise _full(self.batcher.retry_seconds())

    async def _encode(self, texts: Sequence[str]) -> tuple[list[Text], list[int] | None]:
        if not self.encodes:
            return [(text, None) for text in texts], None
        model: _Encodes = self.model  # type: ignore[assignment]
        if sum(map(len, texts)) <= _AT_ONCE:
            encoded = model.encode(texts)
        else:
            loop = asyncio.get_running_loop()
            encoded = await loop.run_in_executor(self._tokenizing, model.encode, texts)
        return list(zip(texts, encoded, strict=True)), [len(row) for row in encoded]

    async def _submit(
        self, rows: Sequence[Text], costs: Sequence[int], owner: str, deadline: float
    ) -> Done[Prediction]:
        try:
            return await self.batcher.submit(rows, costs, owner=owner, deadline=deadline)
        except Refused as error:
            raise _full(error.seconds) from None
        except Expired:
            raise Fault(504, "the answer did not come in time", code="deadline") from None
        except Stopped:
            raise Fault(
                503, "the server is stopping", code="stopping", headers=RETRY_LOADING
            ) from None
        except RowFailed as error:
            error.param = f"inputs[{error.index}]" if len(rows) > 1 else None
            raise

    def _run(self, rows: Sequence[Text]) -> list[Prediction | Exception]:
        """In the batcher's thread: the answers, each looked at."""
        texts = [text for text, _ in rows]
        if self.encodes:
            model: _Encodes = self.model  # type: ignore[assignment]
            tokens = [row for _, row in rows if row is not None]
            predictions = model.predict_encoded(texts, tokens, self._threshold)
        else:
            predictions = self.model.predict(texts, self._threshold)
        return [
            each if _sound(each) else ArithmeticError("not a probability") for each in predictions
        ]


def _sound(prediction: Prediction) -> bool:
    """Whether no number is NaN; also the last ones of a model of several labels."""
    return math.isfinite(prediction.confidence + sum(prediction.scores.values()))


def _full(seconds: int) -> Fault:
    return Fault(
        429,
        "too many texts are waiting",
        code="queue_full",
        headers={"Retry-After": str(seconds)},
    )


def _guess(text: str) -> int:
    return min(1 + len(text) // _CHARACTERS_A_TOKEN, _MOST_TOKENS)
