"""A tuned model at a provider as a chat model: whole conversations, streamed as they come.

The same deployment as a classifier is for ``predict.py``. Loading touches no network; the
provider is contacted when the first conversation is answered.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

from aprendiz.data.chat.records import Message
from aprendiz.errors import ChatError
from aprendiz.interfaces import Reply, Sampling
from aprendiz.methods.managed import pointer as pointers
from aprendiz.methods.managed.answering import answering_name
from aprendiz.methods.managed.endpoint import Endpoint, choose_for
from aprendiz.methods.managed.pointer import Pointer
from aprendiz.methods.managed.provider import Provider
from aprendiz.methods.managed.refusals import Refused, refusal
from aprendiz.neural.causal.turns import check_messages
from aprendiz.settings import Settings, get_settings

#: A provider does not say how much a model reads; this is what the models that can be tuned
#: read today. A longer conversation is the provider's to refuse.
CONTEXT = 128_000


class ManagedChat:
    """A tuned model at a provider; an :class:`aprendiz.interfaces.ChatModel`.

    The system message that the model was taught with is put first wherever a conversation
    has none of its own. Token counts are 0 where the provider does not tell them.
    """

    def __init__(self, pointer: Pointer, endpoint: Endpoint, settings: Settings) -> None:
        self._pointer = pointer
        self._provider = Provider(endpoint)
        self._preferred = settings.fine_tuned_model_deployment
        self._answers_as = ""
        self._opening = threading.Lock()
        self._tells_usage = True

    @property
    def name(self) -> str:
        """What to call it."""
        return self._answers_as or self._pointer.deployment or self._pointer.model

    @property
    def context(self) -> int:
        """Most tokens of a conversation and its reply together, as far as we know."""
        return CONTEXT

    @property
    def device(self) -> str:
        """Who computes the answers, in words."""
        return self._provider.endpoint.in_words()

    def stream(
        self, messages: Sequence[Message], sampling: Sampling = Sampling()
    ) -> Iterator[str | Reply]:
        """Pieces of text as they come and, last, the whole reply.

        Closing the iterator closes the connection, which ends the work over there.

        Raises:
            ChatError: nothing to answer, or the provider finds the conversation too long.
            ProviderError: the provider refuses or cannot be reached.
        """
        check_messages(messages)
        return self._streamed(messages, sampling)

    def replies(
        self, conversations: Sequence[Sequence[Message]], sampling: Sampling = Sampling()
    ) -> list[Reply]:
        """A reply to each conversation, in their order; several are under way at once.

        A conversation that is refused for its content gets an empty reply.

        Raises:
            ChatError: a conversation has nothing to answer, or is too long.
            ProviderError: the provider refuses or cannot be reached.
        """
        for messages in conversations:
            check_messages(messages)
        if conversations:
            self._contact()
        with ThreadPoolExecutor(self._pointer.concurrency) as pool:
            try:
                return list(pool.map(lambda each: self._reply(each, sampling), conversations))
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise

    def _contact(self) -> str:
        """The name that the model answers under, found out once."""
        with self._opening:
            if not self._answers_as:
                self._answers_as = answering_name(self._provider, self._pointer, self._preferred)
            return self._answers_as

    def _reply(self, messages: Sequence[Message], sampling: Sampling) -> Reply:
        try:
            told = self._complete(messages, sampling)
        except Refused as no:
            if no.code == "content_filter":
                return Reply("", 0, 0, "stop")
            raise
        choice = told.choices[0]
        return _reply(choice.message.content or "", told.usage, choice.finish_reason)

    def _streamed(self, messages: Sequence[Message], sampling: Sampling) -> Iterator[str | Reply]:
        text, usage, finish = "", None, ""
        chunks = self._open_stream(messages, sampling)
        try:
            for chunk in self._told(chunks):
                usage = chunk.usage or usage
                for choice in chunk.choices[:1]:
                    finish = choice.finish_reason or finish
                    if piece := choice.delta.content:
                        text += piece
                        yield piece
        finally:
            chunks.close()
        yield _reply(text, usage, finish)

    def _open_stream(self, messages: Sequence[Message], sampling: Sampling) -> Any:
        try:
            options = {"stream_options": {"include_usage": True}} if self._tells_usage else {}
            return self._complete(messages, sampling, stream=True, **options)
        except Refused as no:
            # Older interfaces do not know how to tell the tokens of a stream.
            if self._tells_usage and no.status == 400 and "stream_options" in f"{no.param}{no}":
                self._tells_usage = False
                return self._open_stream(messages, sampling)
            raise

    def _told(self, chunks: Any) -> Iterator[Any]:
        """The chunks of a stream; a line that is lost half way is said as everywhere."""
        import httpx
        import openai

        doing = f"asking {self.name}"
        try:
            yield from chunks
        except openai.OpenAIError as error:
            raise refusal(error, doing, self._provider.endpoint) from error
        except httpx.HTTPError as error:
            raise Refused(
                f"{doing}: the answer broke off ({error})", "ask again", status=None
            ) from error

    def _complete(self, messages: Sequence[Message], sampling: Sampling, **more: Any) -> Any:
        asked: dict[str, Any] = {
            "temperature": sampling.temperature,
            "max_completion_tokens": sampling.max_tokens,
            **more,
        }
        if sampling.top_p < 1:
            asked["top_p"] = sampling.top_p
        if sampling.seed is not None:
            asked["seed"] = sampling.seed
        if sampling.stop:
            asked["stop"] = list(sampling.stop)
        try:
            return self._provider.completion(self._contact(), self._written(messages), **asked)
        except Refused as no:
            if no.code == "context_length_exceeded":
                raise ChatError(no.message, "shorten it, or start a new conversation") from None
            raise

    def _written(self, messages: Sequence[Message]) -> list[dict[str, Any]]:
        rows = [message.as_dict() for message in messages]
        for row in rows:
            row.pop("weight", None)
            if isinstance(row.get("content"), str):
                row["content"] = _sendable(row["content"])
        if not any(message.role in {"system", "developer"} for message in messages):
            rows.insert(0, {"role": "system", "content": self._pointer.system_prompt})
        return rows


def load(folder: Path) -> ManagedChat:
    """Load a managed model's folder to talk to its deployment.

    Raises:
        ModelFolderError: not a managed model, or damaged.
        SettingsError: this machine is not set up for its service.
    """
    pointer = pointers.read(folder)
    settings = get_settings()
    return ManagedChat(pointer, choose_for(pointer.provider, pointer.address, settings), settings)


def _reply(text: str, usage: Any, finish: str) -> Reply:
    reason: Literal["stop", "length"] = "length" if finish == "length" else "stop"
    return Reply(
        text,
        int(usage.prompt_tokens or 0) if usage else 0,
        int(usage.completion_tokens or 0) if usage else 0,
        reason,
    )


def _sendable(text: str) -> str:
    """No half surrogate pairs and no NUL, which no JSON parser is to be trusted with."""
    return (
        text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "\ufffd")
    )
