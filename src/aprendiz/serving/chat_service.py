"""The language model behind the server: warm-up, and whom it answers.

Knows nothing of HTTP beyond the faults it raises. Replies are written in one thread
(``generation.py``), so that ``/health`` answers meanwhile and a second client is heard.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aprendiz.assistants.load import identify
from aprendiz.data.chat.records import Message
from aprendiz.interfaces import ChatModel, Sampling
from aprendiz.serving.chat_requests import AskedNamedChat
from aprendiz.serving.chats import Chat
from aprendiz.serving.faults import Fault
from aprendiz.serving.generation import MOST_INSIDE, Generation
from aprendiz.serving.life import RETRY_LOADING, ModelLife
from aprendiz.settings import Settings

LoadChat = Callable[[Path], ChatModel]

# The first reply is the slow one: buffers are made and kernels chosen.
_WARM_UP = (Message("user", "hello"),)
_WARM_UP_TOKENS = 2


def load_chat(place: Path) -> ChatModel:
    """Load a language model; the libraries it needs are imported here and not before."""
    from aprendiz.assistants.load import load_chat_model

    return load_chat_model(place)


class ChatService(ModelLife[ChatModel]):
    """A language model in a server.

    Args:
        place: what to serve: a folder, a ``.gguf`` file or the name of a base model;
            ``APRENDIZ_MODEL`` when not given.
        settings: this machine's settings; read at start when not given.
        load: how a place becomes a model.
        most_inside: chats that may wait or be answered at once; one more is refused.
    """

    def __init__(
        self,
        place: Path | None = None,
        *,
        settings: Settings | None = None,
        load: LoadChat = load_chat,
        most_inside: int = MOST_INSIDE,
    ) -> None:
        def load_and_warm_up(place: Path) -> ChatModel:
            model = load(place)
            for _ in model.stream(_WARM_UP, Sampling(max_tokens=_WARM_UP_TOKENS)):
                pass
            return model

        super().__init__(place, settings, load_and_warm_up)
        self._most_inside = most_inside
        self._generation: Generation | None = None

    def require_place(self) -> Path:
        """What to serve.

        Raises:
            ModelFolderError: nothing was named, or nothing that can chat is there.
            SettingsError: a setting of this machine cannot be used.
        """
        place = super().require_place()
        identify(place)
        return place

    def start(self) -> None:
        """Begin to load, in the background. Call inside a running event loop.

        Raises:
            ModelFolderError: see :meth:`require_place`.
            SettingsError: a setting of this machine cannot be used.
        """
        super().start()
        assert self._thread is not None
        self._generation = Generation(self._thread, self._most_inside)

    def chat(self, wanted: AskedNamedChat) -> Chat:
        """A request on its way to the model.

        Raises:
            Fault: 503 before the model is ready; 404, another model was asked for; 400,
                something that language models here cannot do.
        """
        model, _ = self.ready()
        if wanted.model != model.name:
            raise unknown_model(model.name)
        if self._generation is None:
            raise Fault(503, "the server is stopping", code="stopping", headers=RETRY_LOADING)
        most = self.settings.max_characters
        return Chat(self._generation, lambda: model, model.name, wanted, most)

    async def stop(self) -> None:
        """Let the thread end, at the next token of what it still writes."""
        if self._generation is not None:
            self._generation.stop()
            self._generation = None
        await super().stop()


def unknown_model(served: str) -> Fault:
    """What a client hears that asks for a model that is not here."""
    return Fault(
        404,
        f"model: this server has one model, '{served}', and no other",
        code="model_not_found",
        param="model",
    )
