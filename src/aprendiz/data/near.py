"""Which texts say the same: exact copies, copies in other spelling, and near duplicates.

Two texts are near when they share at least ``similarity`` of their four-character
pieces (Jaccard), after case, accents, punctuation and spacing are folded away. Candidates
come from MinHash with banding (``shingles.py``) and every one is verified exactly, so
nothing is called near that is not; of the pairs right at the threshold about one in forty
is missed, of closer ones hardly any.

What belongs together depends on the texts alone, never on their order. Where more than
sixteen are candidates of each other they are compared along a sorted line instead of pair by
pair, so that a million sentences made from one template do not take a million million
comparisons.

Where texts are of different kinds, which words alone do not tell (questions with other numbers
in them), only those of one kind are compared.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aprendiz.data.candidates import Progress, Search
from aprendiz.data.shingles import digest, normal_form

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from aprendiz.data.candidates import Positions

__all__ = ["Link", "Pair", "Progress", "clusters", "links", "near_pairs", "normal_form"]


@dataclass(frozen=True, slots=True)
class Pair:
    """A text of the left side and the text of the right side that is closest to it.

    Attributes:
        left: position on the left side.
        right: position on the right side; the first of equally close ones.
        similarity: 1.0 when they differ at most in case, accents, punctuation and spacing.
    """

    left: int
    right: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Link:
    """A text and the one that ties it to its cluster.

    Attributes:
        index: position of the text.
        other: position of a text that is near it itself, not over others.
        similarity: 1.0 when they differ at most in case, accents, punctuation and spacing.
    """

    index: int
    other: int
    similarity: float


@dataclass(frozen=True)
class _Distinct:
    """Normal forms, each once, in an order that depends on nothing but what they are.

    Attributes:
        normals: the normal forms, by their digest.
        member: for each text given, the position of its normal form.
        first: for each normal form, the first text given that has it.
        kinds: for each normal form, 64 bits that stand for its kind; ``None`` if all are of one.
    """

    normals: list[str]
    member: NDArray[np.int64]
    first: NDArray[np.int64]
    kinds: NDArray[np.uint64] | None = None

    @classmethod
    def of(cls, texts: Sequence[str], kinds: Sequence[str] | None = None) -> _Distinct:
        import numpy as np

        digests = np.fromiter((digest(normal_form(text)) for text in texts), np.uint64, len(texts))
        of_kind = None
        if kinds is not None:
            of_kind = np.fromiter(map(digest, kinds), np.uint64, len(kinds))
            digests ^= of_kind * np.uint64(0x9E3779B97F4A7C15)
        _, first, member = np.unique(digests, return_index=True, return_inverse=True)
        normals = [normal_form(texts[at]) for at in first]
        return cls(normals, member, first, None if of_kind is None else of_kind[first])


def clusters(
    texts: Sequence[str],
    *,
    similarity: float = 0.8,
    progress: Progress | None = None,
    kinds: Sequence[str] | None = None,
) -> list[int]:
    """Put texts that are near each other, directly or over others, into one cluster.

    Args:
        texts: any texts, in any order.
        similarity: Jaccard similarity from which two texts belong together, 0.5 to 1.
        progress: told of every step; the total is in steps of no particular size.
        kinds: of each text; texts of different kinds are never near. All are of one if not
            given.

    Returns:
        The cluster number of each text. Numbers count up from 0 in the order in which the
        clusters first appear; which texts share one does not depend on the order of ``texts``.

    Raises:
        ValueError: the similarity is out of range.
    """
    import numpy as np

    _in_range(similarity)
    if not texts:
        return []
    distinct = _Distinct.of(texts, kinds)
    parent = np.arange(len(distinct.normals))
    for _ in _forest(distinct, parent, similarity, progress):
        pass
    roots = parent[distinct.member]
    _, first, number = np.unique(roots, return_index=True, return_inverse=True)
    by_appearance = np.empty(len(first), np.int64)
    by_appearance[np.argsort(first)] = np.arange(len(first))
    numbers: list[int] = by_appearance[number].tolist()
    return numbers


def links(
    texts: Sequence[str],
    *,
    similarity: float = 0.8,
    progress: Progress | None = None,
    kinds: Sequence[str] | None = None,
) -> Iterator[Link]:
    """What :func:`clusters` finds, told text by text.

    Every text of a cluster but the first has one link, to a text that is near it itself;
    following links leads to the first. By position of the text.

    Raises:
        ValueError: the similarity is out of range.
    """
    import numpy as np

    _in_range(similarity)
    if not texts:
        return
    distinct = _Distinct.of(texts, kinds)
    beside: dict[int, list[tuple[int, float]]] = {}
    parent = np.arange(len(distinct.normals))
    for one, other, score in _forest(distinct, parent, similarity, progress):
        beside.setdefault(one, []).append((other, score))
        beside.setdefault(other, []).append((one, score))
    first: list[int] = distinct.first.tolist()
    tied: dict[int, tuple[int, float]] = {}
    for start in sorted(beside, key=first.__getitem__):
        if start not in tied:
            tied[start] = (start, 1.0)
            waiting = [start]
            for normal in waiting:  # grows while it is walked: breadth first
                for other, score in beside[normal]:
                    if other not in tied:
                        tied[other] = (normal, score)
                        waiting.append(other)
    for index, normal in enumerate(distinct.member.tolist()):
        if index != first[normal]:
            yield Link(index, first[normal], 1.0)
        elif tied.get(normal, (normal,))[0] != normal:
            other, score = tied[normal]
            yield Link(index, first[other], score)


def near_pairs(
    left: Sequence[str],
    right: Sequence[str],
    *,
    similarity: float = 0.8,
    progress: Progress | None = None,
    kinds: tuple[Sequence[str], Sequence[str]] | None = None,
) -> Iterator[Pair]:
    """For each text of the left side that has a near one on the right, the closest.

    Args:
        left: such as held-out texts.
        right: such as the texts that were learnt.
        similarity: Jaccard similarity from which two texts are near, 0.5 to 1.
        progress: told of every step; the total is in steps of no particular size.
        kinds: of the texts on the left and of those on the right; texts of different kinds
            are never near. All are of one if not given.

    Returns:
        The pairs, by position on the left. Exact copies and copies in other spelling are
        among them, with similarity 1.

    Raises:
        ValueError: the similarity is out of range.
    """
    import numpy as np

    _in_range(similarity)
    if not left or not right:
        return
    distinct = _Distinct.of([*left, *right], [*kinds[0], *kinds[1]] if kinds else None)
    member_left, member_right = distinct.member[: len(left)], distinct.member[len(left) :]
    where: dict[int, int] = {}  # normal form to its first text on the right
    for at, normal in enumerate(member_right.tolist()):
        where.setdefault(normal, at)
    best: dict[int, tuple[float, int]] = {normal: (-1.0, at) for normal, at in where.items()}
    on_left = np.zeros(len(distinct.normals), bool)
    on_right = on_left.copy()
    on_left[member_left] = True
    on_right[member_right] = True
    wanted = on_left & ~on_right  # the others have a copy on the right already

    def across(one: Positions, other: Positions) -> NDArray[np.bool_]:
        return (wanted[one] & on_right[other]) | (wanted[other] & on_right[one])

    search = Search(distinct.normals, similarity, progress, distinct.kinds)
    for one, other, score in search.pairs(across):
        here, there = (one, other) if wanted[one] else (other, one)
        found = (-score, where[there])
        best[here] = min(best.get(here, found), found)
    for at, normal in enumerate(member_left.tolist()):
        if normal in best:
            yield Pair(at, best[normal][1], -best[normal][0])


def _in_range(similarity: float) -> None:
    if not 0.5 <= similarity <= 1:
        raise ValueError(f"similarity {similarity} is not between 0.5 and 1")


def _forest(
    distinct: _Distinct,
    parent: NDArray[np.int64],
    similarity: float,
    progress: Progress | None,
) -> Iterator[tuple[int, int, float]]:
    """Near pairs that together tie every cluster, no more of them than it takes.

    ``parent`` (every text its own at first) points at one text of each cluster at the end.
    """

    def apart(left: Positions, right: Positions) -> NDArray[np.bool_]:
        _flatten(parent)
        return parent[left] != parent[right]

    search = Search(distinct.normals, similarity, progress, distinct.kinds)
    for one, other, score in search.pairs(apart):
        if _join(parent, one, other):
            yield one, other, score
    _flatten(parent)


def _join(parent: NDArray[np.int64], one: int, other: int) -> bool:
    """Give two texts the same root, the lower one; says whether they had two before."""
    roots = []
    for at in (one, other):
        while (above := int(parent[at])) != at:
            parent[at] = parent[above]
            at = above
        roots.append(at)
    parent[max(roots)] = min(roots)
    return roots[0] != roots[1]


def _flatten(parent: NDArray[np.int64]) -> None:
    """Let every text point at its root directly."""
    while ((above := parent[parent]) != parent).any():
        parent[:] = above
