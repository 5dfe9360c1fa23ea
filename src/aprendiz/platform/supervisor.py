"""The one thread that moves jobs on: checks them, starts their processes, takes in what they say.

Everything it knows is in the store and in the jobs' folders, so that a service killed at any
moment goes on where it was. A job's status changes only by compare-and-set, so a client's
cancel or pause always wins or loses as a whole; what a process then still does is stopped.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from aprendiz.errors import JobStopped
from aprendiz.platform import child, journal, said
from aprendiz.platform.files import Files
from aprendiz.platform.ids import now
from aprendiz.platform.intake import Reader, failed, pace, results_csv
from aprendiz.platform.order import Order
from aprendiz.platform.process import TrainingProcess, last_words
from aprendiz.platform.records import ENDED, FileRecord, JobError, JobRecord, JobStatus, Refusal
from aprendiz.platform.store.store import Store

_LOOK = 0.2  # seconds between looks at running trainings, and after trouble
_REST = 30.0  # seconds between looks when there are none; every change of a job wakes us
_MOVING: frozenset[JobStatus] = frozenset({"validating_files", "queued", "running"})
_MOST_DEATHS = 3  # of a job's processes, by a kill, while one service runs


class Supervisor:
    """Sees to the jobs of one home.

    Args:
        folder: where each job has its folder.
        jobs_at_once: trainings that may run side by side.
        say: told what happens, in sentences.
    """

    def __init__(
        self,
        folder: Path,
        store: Store,
        files: Files,
        say: Callable[[str], None],
        jobs_at_once: int = 1,
    ) -> None:
        self._folder = folder
        self._store = store
        self._files = files
        self._say = say
        self._at_once = jobs_at_once
        self._processes: dict[str, TrainingProcess] = {}
        self._deaths: dict[str, int] = {}
        self._pace: dict[str, tuple[float, int]] = {}
        self._changed = threading.Event()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Something has changed: look now."""
        self._changed.set()

    def start(self) -> None:
        """Begin to see to the jobs."""
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Interrupt the trainings and wait for their end; their jobs stay as they are."""
        self._ending.set()
        self.wake()
        if self._thread is not None:
            self._thread.join()

    def remove_leftovers(self) -> None:
        """Remove what nothing needs: folders without a job, models that were deleted."""
        kept = self._kept()
        for folder in self._folder.iterdir():
            status = self._status(folder.name)
            if status is None and not any(model.is_relative_to(folder) for model in kept):
                shutil.rmtree(folder, ignore_errors=True)
            elif status is None or status in ENDED:
                _tidy(folder, kept)

    def _run(self) -> None:
        trouble = ""
        while not self._ending.is_set():
            try:
                self._look()
                trouble = ""
            except Exception as error:  # a database that is away for a while must not end us
                if trouble != (trouble := f"{type(error).__name__}: {error}".splitlines()[0]):
                    self._say(f"the jobs cannot be seen to: {trouble}")
            self._changed.wait(_LOOK if self._processes or trouble else _REST)
            # Not before the look: an end told between the loop's question and that would be lost.
            self._changed.clear()
        while self._processes:
            for id, process in list(self._processes.items()):
                process.ask_to_stop()
                if process.wait(_LOOK):
                    del self._processes[id]

    def _look(self) -> None:
        self._files.remove_expired()
        for job in self._store.jobs_in({"validating_files"}):
            self._carefully(self._validate, job)
        for job in self._store.jobs_in({"running"}):
            self._carefully(self._follow, job)
        self._stop_unwanted()
        free = self._at_once - len(self._processes)
        for job in self._store.jobs_in({"queued"})[: max(0, free)]:
            if job.id not in self._processes:
                self._carefully(self._begin, job)

    def _carefully(self, act: Callable[[JobRecord], None], job: JobRecord) -> None:
        """See to one job; what is damaged in its folder ends this job, and no other."""
        try:
            act(job)
        except (OSError, LookupError, TypeError, ValueError) as error:
            message = f"the job's folder cannot be used: {type(error).__name__}: {error}"
            self._fail(job, JobError("server_error", message))

    def _validate(self, job: JobRecord) -> None:
        """Tell what was found in the files when the job was created, and act on it."""
        order = Order.read(self._folder / job.id)
        events = [said.validating(job.id, job.training_file, job.validation_file)]
        if order.fault is not None:
            events.append(said.event(job.id, order.fault.message, "error"))
            values = failed(order.fault)
            values.pop("status")
            self._store.transition(job.id, {"validating_files"}, "failed", events, **values)
            return
        events.append(said.event(job.id, said.QUEUED))
        if order.ignored:
            events.append(said.without_meaning(job.id, order.ignored, job.method))
        self._store.transition(
            job.id, {"validating_files"}, "queued", events, resolved=dict(order.resolved)
        )

    def _begin(self, job: JobRecord) -> None:
        """A queued job's turn has come."""
        first = job.started_at is None
        running = self._store.transition(
            job.id,
            {"queued"},
            "running",
            [said.event(job.id, said.STARTED)] if first else [],
            started_at=now() if first else job.started_at,
        )
        if running is not None:
            self._follow(running)

    def _follow(self, job: JobRecord) -> None:
        """Take in what a running job's process has said; see that there is a process."""
        process = self._processes.get(job.id)
        # Looked at before the journal is read: what a dead process said is then read whole.
        code = process.exit_code() if process else None
        still_running = self._take_in(job)
        if still_running is None:
            return
        if process is None:
            if len(self._processes) < self._at_once:
                self._start(still_running)
        elif code is not None and not process.asked_to_stop:
            del self._processes[job.id]
            self._bury(still_running, code)

    def _take_in(self, job: JobRecord) -> JobRecord | None:
        """Read the journal on to its end; the job if it is running after that."""
        folder = self._folder / job.id
        path = folder / child.JOURNAL
        steps = Order.read(folder).steps
        kept: list[FileRecord] = []

        def keep_results() -> FileRecord:
            entries, _ = journal.read(path, 0, most=path.stat().st_size)
            kept.append(
                self._files.put_down(results_csv(entries), "results.csv", "fine-tune-results")
            )
            return kept[-1]

        current: JobRecord | None = job
        while current is not None and current.status == "running":
            entries, read_to = journal.read(path, current.journal_read)
            if not entries:
                return current
            estimate = self._estimate(job.id, pace(entries), steps)
            intake = Reader(current, steps, keep_results, estimate).intake(entries)
            current = self._store.take_in(current, read_to, intake)
            if current is None:
                for file in kept:
                    self._files.path(file).unlink(missing_ok=True)
        if current is not None:
            self._ended(current)
        return None

    def _estimate(self, job: str, last: tuple[float, int] | None, steps: int) -> int | None:
        """When the last step will be done, at the pace since this service saw the first."""
        if last is None:
            return None
        begun, first = self._pace.setdefault(job, last)
        at, step = last
        return round(at + (at - begun) / (step - first) * (steps - step)) if step > first else None

    def _start(self, job: JobRecord) -> None:
        """Give a running job a process."""
        counted = self._store.transition(job.id, {"running"}, "running", attempt=job.attempt + 1)
        if counted is None:
            return
        self._pace.pop(job.id, None)
        try:
            self._processes[job.id] = TrainingProcess(self._folder / job.id)
        except OSError as error:
            self._fail(job, JobError("server_error", f"no training process could start: {error}"))
            return
        pid = self._processes[job.id].pid
        self._say(f"{job.id}: {job.method} learns in process {pid}, attempt {counted.attempt}")

    def _bury(self, job: JobRecord, code: int) -> None:
        """A process died without telling the end: another one goes on, or the job fails."""
        killed = code < 0 or code == JobStopped.exit_code
        deaths = self._deaths[job.id] = self._deaths.get(job.id, 0) + 1
        how = f"was killed (signal {-code})" if code < 0 else f"ended with code {code}"
        if killed and deaths < _MOST_DEATHS:
            message = f"The training process {how}; another one goes on from the last checkpoint"
            self._store.add_events([said.event(job.id, message, "warn")])
            self._start(job)
            return
        words = last_words(self._folder / job.id)
        message = f"The training process {how}" + (f"; its last words: {words}" if words else "")
        self._fail(job, JobError("server_error", message))

    def _fail(self, job: JobRecord, error: JobError) -> None:
        values = failed(error)
        values.pop("status")
        event = said.event(job.id, error.message, "error")
        ended = self._store.transition(job.id, _MOVING, "failed", [event], **values)
        if ended is not None:
            self._ended(ended)

    def _ended(self, job: JobRecord) -> None:
        self._pace.pop(job.id, None)
        self._deaths.pop(job.id, None)
        self._say(f"{job.id}: {job.status} {job.fine_tuned_model or ''}".rstrip())

    def _stop_unwanted(self) -> None:
        """End processes whose job is no longer running; forget those that have ended."""
        for id, process in list(self._processes.items()):
            status = self._status(id) or "cancelled"
            if process.exit_code() is None:
                if status in {"succeeded", "failed"}:
                    process.expect_end()
                elif status != "running":
                    process.ask_to_stop()
            elif status != "running" or process.asked_to_stop:
                del self._processes[id]
                if status in ENDED:
                    _tidy(self._folder / id, self._kept())

    def _status(self, job: str) -> JobStatus | None:
        """A job's status; ``None`` for one that was deleted."""
        try:
            return self._store.job(job).status
        except Refusal:
            return None

    def _kept(self) -> frozenset[Path]:
        """Every model folder that a client can name."""
        home = self._folder.parent
        return frozenset(home / model.folder for model in self._store.models())


def _tidy(folder: Path, kept: Collection[Path]) -> None:
    """Remove from an ended job's folder the models nobody can name, and half ones."""
    for path in (folder / child.MODEL, *(folder / child.CHECKPOINTS).glob("*step-*")):
        if path not in kept:
            shutil.rmtree(path, ignore_errors=True)
    shutil.rmtree(folder / f".{child.MODEL}.partial", ignore_errors=True)
