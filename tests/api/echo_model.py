"""A small real language model for the tests of chats: it says the user's last words again and again.

A token is a word. Above temperature 0 words are drawn among the user's own. ``gate`` lets a
test hold it between two tokens; ``written`` counts the tokens it has come to.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator, Sequence

from aprendiz.data.chat.records import Message
from aprendiz.errors import ChatError
from aprendiz.interfaces import Reply, Sampling


class EchoModel:
    """Ends after the user's words once over, or goes on without end when told ``forever``."""

    def __init__(self, name: str = "echo", context: int = 400) -> None:
        self.name = name
        self.context = context
        self.gate = threading.Event()
        self.gate.set()
        self.written = 0
        self.asked: list[Sequence[Message]] = []
        self.closed = 0
        self.threads: set[str] = set()

    def stream(
        self, messages: Sequence[Message], sampling: Sampling = Sampling()
    ) -> Iterator[str | Reply]:
        prompt = sum(len(message.content.split()) + 1 for message in messages)
        if prompt >= self.context:
            raise ChatError(f"the conversation has {prompt} tokens, {self.context} are the most")
        return self._stream(messages, sampling, prompt)

    def _stream(
        self, messages: Sequence[Message], sampling: Sampling, prompt: int
    ) -> Iterator[str | Reply]:
        self.asked.append(messages)
        self.threads.add(threading.current_thread().name)
        words = messages[-1].content.split()
        if words[:1] == ["explode"]:
            raise RuntimeError(f"cannot cope with {words}")
        room = min(sampling.max_tokens, self.context - prompt)
        chance = random.Random(sampling.seed)
        said: list[str] = []
        try:
            for number in range(room):
                assert self.gate.wait(30)
                if "forever" in words:
                    time.sleep(0.001)  # no network is quicker, and clients must keep up
                if "break" in words and number == 3:
                    raise RuntimeError("lost my voice")
                if number == len(words) and "forever" not in words:
                    yield Reply(" ".join(said), prompt, number + 1, "stop")
                    return
                drawn = sampling.temperature > 0
                word = chance.choice(words) if drawn else words[number % len(words)]
                self.written += 1
                if word in sampling.stop:
                    yield Reply(" ".join(said), prompt, number + 1, "stop")
                    return
                said.append(word)
                yield word if number == 0 else f" {word}"
            yield Reply(" ".join(said), prompt, room, "length")
        finally:
            self.closed += 1

    def replies(
        self, conversations: Sequence[Sequence[Message]], sampling: Sampling = Sampling()
    ) -> list[Reply]:
        ends = [list(self.stream(each, sampling))[-1] for each in conversations]
        return [end for end in ends if isinstance(end, Reply)]
