"""A GGUF file answered with llama.cpp itself, through the optional llama-cpp-python.

The prompt is rendered from the chat template in the file and cut into tokens by llama.cpp,
which also chooses the tokens of the reply. Where the library is not installed, ``gguf/read.py``
makes a network of transformers from the same file.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template

from aprendiz.data.chat.records import Message
from aprendiz.errors import BaseModelError, ChatError, MissingExtra
from aprendiz.interfaces import Reply, Sampling
from aprendiz.neural.causal.gguf.read import context_of
from aprendiz.neural.causal.template import CHATML, check_messages
from aprendiz.neural.causal.text_stream import TextStream

_LONGEST = 8192  # tokens of context that are made room for, if the model reads more
_F32 = 0  # ggml's number for float32
_BEGIN, _END = "\ue100", "\ue101"  # around control tokens that stand in a message


def installed() -> bool:
    """Whether llama-cpp-python is there."""
    return importlib.util.find_spec("llama_cpp") is not None


class LlamaCppChat:
    """A chat model that llama.cpp runs.

    Args:
        path: a ``.gguf`` file.
        name: what to call it; the file's name without its ending if not given.
        context: most tokens of conversation and reply together; the model's own, at most
            8,192, if not given.
        exact: keep what was read in float32 instead of float16: twice the memory, and no
            rounding that the file itself does not have.

    Raises:
        MissingExtra: llama-cpp-python is not installed.
        BaseModelError: not a GGUF, cut off, or llama.cpp cannot load it.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        name: str | None = None,
        context: int | None = None,
        exact: bool = False,
    ) -> None:
        try:
            import llama_cpp
        except (ImportError, OSError, RuntimeError):
            missing = MissingExtra("lora", "llama_cpp")
            missing.hint = "pip install llama-cpp-python"  # of no extra: it is built from source
            raise missing from None
        self._library = llama_cpp
        kept = {"type_k": _F32, "type_v": _F32} if exact else {}
        room = context or min(context_of(path), _LONGEST)
        try:
            self._llama = llama_cpp.Llama(str(path), n_ctx=room, verbose=False, **kept)
        except (ValueError, RuntimeError, KeyError) as error:
            raise BaseModelError(
                f"{path}: llama.cpp cannot load it ({error})", "copy or download it again"
            ) from None
        self._name = name or Path(path).stem
        self._vocabulary = self._llama._model.vocab  # the public class does not hand it out
        self._template = self._stated_template()

    @property
    def name(self) -> str:
        """What to call it."""
        return self._name

    @property
    def context(self) -> int:
        """Most tokens of a conversation and its reply together."""
        return int(self._llama.n_ctx())

    @property
    def device(self) -> str:
        """What answers."""
        return "llama.cpp"

    def stream(
        self, messages: Sequence[Message], sampling: Sampling = Sampling()
    ) -> Iterator[str | Reply]:
        """Pieces of text as they come and, last, the whole reply.

        Raises:
            ChatError: nothing to answer, or no room left for a reply.
        """
        prompt = self._prompt(messages)
        room = min(self.context - len(prompt), sampling.max_tokens)
        if room < 1:
            raise ChatError(
                f"the conversation has {len(prompt)} tokens and the model reads at most "
                f"{self.context}, which leaves no room for a reply",
                "shorten it, or start a new conversation",
            )
        return self._streamed(prompt, room, sampling)

    def replies(
        self, conversations: Sequence[Sequence[Message]], sampling: Sampling = Sampling()
    ) -> list[Reply]:
        """A reply to each conversation, in their order, one after the other.

        Raises:
            ChatError: a conversation has nothing to answer or leaves no room.
        """
        said = []
        for messages in conversations:
            *_, last = self.stream(messages, sampling)
            assert isinstance(last, Reply)
            said.append(last)
        return said

    def prompt_tokens(self, messages: Sequence[Message]) -> int:
        """How many tokens a conversation has as the model reads it.

        Raises:
            ChatError: nothing to answer, or a conversation that the template refuses.
        """
        return len(self._prompt(messages))

    def _prompt(self, messages: Sequence[Message]) -> list[int]:
        """Up to where the assistant speaks; control tokens in a message are ordinary text."""
        check_messages(messages)
        if not self._template:
            text = "\n".join(message.content for message in messages)
            return list(self._llama.tokenize(text.encode(), add_bos=self._begins, special=False))
        tokens: list[int] = []
        for number, piece in enumerate(re.split(f"[{_BEGIN}{_END}]", self._rendered(messages))):
            if piece:
                own = number % 2 == 0  # the template's words; between the marks, a message's
                tokens += self._llama.tokenize(piece.encode(), add_bos=False, special=own)
        return tokens

    def _streamed(self, prompt: list[int], room: int, sampling: Sampling) -> Iterator[str | Reply]:
        text = TextStream(_Decoder(self._llama, self._strips), sampling.stop)  # type: ignore[arg-type]
        self._llama.set_seed(
            self._library.LLAMA_DEFAULT_SEED if sampling.seed is None else sampling.seed
        )
        drawn = self._llama.generate(
            prompt, temp=sampling.temperature, top_p=sampling.top_p, top_k=0, min_p=0.0
        )
        count, reason = 0, "length"
        for token in drawn:
            count += 1
            if self._library.llama_vocab_is_eog(self._vocabulary, token):
                reason = "stop"
                break
            if piece := text.push(token):
                yield piece
            if text.stopped:
                reason = "stop"
            if text.stopped or count == room:
                break
        if not text.stopped and (rest := text.finish(cut=reason == "length")):
            yield rest
        yield Reply(text.text, len(prompt), count, "stop" if reason == "stop" else "length")

    def _rendered(self, messages: Sequence[Message]) -> str:
        controls = self._controls
        marked = []
        for message in messages:
            role = "system" if message.role == "developer" else message.role
            content = re.sub(f"[{_BEGIN}{_END}]", "", message.content)
            if controls is not None:
                content = controls.sub(rf"{_BEGIN}\g<0>{_END}", content)
            marked.append({"role": role, "content": content})
        try:
            rendered: Any = render_jinja_template(
                conversations=[marked],
                chat_template=self._template,
                add_generation_prompt=True,
                bos_token=self._text(self._llama.token_bos()),
                eos_token=self._text(self._llama.token_eos()),
            )
        except (TemplateError, ValueError, TypeError, KeyError) as error:
            raise ChatError(
                f"the model's chat template refuses the conversation: {error}",
                "roles have to be in the order that the model was trained with",
            ) from None
        return str(rendered[0][0])  # texts and where the answers are; the one text

    def _stated_template(self) -> str:
        """The file's own, ChatML where it has its marks and no template, or none: plain text."""
        stated = str(self._llama.metadata.get("tokenizer.chat_template", ""))
        texts = {self._text(number): number for number in self._control_numbers()}
        self._controls = (
            re.compile("|".join(map(re.escape, sorted(texts, key=len, reverse=True))))
            if texts
            else None
        )
        chatml = {"<|im_start|>", "<|im_end|>"} <= set(texts)
        return stated or (CHATML if chatml else "")

    def _control_numbers(self) -> list[int]:
        is_control = self._library.llama_vocab_is_control
        return [n for n in range(self._llama.n_vocab()) if is_control(self._vocabulary, n)]

    def _text(self, number: int) -> str:
        if number < 0:
            return ""
        text: bytes = self._library.llama_vocab_get_text(self._vocabulary, number)
        return text.decode("utf-8", "replace")

    @property
    def _begins(self) -> bool:
        return bool(self._library.llama_vocab_get_add_bos(self._vocabulary))

    @property
    def _strips(self) -> bool:
        """Whether the space in front of a reply's first word is not part of its text."""
        stated = self._llama.metadata
        prefix = stated.get("tokenizer.ggml.add_space_prefix", "true") == "true"
        return stated.get("tokenizer.ggml.model") == "llama" and prefix


class _Decoder:
    """llama.cpp's tokens as text, in the words in which a tokenizer of transformers is asked."""

    def __init__(self, llama: Any, strips: bool) -> None:
        self._llama = llama
        self._strips = strips

    def decode(self, tokens: list[int], **_: Any) -> str:
        text = self._llama.detokenize(tokens).decode("utf-8", "replace")
        return str(text.removeprefix(" ") if self._strips else text)
