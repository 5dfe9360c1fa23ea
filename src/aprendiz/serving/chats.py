"""A chat with a language model, from the request to the bytes of its answer.

Whole, or as server-sent events while the model writes. The same for ``aprendiz serve`` and the
platform; each has its own door (``chat_app.py``, ``platform/http/chats.py``).
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any

from aprendiz.errors import ChatError
from aprendiz.interfaces import ChatModel, Reply
from aprendiz.serving import chat_answers
from aprendiz.serving.chat_answers import Frame
from aprendiz.serving.chat_requests import AskedChat, refuse_too_long
from aprendiz.serving.faults import Fault
from aprendiz.serving.generation import Generation

log = logging.getLogger("aprendiz.serving")

# A template says "system" for what newer clients call "developer".
_ROLES = {"developer": "system"}


class Chat:
    """One request, on its way to a language model.

    Args:
        generation: where replies are written.
        get: gives the model, in the thread that writes.
        name: what the model is called in the answer.
        wanted: what was asked for.
        most_characters: of all messages together.

    Raises:
        Fault: 400, something was asked for that no language model here can do.
    """

    def __init__(
        self,
        generation: Generation,
        get: Callable[[], ChatModel],
        name: str,
        wanted: AskedChat,
        most_characters: int,
    ) -> None:
        wanted.refuse_what_language_models_cannot()
        self._messages = [
            type(message)(_ROLES.get(message.role, message.role), message.content)
            for message in wanted.conversation()
        ]
        refuse_too_long(self._messages, most_characters)
        self._generation = generation
        self._get = get
        self._wanted = wanted
        self._choices = wanted.n or 1
        self._frame = Frame(name, with_usage=wanted.with_usage)

    async def whole(self) -> dict[str, Any]:
        """The answer in one piece.

        Raises:
            Fault: 400, the conversation leaves no room for a reply; 429, too many are waiting;
                503, the server is stopping.
        """
        replies: list[Reply] = []
        with self._generation.place():
            for index in range(self._choices):
                async with aclosing(self._pieces(index, replies)) as pieces:
                    async for piece in pieces:
                        if isinstance(piece, Reply):
                            replies.append(piece)
        choices = [
            chat_answers.choice(index, reply.text, reply.finish_reason)
            for index, reply in enumerate(replies)
        ]
        return self._frame.whole(choices, _usage(replies))

    async def events(self) -> AsyncGenerator[bytes, None]:
        """The answer as server-sent events.

        The first comes when the model has begun to speak, so that what can go wrong before has
        its own status; what goes wrong later is an event with an ``error``, which the official
        clients raise.

        Raises:
            Fault: as :meth:`whole`, before the first event.
        """
        begun = False
        try:
            async with aclosing(self._events()) as events:
                async for event in events:
                    begun = True
                    yield event
        except Exception as error:
            if not begun:
                raise
            fault = error if isinstance(error, Fault) else Fault.internal()
            if fault is not error:
                log.error("a reply broke off: %s", type(error).__name__, exc_info=error)
            yield chat_answers.event({"error": fault.detail()})

    async def _events(self) -> AsyncGenerator[bytes, None]:
        replies: list[Reply] = []
        with self._generation.place():
            for index in range(self._choices):
                begun = False
                async with aclosing(self._pieces(index, replies)) as pieces:
                    async for piece in pieces:
                        if not begun:
                            begun = True
                            yield self._frame.begin(index)
                        if isinstance(piece, Reply):
                            replies.append(piece)
                            yield self._frame.piece(index, {}, finish=piece.finish_reason)
                        elif piece:
                            yield self._frame.piece(index, {"content": piece})
        yield self._frame.end(_usage(replies))

    async def _pieces(self, index: int, earlier: list[Reply]) -> AsyncGenerator[str | Reply, None]:
        """The pieces of one choice. Without chance all are the first, which is not written twice."""
        sampling = self._wanted.sampling(index)
        if earlier and sampling.temperature == 0:
            yield earlier[0].text
            yield earlier[0]
            return
        try:
            async with aclosing(
                self._generation.reply(self._get, self._messages, sampling)
            ) as pieces:
                async for piece in pieces:
                    yield piece
        except ChatError as error:
            raise Fault(
                400, error.message, code="context_length_exceeded", param="messages"
            ) from None


def _usage(replies: list[Reply]) -> dict[str, int]:
    """The conversation is read once, whatever the number of choices."""
    return chat_answers.usage(
        replies[0].prompt_tokens, sum(reply.completion_tokens for reply in replies)
    )
