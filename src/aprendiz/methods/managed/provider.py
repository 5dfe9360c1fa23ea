"""One service, asked in one way: each request of the protocol, with lists that end.

What differs between providers is evened out in ``shapes.py``; what is asked of one, and
when, is decided in ``train.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from aprendiz.methods.managed import shapes
from aprendiz.methods.managed.endpoint import Endpoint
from aprendiz.methods.managed.records import (
    Answer,
    Checkpoint,
    Deployment,
    Job,
    JobEvent,
    JobRequest,
    Lifecycle,
    SentFile,
)
from aprendiz.methods.managed.refusals import Refused, not_the_protocol, refusal

if TYPE_CHECKING:
    from openai import OpenAI

T = TypeVar("T")

# The last dated interface that lists deployments; the newer ones leave it to the Resource
# Manager (managed-finetuning-contract, part c).
_LISTS_DEPLOYMENTS = "2023-03-15-preview"
_AT_ONCE = 100
_UPLOAD_SECONDS = 600.0
# A question may be repeated at will, and one of thousands should not end the rest.
_CHAT_RETRIES, _CHAT_RETRIES_HERE = 5, 2


class Provider:
    """A service that trains and answers. Contacts nobody before it is asked something.

    Every method raises :class:`Refused` when the service says no or nothing.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint

    @cached_property
    def _client(self) -> OpenAI:
        return self.endpoint.open()

    # ---------------------------------------------------------------- files

    def upload(self, path: Path) -> SentFile:
        """Send a file for fine-tuning, streamed from disk."""
        with path.open("rb") as stream:
            sent = self._ask(
                f"sending {path.name}",
                lambda client: client.with_options(timeout=_UPLOAD_SECONDS).files.create(
                    file=(path.name, stream), purpose="fine-tune"
                ),
            )
        return shapes.file(sent)

    def file(self, id: str) -> SentFile:
        """How an uploaded file is doing."""
        return shapes.file(self._ask(f"file {id}", lambda client: client.files.retrieve(id)))

    def content(self, id: str) -> bytes:
        """The bytes of a file."""
        return self._ask(f"content of {id}", lambda client: client.files.content(id)).read()

    # ---------------------------------------------------------------- jobs

    def create(self, request: JobRequest) -> Job:
        """Create a job, asking once: this is the request that must not be repeated blindly."""
        asked = shapes.request(self.endpoint.kind, request)
        return shapes.job(
            self._ask(
                "creating the job",
                lambda client: client.with_options(max_retries=0).fine_tuning.jobs.create(**asked),
            )
        )

    def job(self, id: str) -> Job:
        """A job as it is now."""
        return shapes.job(
            self._ask(f"job {id}", lambda client: client.fine_tuning.jobs.retrieve(id))
        )

    def jobs(self) -> Iterator[Job]:
        """Every job, read page by page as far as the caller goes; newest first, as a rule."""
        for each in self._pages(
            "list of jobs",
            lambda client, after: client.fine_tuning.jobs.list(limit=_AT_ONCE, **after),
        ):
            yield shapes.job(each)

    def cancel(self, id: str) -> Job:
        """End a job for good."""
        return shapes.job(
            self._ask(f"cancelling {id}", lambda client: client.fine_tuning.jobs.cancel(id))
        )

    def pause(self, id: str) -> Job:
        """Hold a running job."""
        return shapes.job(
            self._ask(f"pausing {id}", lambda client: client.fine_tuning.jobs.pause(id))
        )

    def resume(self, id: str) -> Job:
        """Let a paused job go on."""
        return shapes.job(
            self._ask(f"resuming {id}", lambda client: client.fine_tuning.jobs.resume(id))
        )

    def events(self, job: str, known: frozenset[str] | set[str] = frozenset()) -> list[JobEvent]:
        """What happened to a job, oldest first; events whose ids are ``known`` are left out."""
        met = list(
            self._pages(
                f"events of {job}",
                lambda client, after: client.fine_tuning.jobs.list_events(
                    job, limit=_AT_ONCE, **after
                ),
                known,
            )
        )
        if _newest_first(met):
            met.reverse()
        return sorted((shapes.event(each) for each in met), key=lambda event: event.created_at)

    def checkpoints(self, job: str) -> list[Checkpoint]:
        """The models kept on the way, by step."""
        met = self._pages(
            f"checkpoints of {job}",
            lambda client, after: client.fine_tuning.jobs.checkpoints.list(
                job, limit=_AT_ONCE, **after
            ),
        )
        return sorted((shapes.checkpoint(each) for each in met), key=lambda each: each.step)

    # ---------------------------------------------------------------- models

    def lifecycle(self, model: str) -> Lifecycle | None:
        """What the provider says of a base model's future; ``None`` when it says nothing.

        The first thing asked of a service, so a lost connection is said at once.
        """
        try:
            told = self._ask(
                f"model {model}",
                lambda client: client.with_options(max_retries=0).models.retrieve(model),
            )
        except Refused as no:
            if no.status != 404:
                raise
            told = self._dated(model)
        return shapes.lifecycle(told) if told is not None else None

    def _dated(self, model: str) -> Any:
        """The newest dated version of a model that is listed under its dated names only."""
        listed = self._ask("list of models", lambda client: client.models.list()).data or []
        dated = re.compile(re.escape(model) + r"-\d{4}-\d{2}-\d{2}$")
        found = [each for each in listed if dated.match(str(each.id))]
        return max(found, key=lambda each: str(each.id), default=None)

    def deployments(self) -> tuple[Deployment, ...] | None:
        """The deployments of an Azure resource; ``None`` when this interface does not list them."""
        key = {"api-key": self.endpoint.key} if self.endpoint.key else {}
        try:
            told = self._ask(
                "list of deployments",
                lambda client: client.get(
                    f"{self.endpoint.root}/openai/deployments",
                    cast_to=object,
                    options={"params": {"api-version": _LISTS_DEPLOYMENTS}, "headers": key},
                ),
            )
        except Refused as no:
            if no.status in {400, 404, 405, 410}:
                return None
            raise
        rows = told.get("data") if isinstance(told, Mapping) else None
        return tuple(shapes.deployment(row) for row in rows or () if isinstance(row, Mapping))

    def chat(
        self,
        model: str,
        messages: Sequence[Mapping[str, str]],
        *,
        most_tokens: int,
        alternatives: int,
        retries: int | None = None,
    ) -> Answer:
        """A model's most probable reply.

        Args:
            model: a model's name, on Azure a deployment's.
            messages: each with ``role`` and ``content``.
            most_tokens: where the reply is cut.
            alternatives: how many pieces to be told for each of the reply's (at most 20);
                0 asks for no log-probabilities.
            retries: how often the SDK repeats what may pass (too many requests, lost lines);
                a few times when not given.
        """
        asked: dict[str, Any] = {}
        if alternatives:
            asked = {"logprobs": True, "top_logprobs": alternatives}
        told = self.completion(
            model,
            messages,
            retries=retries,
            temperature=0,
            max_completion_tokens=most_tokens,
            **asked,
        )
        return shapes.answer(told)

    def completion(
        self,
        model: str,
        messages: Sequence[Mapping[str, Any]],
        *,
        retries: int | None = None,
        **asked: Any,
    ) -> Any:
        """A chat completion as the SDK gives it; with ``stream=True`` its chunks.

        Args:
            model: a model's name, on Azure a deployment's.
            messages: as the protocol writes them.
            retries: as in :meth:`chat`.
            asked: further fields of the request.
        """
        if retries is None:
            retries = _CHAT_RETRIES_HERE if self.endpoint.is_local else _CHAT_RETRIES
        return self._ask(
            f"asking {model}",
            lambda client: client.with_options(max_retries=retries).chat.completions.create(
                model=model,
                messages=list(messages),  # type: ignore[arg-type]
                **asked,
            ),
        )

    # ---------------------------------------------------------------- how to ask

    def _ask(self, doing: str, call: Callable[[OpenAI], T]) -> T:
        """Make one request; whatever goes wrong comes back as :class:`Refused`."""
        client = self._client
        import openai

        try:
            told = call(client)
        except openai.OpenAIError as error:
            raise refusal(error, doing, self.endpoint) from error
        except (AttributeError, ValueError) as error:
            # What the SDK makes of a page that is not JSON.
            raise not_the_protocol(doing, self.endpoint) from error
        if isinstance(told, str):
            raise not_the_protocol(doing, self.endpoint)
        return told

    def _pages(
        self,
        doing: str,
        fetch: Callable[..., Any],
        known: frozenset[str] | set[str] = frozenset(),
    ) -> Iterator[Any]:
        """The rows of a list, one page at a time, none twice.

        The SDK's own walk never ends where a service leaves out ``has_more`` or ignores
        ``after``; this one ends when a page brings nothing new.
        """
        met: set[str] = set()
        after: dict[str, str] = {}
        while True:
            page = self._ask(doing, lambda client, after=after: fetch(client, after))  # type: ignore[misc]
            fresh = [row for row in page.data or () if row.id not in met]
            unknown = [row for row in fresh if row.id not in known]
            met |= {row.id for row in fresh}
            yield from unknown
            all_older_is_known = not unknown and _newest_first(fresh)
            if not fresh or page.has_more is False or all_older_is_known:
                return
            after = {"after": fresh[-1].id}


def _newest_first(rows: Sequence[Any]) -> bool:
    return not rows or (rows[0].created_at or 0) >= (rows[-1].created_at or 0)
