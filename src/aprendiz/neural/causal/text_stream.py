"""From token numbers to text as they come: only whole characters, and never past a stop text.

One reply, one stream of text. Which tokens come is for ``torch_chat.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

# After so many tokens a tail that is no whole character will not become one: no character
# has more than four bytes.
_HOPELESS = 8
_BROKEN = "\N{REPLACEMENT CHARACTER}"


class TextStream:
    """The text of one reply, piece by piece.

    A byte-level token may hold a part of a character, and a sentence-piece decoder treats
    the beginning of a text differently. So tokens are decoded together with the last ones
    that were whole, and what does not end in a whole character waits for the next token.

    Attributes:
        text: all pieces given so far.
        stopped: a stop text has come; nothing more is to be pushed.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, stop: Sequence[str] = ()) -> None:
        self.text = ""
        self.stopped = False
        self._tokenizer = tokenizer
        self._stop = tuple(each for each in stop if each)
        self._tokens: list[int] = []
        self._anchor = 0  # where the last tokens that were whole begin …
        self._whole = 0  # … and where they end
        self._held = ""  # text that may be the beginning of a stop text

    def push(self, token: int) -> str:
        """The piece of text that is certain now; often empty."""
        self._tokens.append(token)
        new = self._decoded()
        waited = len(self._tokens) - self._whole
        if not new or (new.endswith(_BROKEN) and waited < _HOPELESS):
            return ""
        self._anchor, self._whole = self._whole, len(self._tokens)
        return self._give(new)

    def finish(self, *, cut: bool) -> str:
        """What is left: the text that waited for a whole character or a stop text.

        Args:
            cut: the reply was cut off, so that bytes of an unfinished character may be left
                over; they are dropped.
        """
        if self.stopped:
            return ""
        new = self._decoded()
        return self._give(new.rstrip(_BROKEN) if cut else new, last=True)

    def _give(self, new: str, last: bool = False) -> str:
        """The part of the held and the new text that no stop text can begin in."""
        text = self._held + new
        found = [place for place in map(text.find, self._stop) if place >= 0]
        if found:
            self.stopped = True
            safe = min(found)
            self._held = ""
        else:
            safe = len(text) if last else len(text) - self._possible_stop(text)
            self._held = text[safe:]
        self.text += text[:safe]
        return text[:safe]

    def _possible_stop(self, text: str) -> int:
        """How many of the last characters could be the beginning of a stop text."""
        longest = max(map(len, self._stop), default=1) - 1
        for length in range(min(longest, len(text)), 0, -1):
            if any(each.startswith(text[-length:]) for each in self._stop):
                return length
        return 0

    def _decoded(self) -> str:
        """Text of the tokens after the last whole ones."""
        before = self._decode(self._tokens[self._anchor : self._whole])
        return self._decode(self._tokens[self._anchor :])[len(before) :]

    def _decode(self, tokens: list[int]) -> str:
        return str(
            self._tokenizer.decode(
                tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
            )
        )
