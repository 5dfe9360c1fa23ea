"""Pairs of texts that are likely to be near each other, found by banding and verified exactly.

The search behind ``near.py``: signatures are sorted band by band, texts that come to stand
beside each other are compared by their signatures, and what those do not rule out by the
shingles themselves. Arrays stay bounded, so that a million texts take a few hundred megabytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from aprendiz.data.shingles import (
    BANDS,
    PLACES,
    Signatures,
    chunks,
    jaccard,
    shingles,
    signatures,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Positions = NDArray[np.int64]
    Worth = Callable[[Positions, Positions], NDArray[np.bool_]]

Progress = Callable[[int, int], None]
"""Told how much is done and how much there is."""

_ALL_PAIRS = 16  # candidates of one band up to which every pair is compared
_NEIGHBOURS = 8  # beyond that: neighbours on the sorted line
_VERIFIED_AT_ONCE = 400_000  # characters
_COMPARED_AT_ONCE = 500_000  # pairs of signatures; 80 bytes each, twice


class Search:
    """Looks for near pairs among texts, each in its normal form and each once.

    What is found depends on the texts and their order alone; ``near.py`` gives them in an
    order that depends on the texts alone. Of texts of different ``kinds`` none is near another.
    """

    def __init__(
        self,
        normals: Sequence[str],
        similarity: float,
        progress: Progress | None,
        kinds: NDArray[np.uint64] | None = None,
    ) -> None:
        import numpy as np

        self._normals = normals
        self._similarity = similarity
        self._progress = progress
        self._kinds = kinds
        self._steps = 0
        self._signed = self._sign()
        # Where each text stands on the sorted line of each band.
        self._standing = np.empty((BANDS, len(normals)), np.int32)

    def pairs(self, worth: Worth) -> Iterator[tuple[int, int, float]]:
        """Positions and similarity of every pair that is near enough; a pair may come twice.

        Args:
            worth: asked of many pairs at once, each time before they are looked at, which
                of them are worth it.
        """
        for band in range(BANDS):
            for left, right in self._beside(band):
                asked = worth(left, right)
                if self._kinds is not None:
                    asked &= self._kinds[left] == self._kinds[right]
                left, right = self._alike(left[asked], right[asked])
                left, right = self._unseen(band, left, right)
                yield from self._verified(left, right)
            if self._progress:
                self._progress(self._steps + band + 1, self._steps + BANDS)

    def _sign(self) -> Signatures:
        """The signatures of all texts, chunk by chunk."""
        import numpy as np

        places = np.empty((len(self._normals), PLACES), np.uint8)
        bands = np.empty((BANDS, len(self._normals)), np.uint32)
        ranges = list(chunks(self._normals))
        for step, (first, end) in enumerate(ranges, start=1):
            some = signatures(*shingles(self._normals[first:end]))
            places[first:end] = some.places
            bands[:, first:end] = some.bands
            if self._progress:
                self._progress(step, len(ranges) + BANDS)
        self._steps = len(ranges)
        if self._kinds is not None:  # so that bands are shared within a kind only
            bands ^= (self._kinds & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        return Signatures(places, bands)

    def _beside(self, band: int) -> Iterator[tuple[Positions, Positions]]:
        """Pairs whose numbers in the band are equal, in arrays of bounded length.

        Texts are sorted by the band and, where many are equal, by the bands that follow: near
        texts share several and so come to stand beside each other.
        """
        import numpy as np

        bands = self._signed.bands
        following = [bands[(band + offset) % BANDS] for offset in (3, 2, 1)]
        order = np.lexsort((*following, bands[band]))  # stable: equal ones keep their order
        self._standing[band, order] = np.arange(len(order), dtype=np.int32)
        keys = bands[band][order]
        starts = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
        sizes = np.diff(np.append(starts, len(keys)))
        size = np.repeat(sizes, sizes)
        rank = np.arange(len(keys)) - np.repeat(starts, sizes)
        reach = np.where(size <= _ALL_PAIRS, _ALL_PAIRS, _NEIGHBOURS)
        for step in range(1, _ALL_PAIRS):
            one = np.flatnonzero((rank + step < size) & (step <= reach))
            for first in range(0, len(one), _COMPARED_AT_ONCE):
                some = one[first : first + _COMPARED_AT_ONCE]
                yield order[some], order[some + step]

    def _alike(self, left: Positions, right: Positions) -> tuple[Positions, Positions]:
        """The pairs whose signatures do not rule the similarity out.

        The estimate has a standard deviation of ``sqrt(s (1 - s) / 80)``; at two of them below
        the threshold, one in forty of the pairs exactly at it is lost, and of pairs at 0.85 for
        a threshold of 0.8 one in five thousand.
        """
        import numpy as np

        places = self._signed.places
        least = self._similarity - 2 * (self._similarity * (1 - self._similarity) / PLACES) ** 0.5
        equal = np.count_nonzero(places[left] == places[right], axis=1)
        likely = equal >= least * PLACES
        return left[likely], right[likely]

    def _unseen(self, band: int, left: Positions, right: Positions) -> tuple[Positions, Positions]:
        """The pairs that did not stand beside each other in a band before."""
        import numpy as np

        seen = np.zeros(len(left), bool)
        for earlier in range(band):
            numbers, standing = self._signed.bands[earlier], self._standing[earlier]
            close = np.abs(standing[left] - standing[right]) <= _NEIGHBOURS
            seen |= close & (numbers[left] == numbers[right])
        return left[~seen], right[~seen]

    def _verified(self, left: Positions, right: Positions) -> Iterator[tuple[int, int, float]]:
        """The pairs that really are as similar, with their similarity."""
        import numpy as np

        if not len(left):
            return
        normals = self._normals
        lengths = [
            len(normals[one]) + len(normals[other])
            for one, other in zip(left.tolist(), right.tolist(), strict=True)
        ]
        sizes = np.cumsum(lengths)
        cuts = np.searchsorted(sizes, np.arange(_VERIFIED_AT_ONCE, sizes[-1], _VERIFIED_AT_ONCE))
        ends = np.unique([*cuts[cuts > 0], len(left)]).tolist()
        for first, end in zip([0, *ends], ends, strict=False):
            ones, others = left[first:end].tolist(), right[first:end].tolist()
            scores = jaccard([normals[at] for at in ones], [normals[at] for at in others])
            for at in np.flatnonzero(scores >= self._similarity).tolist():
                yield ones[at], others[at], float(scores[at])
