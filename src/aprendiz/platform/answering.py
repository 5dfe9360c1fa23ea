"""Loaded models, and whoever waits for their answers.

One thread runs the models: the numerical libraries use every core for one call, and fast
tokenizers are not shared between threads. Whatever has come for a model while the last
batch ran goes through it together, at once: nobody waits for a batch to fill.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from aprendiz.artifact.model import Model
from aprendiz.data.chat.records import Message
from aprendiz.errors import AprendizError
from aprendiz.interfaces import Prediction
from aprendiz.platform import names
from aprendiz.platform.chat import Answer, question, refuse_too_long
from aprendiz.platform.order import Order
from aprendiz.platform.records import ModelRecord, Refusal
from aprendiz.platform.service import Platform

MOST_LOADED = 4
MOST_WAITING = 512
MOST_TOGETHER = 64

Load = Callable[[Path], Model]

log = logging.getLogger("aprendiz.platform")


def load_model(folder: Path) -> Model:
    """Load a model folder; the libraries it needs are imported here and not before."""
    from aprendiz.workflow import load

    return load(folder)


@dataclass(slots=True, eq=False)
class _Waiting:
    record: ModelRecord
    messages: Sequence[Message]
    answer: asyncio.Future[Answer]


@dataclass(frozen=True, slots=True)
class _Loaded:
    model: Model
    several_turns: bool


class Answering:
    """Answers chats with the models of a platform. Use it from one event loop.

    Args:
        platform: whose models.
        load: how a folder becomes a model.
        most_waiting: chats that may wait, beside those being answered; more are refused.
    """

    def __init__(
        self, platform: Platform, load: Load = load_model, most_waiting: int = MOST_WAITING
    ) -> None:
        self._platform = platform
        self._load = load
        self._most_waiting = most_waiting
        self._loaded: OrderedDict[str, _Loaded] = OrderedDict()
        self._queue: deque[_Waiting] = deque()
        self._inference = ThreadPoolExecutor(1, thread_name_prefix="inference")
        self._running: asyncio.Task[None] | None = None

    def find(self, name: str) -> ModelRecord:
        """The model behind a name: a tuned model's, a checkpoint's or a deployment's.

        No deployment can have the name of another model, so the order does not matter. Looks
        into the store, so call it in a thread.

        Raises:
            Refusal: 404, there is none; 400, it is a base model that has learnt nothing yet.
        """
        store = self._platform.store
        try:
            return store.model(name)
        except Refusal as unknown:
            no_model = unknown
        try:
            deployment = store.deployment(name)
        except Refusal:
            self._refuse_base(name)
            raise no_model from None
        return store.model(deployment.model)

    async def answer(self, record: ModelRecord, messages: Sequence[Message]) -> Answer:
        """A model's answer to a conversation.

        Raises:
            Refusal: 400, nothing to answer, or too much; 429, too many are waiting; 500, the
                model cannot be loaded.
        """
        refuse_too_long(messages)
        if len(self._queue) >= self._most_waiting:
            raise Refusal(429, "Too many chats are waiting for an answer; try again in a second.")
        waiting = _Waiting(record, messages, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._work())
        try:
            return await waiting.answer
        except asyncio.CancelledError:  # its client has gone: its place is another's
            with suppress(ValueError):
                self._queue.remove(waiting)
            raise

    async def stop(self) -> None:
        """Let the inference thread end; called when no request is left."""
        if self._running is not None:
            self._running.cancel()
        self._inference.shutdown(wait=False, cancel_futures=True)

    async def _work(self) -> None:
        """Run batches until nobody waits."""
        loop = asyncio.get_running_loop()
        while self._queue:
            batch = self._next_batch()
            try:
                answers = await loop.run_in_executor(self._inference, self._run, batch)
            except Exception as error:
                answers = [error] * len(batch)
            for waiting, answer in zip(batch, answers, strict=True):
                if waiting.answer.done():
                    continue
                if isinstance(answer, Exception):
                    waiting.answer.set_exception(answer)
                else:
                    waiting.answer.set_result(answer)

    def _next_batch(self) -> list[_Waiting]:
        """Those at the front of the queue who want the same model; the others keep their place."""
        batch: list[_Waiting] = []
        others: deque[_Waiting] = deque()
        while self._queue and len(batch) < MOST_TOGETHER:
            waiting = self._queue.popleft()
            if batch and waiting.record.id != batch[0].record.id:
                others.append(waiting)
            else:
                batch.append(waiting)
        self._queue.extendleft(reversed(others))
        return batch

    def _run(self, batch: Sequence[_Waiting]) -> list[Answer | Exception]:
        """In the inference thread: every answer, or what went wrong with it alone."""
        record = batch[0].record
        loaded = self._get(record)
        texts: list[str | Refusal] = []
        for waiting in batch:
            try:
                texts.append(question(waiting.messages, several_turns=loaded.several_turns))
            except Refusal as refusal:
                texts.append(refusal)
        told = iter(loaded.model.predict([text for text in texts if isinstance(text, str)]))
        return [
            text if isinstance(text, Refusal) else _answer(record, next(told)) for text in texts
        ]

    def _get(self, record: ModelRecord) -> _Loaded:
        if record.id in self._loaded:
            self._loaded.move_to_end(record.id)
            return self._loaded[record.id]
        home = self._platform.home
        try:
            order = Order.read(home / "jobs" / record.job)
            model = self._load(home / record.folder)
        except (AprendizError, OSError, LookupError, TypeError, ValueError) as error:
            # The client learns which model; where it lies on this machine is for the log.
            log.error("the model %s cannot be loaded: %s", record.id, error)
            raise Refusal(
                500,
                f"The model '{record.id}' cannot be loaded: its folder is damaged or gone. The "
                "service's log says more.",
                code="model_unusable",
                param="model",
            ) from error
        self._loaded[record.id] = _Loaded(model, order.several_turns)
        while len(self._loaded) > MOST_LOADED:
            self._loaded.popitem(last=False)
        return self._loaded[record.id]

    def _refuse_base(self, name: str) -> None:
        try:
            base = names.find(name, self._platform.settings)
        except Refusal:
            return
        raise Refusal(
            400,
            f"'{name}' has learnt nothing yet: here it stands for {base.method}"
            + (f" on {base.base_model}" if base.base_model else "")
            + ", which answers once it is fine-tuned. Create a job and chat with its "
            "fine_tuned_model.",
            code="model_not_available",
            param="model",
        )


def _answer(record: ModelRecord, prediction: Prediction) -> Answer:
    return Answer(record.id, prediction.label, prediction.scores)
