"""Texts to MinHash signatures, many at once: the arithmetic under ``near.py``.

A text is folded to its normal form, cut into overlapping pieces of four characters
(shingles), and the pieces become 32-bit numbers. Everything after the folding is done
on whole arrays, so that a million short texts take seconds; the texts are taken in
chunks, so that the arrays stay small. Not for deciding what is a duplicate.

MinHash: Broder 1997, "On the resemblance and containment of documents". The share of
equal places in two signatures estimates the Jaccard similarity of the two sets.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LENGTH = 4  # characters of a shingle
BANDS = 16
ROWS = 5  # places of a band; 1 - (1 - 0.8**5)**16 = 0.998 of the pairs at 0.8 share a band
PLACES = BANDS * ROWS
_AT_ONCE = 400_000  # characters; the arrays of a chunk take about 40 bytes for each


class _Folding(dict[int, str]):
    """Character to what the normal form has in its place, worked out when first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if unicodedata.combining(character) or character in "'’`´":
            folded = ""  # accents after NFKD; don't and dont are the same word
        elif unicodedata.category(character)[0] in "PZC":
            folded = " "
        else:
            folded = character
        self[code] = folded
        return folded


_FOLDING = _Folding()


def normal_form(text: str) -> str:
    """The text without what does not change its meaning: case, accents, punctuation, spacing.

    A text that is nothing but punctuation keeps it, so that ``:)`` and ``:(`` stay apart.
    """
    plain = text.casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFKD", plain).casefold()
    return " ".join(plain.translate(_FOLDING).split()) or " ".join(plain.split())


def digest(normal: str) -> int:
    """64 bits that stand for a normal form, the same on every machine."""
    raw = hashlib.blake2b(normal.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "little")


def chunks(normals: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Ranges ``(first, end)`` of texts that together have a bounded number of characters."""
    first = size = 0
    for at, normal in enumerate(normals):
        if size and size + len(normal) > _AT_ONCE:
            yield first, at
            first, size = at, 0
        size += len(normal) + 2
    if first < len(normals):
        yield first, len(normals)


def shingles(normals: Sequence[str]) -> tuple[NDArray[np.uint32], NDArray[np.int64]]:
    """The shingles of all texts, one text after the other.

    Returns:
        ``(values, starts)``: shingle numbers, repeats kept, and for each text the place
        where its own begin. Every text has at least one.
    """
    import numpy as np

    padded = [f" {normal} ".ljust(LENGTH) for normal in normals]
    codes = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    ends = np.cumsum(np.fromiter(map(len, padded), np.int64, len(padded)))
    wide = len(codes) - LENGTH + 1
    values = codes[:wide] * np.uint32(0x9E3779B1)
    for offset, factor in enumerate((0x85EBCA77, 0xC2B2AE3D, 0x27D4EB2F), start=1):
        values ^= codes[offset : offset + wide] * np.uint32(factor)
        values = (values << np.uint32(13)) | (values >> np.uint32(19))
    whole = np.ones(wide, dtype=bool)
    for before in range(1, LENGTH):  # pieces that would reach into the next text
        whole[ends[:-1] - before] = False
    starts = np.concatenate(([0], ends[:-1])) - (LENGTH - 1) * np.arange(len(padded))
    return _mixed(values[whole]), starts


def _mixed(values: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Spread every bit over all 32: the last step of MurmurHash3 (Appleby, public domain)."""
    import numpy as np

    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        values = (values ^ (values >> np.uint32(shift))) * np.uint32(factor)
    return values ^ (values >> np.uint32(16))


@dataclass(frozen=True)
class Signatures:
    """What is kept of each text.

    Attributes:
        places: the lowest 8 bits of its 80 minima, shape ``(texts, PLACES)``, uint8;
            enough to tell a likely pair from an unlikely one.
        bands: one number for each group of five minima, shape ``(BANDS, texts)``, uint32;
            two texts with an equal number are candidates.
    """

    places: NDArray[np.uint8]
    bands: NDArray[np.uint32]


def signatures(values: NDArray[np.uint32], starts: NDArray[np.int64]) -> Signatures:
    """The signatures of the texts whose shingles :func:`shingles` gave."""
    import numpy as np

    # A fixed seed: the same text has the same signature in every process, for ever.
    random = np.random.Generator(np.random.PCG64(20_261_121))
    factors = random.integers(0, 2**31, PLACES, dtype=np.uint32) * np.uint32(2) + np.uint32(1)
    addends = random.integers(0, 2**32, PLACES, dtype=np.uint32)
    places = np.empty((len(starts), PLACES), np.uint8)
    bands = np.zeros((BANDS, len(starts)), np.uint32)
    hashed = np.empty_like(values)
    for place in range(PLACES):
        np.multiply(values, factors[place], out=hashed)
        hashed += addends[place]
        least = np.minimum.reduceat(hashed, starts)
        places[:, place] = least & np.uint32(0xFF)
        band = place // ROWS
        bands[band] = _mixed(bands[band] * np.uint32(31) + least)
    return Signatures(places, bands)


def jaccard(left: Sequence[str], right: Sequence[str]) -> NDArray[np.float64]:
    """Exact Jaccard similarity of the shingle sets of ``left[i]`` and ``right[i]``, each 0 to 1."""
    import numpy as np

    # One number a shingle: the pair in the upper bits, the side in the lowest. Sorted by
    # hand, since np.unique of NumPy 2.3 hashes, which is ten times slower here.
    keys = np.sort(np.concatenate([_keys(left, 0), _keys(right, 1)]))
    keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))]
    pieces = keys >> np.uint64(1)
    owners = (keys >> np.uint64(33)).astype(np.int64)
    sizes = np.bincount(owners, minlength=len(left))
    shared = np.bincount(owners[1:][pieces[1:] == pieces[:-1]], minlength=len(left))
    return shared / (sizes - shared)


def _keys(normals: Sequence[str], side: int) -> NDArray[np.uint64]:
    """The shingles of each text, marked with the position of the text and with a side."""
    import numpy as np

    values, starts = shingles(normals)
    counts = np.diff(np.append(starts, len(values)))
    owner = np.repeat(np.arange(len(normals), dtype=np.uint64), counts)
    return (owner << np.uint64(33)) | (values.astype(np.uint64) << np.uint64(1)) | np.uint64(side)
