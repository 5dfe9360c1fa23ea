"""One job for one training, whatever happens between asking for it and hearing of it.

The protocol has no idempotency key: a request repeated is a second job, paid for twice. So
it is sent once, and when no clear answer comes the list of jobs is read instead.
"""

from __future__ import annotations

import time
from contextlib import suppress

from aprendiz.interfaces import Observer
from aprendiz.methods.managed.ledger import Ledger
from aprendiz.methods.managed.provider import Provider
from aprendiz.methods.managed.records import Job, JobRequest
from aprendiz.methods.managed.refusals import Refused

# How long a request that got no answer may take to show in the list of jobs.
SETTLED_AFTER = 15.0
_LOOKS = (0.0, 1.0, 3.0)  # seconds before each look for a job that may have been created


def the_one_job(provider: Provider, request: JobRequest, ledger: Ledger, tell: Observer) -> Job:
    """The job of a training: the one known, one found or, if there certainly is none, a new one.

    Raises:
        Refused: the provider refuses; or it is not known whether there is a job now, and
            asking again later will tell.
    """
    if ledger.entry.job:
        job = provider.job(ledger.entry.job)
        tell.say(f"going on with job {job.id} ({job.word})")
        return job
    if ledger.entry.asked_at:
        if found := _found_or_certainly_none(provider, ledger):
            ledger.note(job=found.id)
            tell.say(f"found the job that was asked for before: {found.id}")
            return found
        tell.say("the job that was asked for before was never created")
    job = _create(provider, request, ledger)
    tell.say(f"created job {job.id} on {job.model}")
    return job


def _create(provider: Provider, request: JobRequest, ledger: Ledger) -> Job:
    """Ask for the job once. Without a clear answer, look for it; never ask again."""
    ledger.note(asked_at=time.time())
    try:
        job = provider.create(request)
    except Refused as no:
        if not no.may_have_happened:
            ledger.note(asked_at=0.0)
            raise
        found = _looked_for(provider, ledger)
        if found is None:
            raise Refused(
                f"{no.message}; whether there is a job now is not known",
                "the same command with --resume looks for it before it creates one",
                status=no.status,
                code=no.code,
            ) from no
        job = found
    ledger.note(job=job.id)
    return job


def _looked_for(provider: Provider, ledger: Ledger) -> Job | None:
    """A job that may just have been created, given a moment to show."""
    for pause in _LOOKS:
        time.sleep(pause)
        with suppress(Refused):
            if job := _in_list(provider, ledger):
                return job
    return None


def _found_or_certainly_none(provider: Provider, ledger: Ledger) -> Job | None:
    """The job that was asked for before. ``None`` means that it was never created.

    A list without it says so only once a request that was still on its way has had time to
    arrive.
    """
    while True:
        unsettled = ledger.entry.asked_at + SETTLED_AFTER - time.time()
        if job := _in_list(provider, ledger):
            return job
        if unsettled <= 0:
            return None
        time.sleep(min(1.0, unsettled))


def _in_list(provider: Provider, ledger: Ledger) -> Job | None:
    """The job that was made of our training file, which no other job has."""
    # To the list's end: providers differ in its order, and a job overlooked is a second one.
    return next(
        (job for job in provider.jobs() if job.training_file == ledger.entry.training_file), None
    )
