"""Drawing an exact number of rows, each label in its share, the same for the same seed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from aprendiz.data.records import Example
from aprendiz.data.split import rank


def draw(
    rows: Sequence[Example], count: int, seed: int
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Draw rows and say which are left over.

    Every label gets its share of ``count`` by largest remainder, and at least one row.
    Rows that say the same text as a drawn one (letter case and spacing aside) are in
    neither part, so that no text can be drawn for training and again for measuring.

    Args:
        rows: what to draw from.
        count: rows to draw; all of them if there are fewer distinct texts.
        seed: fixes the draw.

    Returns:
        The drawn rows and the rest, both in the order of ``rows``.

    Raises:
        ValueError: ``count`` is less than one row for each label.
    """
    by_label: dict[str, list[int]] = defaultdict(list)
    seen: set[str] = set()
    for position, row in enumerate(rows):
        if (text := _plain(row.text)) not in seen:
            seen.add(text)
            by_label[row.label].append(position)
    shares = _shares({label: len(found) for label, found in by_label.items()}, count)
    drawn: set[int] = set()
    for label in sorted(by_label):
        # Ranked by content: one more row moves no other, and neither does a shuffled file.
        order = sorted(by_label[label], key=lambda position: rank(rows[position].text, seed))
        drawn.update(order[: shares[label]])
    taken = {_plain(rows[position].text) for position in drawn}
    rest = (row for row in rows if _plain(row.text) not in taken)
    return tuple(rows[position] for position in sorted(drawn)), tuple(rest)


def _shares(sizes: dict[str, int], count: int) -> dict[str, int]:
    """How many rows of each label make ``count`` together (Hamilton's method, at least one each)."""
    total = sum(sizes.values())
    if count >= total:
        return sizes
    if count < len(sizes):
        raise ValueError(f"{count} rows are less than one for each of {len(sizes)} labels")
    exact = {label: count * size / total for label, size in sizes.items()}
    shares = {label: max(1, int(share)) for label, share in exact.items()}
    by_remainder = sorted(exact, key=lambda label: (shares[label] - exact[label], label))
    missing = count - sum(shares.values())
    for label in by_remainder[: max(0, missing)]:
        shares[label] += 1
    while sum(shares.values()) > count:  # rare labels, lifted to one row, took too many
        shares[max(shares, key=lambda label: (shares[label], label))] -= 1
    return shares


def _plain(text: str) -> str:
    return " ".join(text.casefold().split())
