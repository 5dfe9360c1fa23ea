"""How many tokens conversations have, and what training on them would be billed.

With tiktoken and its vocabulary at hand the count is the vendor's own; otherwise it is an
estimate that says so. Nothing here decides whether a file may be sent; that is ``rules.py``.
"""

from __future__ import annotations

import re
import threading
import time
import urllib.request
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache

from aprendiz.data.chat.records import Conversation
from aprendiz.data.chat.token_guess import guess_tokens

_PER_MESSAGE = 3
_PER_NAME = 1
_PER_EXAMPLE = 3

_TARGET_EPOCHS = 3
_FEWEST_PASSES, _MOST_PASSES = 100, 25_000  # examples × epochs that "auto" aims between
_MOST_EPOCHS = 25

_CL100K = re.compile(r"gpt-3\.?5|gpt-4(?![o.])|davinci-002|babbage-002")
_DOWNLOAD_SECONDS = 20.0
_SILENCE_SECONDS = 3.0
_tiktoken_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class TokenCounter:
    """Counts the tokens of a text.

    Attributes:
        name: the encoding (``o200k_base``), or what kind of estimate it is.
        exact: whether the numbers are the vendor's own.
        count: the tokens of one text.
    """

    name: str
    exact: bool
    count: Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a training would come to.

    Attributes:
        examples: conversations.
        tokens: of one epoch, each example cut at the longest the model takes.
        epochs: as asked for, or as "auto" would choose.
        billed_tokens: ``tokens`` × ``epochs``, what the vendors charge for.
        cost: in the currency of the price; ``None`` where no price was given.
        counter: who counted.
        exact: whether the vendor would count the same tokens (the formula around them is
            still the vendor's own approximation).
        longest: tokens of the longest example, uncut; 0 when there is none.
        longest_line: where it stands.
        billed: whether anybody charges for it; on one's own machine nobody does.
    """

    examples: int
    tokens: int
    epochs: int
    billed_tokens: int
    cost: float | None
    counter: str
    exact: bool
    longest: int
    longest_line: int
    billed: bool = True

    def in_words(self) -> str:
        """The estimate in one line for a person."""
        about = "" if self.exact else "about "
        price = "" if self.cost is None else f", cost {about}{self.cost:,.2f}"
        said = f"{self.examples:,} examples, {about}{self.tokens:,} tokens"
        if self.billed:
            said += f" × {self.epochs} epochs = {self.billed_tokens:,} tokens to pay for{price}"
        return (
            f"{said}; the longest example has {about}{self.longest:,} tokens "
            f"(line {self.longest_line}); counted by {self.counter}"
        )


def encoding_of(model: str) -> str:
    """The name of the encoding a model uses; unknown models count as the newest, o200k_base.

    Takes vendors' names, Azure's spelling (``gpt-35-turbo``) and names of fine-tunes
    (``ft:gpt-4.1-…``, which tiktoken itself takes for a gpt-4 and counts with cl100k_base).
    """
    base = model.lower().removeprefix("ft:")
    if base.startswith("gpt-oss"):
        return "o200k_harmony"
    return "cl100k_base" if _CL100K.match(base) else "o200k_base"


def counter(model: str, *, download: bool = False) -> TokenCounter:
    """The best counter for a model that this machine has.

    tiktoken is used when it is installed and its vocabulary lies in its cache
    (``TIKTOKEN_CACHE_DIR``, else a folder under the system's temporary one). Where not, the
    counter is an estimate with ``exact=False``; this costs no time and touches no network.

    Args:
        model: a model's name, a vendor's or ours.
        download: let a missing vocabulary (2 to 4 MB) be fetched from OpenAI's server; an
            unreachable server is given up after 3 seconds, a slow one after 20.
    """
    return _counter(encoding_of(model), download)


def count_conversation(conversation: Conversation, counter: TokenCounter) -> int:
    """The tokens of one training example.

    The formula of OpenAI's notebook ``Chat_finetuning_data_prep``, which calls itself "not
    exact": 3 a message, the tokens of every string in it, 1 more for a name, and 3 an
    example. Tool calls and tool definitions, which it leaves out, are counted as their JSON.
    """
    count = counter.count
    total = _PER_EXAMPLE + count(conversation.rest)
    for message in conversation.messages:
        total += _PER_MESSAGE + count(message.role) + count(message.content) + count(message.rest)
        if message.name:
            total += count(message.name) + _PER_NAME
    return total


def auto_epochs(examples: int) -> int:
    """The number of epochs that "auto" stands for.

    The notebook's rule: 3, but for few examples as many as make 100 passes (25 at most), and
    for many as few as keep under 25,000 (at least 1).
    """
    if examples * _TARGET_EPOCHS < _FEWEST_PASSES:
        return min(_MOST_EPOCHS, _FEWEST_PASSES // max(1, examples))
    if examples * _TARGET_EPOCHS > _MOST_PASSES:
        return max(1, _MOST_PASSES // examples)
    return _TARGET_EPOCHS


def estimate(
    conversations: Iterable[Conversation],
    counter: TokenCounter,
    *,
    epochs: int | None = None,
    price_per_million: float | None = None,
    most_tokens_per_example: int = 65_536,
    billed: bool = True,
) -> Estimate:
    """Tokens and, where a price is given, cost of training on conversations.

    Args:
        epochs: ``None`` for what "auto" would choose.
        price_per_million: price of a million training tokens; ``None`` for no cost.
        most_tokens_per_example: the model's training context; what is longer is cut by the
            vendor and not billed (``Rules.most_tokens_per_example``).
        billed: whether anybody charges for it.
    """
    examples = tokens = longest = longest_line = 0
    for conversation in conversations:
        length = count_conversation(conversation, counter)
        examples += 1
        tokens += min(length, most_tokens_per_example)
        if length > longest:
            longest, longest_line = length, conversation.line
    passes = auto_epochs(examples) if epochs is None else epochs
    to_pay = tokens * passes
    cost = None if price_per_million is None else to_pay * price_per_million / 1_000_000
    return Estimate(
        examples=examples,
        tokens=tokens,
        epochs=passes,
        billed_tokens=to_pay,
        cost=cost,
        counter=counter.name,
        exact=counter.exact,
        longest=longest,
        longest_line=longest_line,
        billed=billed,
    )


@cache
def _counter(encoding: str, download: bool) -> TokenCounter:
    return _exact_counter(encoding, download) or TokenCounter(
        f"estimate of {encoding} (±10 %)", False, guess_tokens
    )


def _exact_counter(encoding: str, download: bool) -> TokenCounter | None:
    """tiktoken's counter; None where it, or its vocabulary, is not to be had.

    tiktoken fetches a missing vocabulary by itself and without a time limit. Its one door to
    the network is replaced while it loads, so that its own cache and checks stay in force.
    """
    try:
        import tiktoken
        import tiktoken.load
    except ImportError:
        return None
    with _tiktoken_lock:
        door = tiktoken.load.read_file
        tiktoken.load.read_file = _fetch if download else _refuse
        try:
            loaded = tiktoken.get_encoding(encoding)
        except (OSError, ValueError):  # not to be had; damaged, or unknown to this tiktoken
            return None
        finally:
            tiktoken.load.read_file = door
    return TokenCounter(encoding, True, lambda text: len(loaded.encode_ordinary(text)))


def _refuse(blobpath: str) -> bytes:
    raise OSError(f"{blobpath} is not in the cache and must not be fetched")


def _fetch(blobpath: str) -> bytes:
    """Download with an end: to silence after 3 seconds, to the whole after 20."""
    deadline = time.monotonic() + _DOWNLOAD_SECONDS
    parts = []
    with urllib.request.urlopen(blobpath, timeout=_SILENCE_SECONDS) as answer:
        while part := answer.read1(1 << 18):
            parts.append(part)
            if time.monotonic() > deadline:
                raise OSError(f"{blobpath} did not arrive in {_DOWNLOAD_SECONDS:.0f} s")
    return b"".join(parts)
