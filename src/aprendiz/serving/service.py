"""The classifiers behind the server: loaded, checked, warmed, exchanged for newer ones.

Knows nothing of HTTP beyond the faults it raises, and never touches the event loop with model
code: loading runs in a thread, predicting in each model's own (``served.py``), so ``/health``
answers while both are busy.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aprendiz.artifact.decision import Decisions
from aprendiz.errors import AprendizError, ModelFolderError
from aprendiz.interfaces import Prediction
from aprendiz.serving.faults import Fault
from aprendiz.serving.life import RETRY_LOADING, ModelLife
from aprendiz.serving.metrics import Metrics
from aprendiz.serving.notes import Notes
from aprendiz.serving.served import Answered, Limits, Servable, Served
from aprendiz.settings import Settings

log = logging.getLogger("aprendiz.serving")

# Short, ordinary and long: the first call of each size is the slow one.
_WARM_UP = ("hello", "what is happening in the world today?", "a longer text " * 60)

_STALLED_SECONDS = 10.0
_TOKENIZERS = 2
_LAST_BATCH_SECONDS = 2.0

Load = Callable[[Path], Servable]
Fleet = dict[str, Served]


def _require_probabilities(prediction: Prediction, folder: Path) -> None:
    """Refuse a model whose numbers are none.

    Raises:
        ModelFolderError: they do not add up to 1; of several labels, one is not from 0 to 1.
    """
    scores = prediction.scores.values()
    total = math.fsum(scores)
    if prediction.labels is not None:
        fine, told = all(0 <= each <= 1 for each in scores), "are not all from 0 to 1"
    else:
        fine = math.isclose(total, 1.0, abs_tol=1e-3) or total == 0
        told = f"add up to {total:.3g} instead of 1"
    if not fine:
        raise ModelFolderError(
            f"{folder}: its probabilities {told}",
            "the model folder is not sound; train or export it again",
        )


def load_model(folder: Path) -> Servable:
    """Load a model folder; the libraries it needs are imported here and not before."""
    from aprendiz.workflow import load

    return load(folder)


class Service(ModelLife[Fleet]):
    """One classifier in a server, or several.

    Args:
        folders: what to serve; ``APRENDIZ_MODEL`` when there is none. The first answers
            requests that name no model.
        threshold: confidence under which an answer asks for clarification; of a model of
            several labels, under which none of them is given. When not given:
            ``APRENDIZ_THRESHOLD`` if it is set (for models of one label), else each model's own.
        settings: this machine's settings; read at start when not given.
        load: how a folder becomes a model.
        anyone: whether machines beyond this one may come in without a key.
    """

    def __init__(
        self,
        folders: Sequence[Path] = (),
        *,
        threshold: float | None = None,
        settings: Settings | None = None,
        load: Load = load_model,
        anyone: bool = False,
    ) -> None:
        super().__init__(folders[0] if folders else None, settings, self._load_all, anyone=anyone)
        self._folders = tuple(folders)
        self._load_one = load
        self._threshold = threshold
        self._loop: asyncio.AbstractEventLoop | None = None
        self._tokenizing: ThreadPoolExecutor | None = None
        self._exchanging = asyncio.Lock()
        self._retiring: set[asyncio.Task[None]] = set()
        self.metrics = Metrics(self)
        self.feedback: Notes | None = None
        self.doubtful: Notes | None = None
        self.tell: Callable[[str], None] = log.info

    def require_folders(self) -> tuple[Path, ...]:
        """The folders to serve.

        Raises:
            ModelFolderError: none was named, or one is not there.
            SettingsError: a setting of this machine cannot be used.
        """
        places = self._folders or (super().require_place(),)
        for folder in places:
            if not folder.is_dir():
                raise ModelFolderError(
                    f"{folder}: there is no such model folder",
                    "aprendiz train --out FOLDER makes one",
                )
        return places

    def require_place(self) -> Path:
        """The first of them, once it is known that notes can be written where they are wanted.

        Raises:
            ModelFolderError: see :meth:`require_folders`.
            SettingsError: the same; or a file of notes cannot be written.
        """
        folders = self.require_folders()
        most = self.settings.serve_notes_bytes
        if self.feedback is None and (file := self.settings.serve_feedback):
            self.feedback = Notes(file, most)
        if self.doubtful is None and (file := self.settings.serve_doubtful):
            self.doubtful = Notes(file, most)
        return folders[0]

    def start(self) -> None:
        """Begin to load, in the background. Call inside a running event loop.

        Raises:
            ModelFolderError: see :meth:`require_place`.
            SettingsError: the same.
        """
        self._loop = asyncio.get_running_loop()
        self._exchanging = asyncio.Lock()
        self._tokenizing = ThreadPoolExecutor(_TOKENIZERS, thread_name_prefix="tokenizing")
        super().start()

    # ---------------------------------------------------------------------- answering

    def find(self, name: str | None = None) -> Served:
        """A model by its name; the first when none is named.

        Raises:
            Fault: 503 before it is loaded; 404, there is none of this name.
        """
        fleet = self.model
        if fleet is None:
            raise Fault(503, "the model is not ready yet", code="not_ready", headers=RETRY_LOADING)
        if name is None:
            return next(iter(fleet.values()))
        if name not in fleet:
            raise Fault(
                404,
                f"model: this server has {', '.join(repr(each) for each in fleet)}, and no other",
                code="model_not_found",
                param="model",
            )
        return fleet[name]

    async def classify(
        self, texts: Sequence[str], model: str | None = None, *, owner: str = "", seconds: float = 0
    ) -> Answered:
        """Answer some texts.

        Args:
            texts: at least one, each within the limits.
            model: whose answers; the first model's when not given.
            owner: the name of the key, for fairness.
            seconds: after which nobody wants the answer any more; the server's own limit
                when 0 or more than that.

        Raises:
            Fault: see :meth:`find` and ``Served.answer``.
        """
        served = self.find(model)
        most = self.settings.serve_timeout_seconds
        assert self._loop is not None
        deadline = self._loop.time() + (min(seconds, most) if seconds > 0 else most)
        answered = await served.answer(texts, owner=owner, deadline=deadline)
        if self.doubtful is not None:
            for prediction in answered.predictions:
                if prediction.abstained:
                    self.doubtful.mention(
                        {
                            "text": prediction.text,
                            "label": prediction.label,
                            "confidence": prediction.confidence,
                            "decision": prediction.decision,
                            "model": served.name,
                            "version": answered.model.version,
                        }
                    )
        return answered

    # ---------------------------------------------------------------------- exchanging

    async def reload(self) -> bool:
        """Load every folder anew, and let the new models take over where they are different.

        Requests that were asked of an old model are answered by it. A model that cannot be
        loaded, verified or warmed, or whose answers are no probabilities, changes nothing.

        Returns:
            Whether every folder could be loaded.
        """
        async with self._exchanging:
            if self.state != "ok" or self.model is None or self._thread is None:
                return False
            fine = True
            for name, old in list(self.model.items()):
                fine = await self._exchange(name, old, self._thread) and fine
            return fine

    async def _exchange(self, name: str, old: Served, thread: ThreadPoolExecutor) -> bool:
        assert self._loop is not None
        try:
            new = await self._loop.run_in_executor(thread, self._prepare, old.folder, name)
        except Exception as error:
            self.metrics.reloaded("failure")
            said = error.message if isinstance(error, AprendizError) else type(error).__name__
            if not isinstance(error, AprendizError):
                log.error("the new model could not be loaded", exc_info=error)
            self.tell(f"kept: model {name}, version {old.version}; the new one failed: {said}")
            return False
        if self.model is None or self.state != "ok" or new.version == old.version:
            new.batcher.stop()
            self.metrics.reloaded("unchanged")
            self.tell(f"unchanged: model {name}, version {old.version}")
            return True
        self.model[name] = new
        self.metrics.reloaded("success")
        self.tell(f"reloaded: model {name}, version {new.version} in place of {old.version}")
        retiring = asyncio.create_task(old.retire())
        self._retiring.add(retiring)
        retiring.add_done_callback(self._retiring.discard)
        return True

    async def retired(self) -> None:
        """Wait until the models that were exchanged have answered their last and are let go."""
        if self._retiring:
            await asyncio.wait(set(self._retiring))

    def _load_all(self, _: Path) -> Fleet:
        """In the loading thread: every folder's model, under its own name."""
        fleet: Fleet = {}
        try:
            for folder in self.require_folders():
                served = self._prepare(folder)
                if served.name in fleet:
                    served.batcher.stop()
                    raise ModelFolderError(
                        f"{folder}: its model is called {served.name!r} like that of "
                        f"{fleet[served.name].folder}",
                        "train one of them again with another folder's name",
                    )
                fleet[served.name] = served
        except BaseException:
            for served in fleet.values():
                served.batcher.stop()
            raise
        return fleet

    def _prepare(self, folder: Path, name: str | None = None) -> Served:
        """In the loading thread: a model that was verified and has answered.

        Raises:
            ModelFolderError: the folder is damaged, or its model gives no probabilities.
        """
        begin = time.perf_counter()
        model = self._load_one(folder)
        for text in _WARM_UP:
            [prediction] = model.predict([text])
            _require_probabilities(prediction, folder)
        assert self._loop is not None and self._tokenizing is not None
        served = Served(
            model,
            folder,
            name=name or model.name,
            threshold=self._threshold_of(model),
            limits=Limits(self.settings.serve_batch_tokens, self.settings.serve_queue_tokens),
            ledger=self.metrics,
            tokenizing=self._tokenizing,
            loop=self._loop,
        )
        self.metrics.loaded(time.perf_counter() - begin)
        return served

    def _threshold_of(self, model: Servable) -> float | None:
        """What takes the place of the model's own threshold, if anything does."""
        if self._threshold is not None:
            return self._threshold
        rules: Decisions | None = getattr(model, "decisions", None)
        if "threshold" in self.settings.model_fields_set and not (rules and rules.several):
            return self.settings.threshold
        return None

    # ---------------------------------------------------------------------- condition

    @property
    def alive(self) -> bool:
        """Whether every model's batcher gets on with its work."""
        fleet = self.model or {}
        return all(each.batcher.stalled_seconds() < _STALLED_SECONDS for each in fleet.values())

    def condition(self) -> Iterable[tuple[str, str, str, float]]:
        """For the metrics: the gauges of the moment."""
        yield "aprendiz_ready", "1 when requests are welcome", "", float(self.state == "ok")
        yield "aprendiz_draining", "1 while stopping", "", float(self.draining)
        for name, served in (self.model or {}).items():
            batcher = served.batcher
            yield "aprendiz_queue_sequences", "Texts that wait", name, batcher.waiting_rows
            yield "aprendiz_queue_tokens", "Tokens that wait", name, batcher.waiting_tokens
            yield (
                "aprendiz_batcher_stalled_seconds",
                "Time without progress though there is work",
                name,
                batcher.stalled_seconds(),
            )
            yield (
                "aprendiz_model_loaded_timestamp_seconds",
                "When the model in use was loaded",
                name,
                served.loaded_at,
            )

    async def stop(self) -> None:
        """Let the threads end; called when no request is left."""
        for task in list(self._retiring):
            task.cancel()
        batchers = [served.batcher for served in (self.model or {}).values()]
        for batcher in batchers:
            batcher.stop()
        # A thread that is inside a runtime when the interpreter ends aborts the process.
        until = time.monotonic() + _LAST_BATCH_SECONDS
        while any(batcher.has_threads for batcher in batchers) and time.monotonic() < until:
            await asyncio.sleep(0.01)
        await super().stop()
        if self._tokenizing is not None:
            self._tokenizing.shutdown(wait=False, cancel_futures=True)
        for notes in (self.feedback, self.doubtful):
            if notes is not None:
                notes.close()
        self.feedback = self.doubtful = None
