"""Loaded models, and whoever waits for their answers.

One thread runs the classifiers: the numerical libraries use every core for one call, and fast
tokenizers are not shared between threads. Whatever has come for a model while the last
batch ran goes through it together, at once: nobody waits for a batch to fill. Language models
write in a second thread (``serving/generation.py``), a reply at a time, so that a label never
waits for the end of a long reply.
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
from typing import TypeVar

from aprendiz.artifact.model import Model
from aprendiz.data.chat.records import Message
from aprendiz.errors import AprendizError
from aprendiz.interfaces import ChatModel, Prediction
from aprendiz.platform import names
from aprendiz.platform.chat import MOST_CHARACTERS, Answer, question
from aprendiz.platform.order import Order
from aprendiz.platform.records import ModelRecord, Refusal
from aprendiz.platform.service import Platform
from aprendiz.serving.chat_requests import refuse_too_long
from aprendiz.serving.chat_service import LoadChat, load_chat
from aprendiz.serving.generation import MOST_INSIDE, Generation

MOST_LOADED = 4
MOST_SPEAKING = 2  # language models in memory at once; they are the larger ones
MOST_WAITING = 512
MOST_TOGETHER = 64

Load = Callable[[Path], Model]
L = TypeVar("L")

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
        load: how a folder becomes a classifier.
        most_waiting: chats that may wait for one, beside those being answered; more are refused.
        load_chat: how a folder becomes a language model.
        most_speaking: chats with language models that may wait or be answered at once.

    Attributes:
        generation: where language models write.
    """

    def __init__(
        self,
        platform: Platform,
        load: Load = load_model,
        most_waiting: int = MOST_WAITING,
        load_chat: LoadChat = load_chat,
        most_speaking: int = MOST_INSIDE,
    ) -> None:
        self.generation = Generation(
            ThreadPoolExecutor(1, thread_name_prefix="generation"), most_speaking
        )
        self._platform = platform
        self._load = load
        self._load_chat = load_chat
        self._most_waiting = most_waiting
        self._speaking: OrderedDict[str, ChatModel] = OrderedDict()
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

    def speaks(self, record: ModelRecord) -> bool:
        """Whether a model is a language model, not a classifier. Call it in a thread."""
        try:
            method = Order.read(self._platform.home / "jobs" / record.job).recipe["method"]
        except (OSError, LookupError, TypeError, ValueError):
            return False  # who tries to answer with it will say what is wrong
        return names.learns_conversations(method)

    def chat_model(self, record: ModelRecord) -> ChatModel:
        """A language model, loaded. Call it in the generation's thread only.

        Raises:
            Refusal: 500, it cannot be loaded.
        """
        return self._kept(record, self._speaking, MOST_SPEAKING, self._load_chat)

    async def answer(self, record: ModelRecord, messages: Sequence[Message]) -> Answer:
        """A classifier's answer to a conversation.

        Raises:
            Refusal: 400, nothing to answer; 429, too many are waiting; 500, the model cannot be
                loaded.
            Fault: 400, there is too much to read.
        """
        refuse_too_long(messages, MOST_CHARACTERS)
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
        self.generation.stop()

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
        def load(folder: Path) -> _Loaded:
            order = Order.read(self._platform.home / "jobs" / record.job)
            return _Loaded(self._load(folder), order.several_turns)

        return self._kept(record, self._loaded, MOST_LOADED, load)

    def _kept(
        self,
        record: ModelRecord,
        loaded: OrderedDict[str, L],
        most: int,
        load: Callable[[Path], L],
    ) -> L:
        """A model out of those in memory, the least lately used of which gives way to a new one."""
        if record.id not in loaded:
            try:
                loaded[record.id] = load(self._platform.home / record.folder)
            except (AprendizError, OSError, LookupError, TypeError, ValueError) as error:
                # The client learns which model; where it lies on this machine is for the log.
                log.error("the model %s cannot be loaded: %s", record.id, error)
                raise Refusal(
                    500,
                    f"The model '{record.id}' cannot be loaded: its folder is damaged or gone. "
                    "The service's log says more.",
                    code="model_unusable",
                    param="model",
                ) from error
        loaded.move_to_end(record.id)
        while len(loaded) > most:
            loaded.popitem(last=False)
        return loaded[record.id]

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
    return Answer(
        record.id,
        prediction.label,
        prediction.scores,
        prediction.decision,
        prediction.scope,
        prediction.candidates,
    )
