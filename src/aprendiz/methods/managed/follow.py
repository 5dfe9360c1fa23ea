"""Following a job to its end: its events once, its figures as they come, through lost lines."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from aprendiz.errors import JobStopped, ProviderError
from aprendiz.interfaces import Observer
from aprendiz.methods.managed.figures import Diary
from aprendiz.methods.managed.provider import Provider
from aprendiz.methods.managed.records import Job, JobEvent
from aprendiz.methods.managed.refusals import Refused

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 10.0
_LONGEST_PAUSE_HERE = 1.0  # a service on this machine is asked more often
_GROWTH = 1.4
# A provider that has been out of reach for so long is given up; the job itself goes on.
_PATIENCE = 3600.0

TASK = "fine-tuning"


def follow(
    provider: Provider,
    job: Job,
    tell: Observer,
    diary: Diary | None = None,
    *,
    skip_past: bool = False,
) -> Job:
    """Watch a job until it ends.

    Args:
        provider: whose job it is.
        job: as last seen.
        tell: whom to tell.
        diary: where its figures go.
        skip_past: do not say again what happened before now (the job was followed before).

    Returns:
        The job in its last state: succeeded, failed or cancelled.

    Raises:
        Refused: the provider refuses us for good, or could not be reached for an hour.
    """
    watch = _Watch(tell, diary, quiet=skip_past)
    longest = _LONGEST_PAUSE_HERE if provider.endpoint.is_local else _LONGEST_PAUSE
    pause = _FIRST_PAUSE
    lost_since: float | None = None
    while True:
        try:
            # The job first: what is read of an ended job's events afterwards is all of them.
            job = provider.job(job.id)
            news = provider.events(job.id, watch.known)
        except Refused as no:
            if not no.passing:
                raise
            now = time.monotonic()
            if lost_since is None:
                lost_since = now
                tell.say(f"{no.message}; the job goes on, and so do the attempts to reach it")
            if now - lost_since > _PATIENCE:
                raise
            pause = min(longest, pause * _GROWTH)
            time.sleep(pause)
            continue
        if lost_since is not None:
            tell.say("connected again")
            lost_since = None
        watch.take(job, news)
        if job.ended:
            watch.close()
            return job
        pause = max(_FIRST_PAUSE, pause / 2) if news else min(longest, pause * _GROWTH)
        time.sleep(pause)


def refuse_unless_succeeded(job: Job) -> None:
    """Raise what an ended job's state means for whoever waited for it.

    Raises:
        ProviderError: it failed, or succeeded without a model.
        JobStopped: it was cancelled.
    """
    if job.status == "cancelled":
        raise JobStopped(f"job {job.id} was cancelled", "train again for a new one")
    if job.status == "failed":
        fault = job.fault
        if fault is None:
            raise ProviderError(
                f"job {job.id} failed, and the provider does not say why",
                f"aprendiz jobs events {job.id}",
            )
        told = ", ".join(part for part in (fault.code, fault.param) if part)
        raise ProviderError(
            f"job {job.id} failed: {fault.message.rstrip('.')}" + (f" ({told})" if told else ""),
            f"aprendiz jobs events {job.id} shows what led to it",
        )
    if not job.tuned_model:
        raise ProviderError(
            f"job {job.id} succeeded, but its provider names no model", "try again with --resume"
        )


@dataclass
class _Watch:
    """What has been seen and said so far."""

    tell: Observer
    diary: Diary | None
    quiet: bool
    known: set[str] = field(default_factory=set)
    step: int = 0
    steps: int = 0
    status: str = ""

    def take(self, job: Job, news: list[JobEvent]) -> None:
        for event in news:
            self.known.add(event.id)
            if self.diary is not None and event.figures:
                self.diary.add(event.step, event.figures)
            self.step = max(self.step, event.step)
            self.steps = max(self.steps, event.steps)
            if not (event.step and event.figures) and not self.quiet:
                sign = "" if event.level == "info" else f"{event.level}: "
                self.tell.say(f"{sign}{event.message}")
        self.quiet = False
        if job.status == "paused" and self.status != "paused":
            self.tell.say(f"the job is paused; aprendiz jobs resume {job.id} lets it go on")
        self.status = job.status
        if self.steps and self.step < self.steps:
            self.tell.progress(TASK, self.step, self.steps)

    def close(self) -> None:
        if self.steps:
            self.tell.progress(TASK, self.steps, self.steps)
