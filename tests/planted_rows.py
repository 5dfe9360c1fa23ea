"""Rows made from the few examples: with strangers among them, and with any number of labels."""

from __future__ import annotations

import itertools

from tests.conftest import EXAMPLES


def rows_with_strangers() -> list[dict[str, object]]:
    """Rows of three labels, and some about none of them."""
    rows: list[dict[str, object]] = [
        {"text": f"{one}, {other}", "label": label}
        for label, texts in EXAMPLES.items()
        for one, other in itertools.combinations(texts, 2)
    ]
    stars = ("moon", "sun", "sea", "wind", "rain")
    asked = itertools.product(("how old is the", "who named the"), stars)
    return rows + [{"text": " ".join(words), "label": "oos"} for words in asked]


def rows_of_several() -> list[dict[str, object]]:
    """Rows with one label, with two, with none."""
    rows: list[dict[str, object]] = [
        {"text": f"{one}, {other}", "labels": sorted({mine, theirs})}
        for mine, theirs in itertools.combinations_with_replacement(EXAMPLES, 2)
        for one, other in zip(EXAMPLES[mine], reversed(EXAMPLES[theirs]), strict=True)
    ]
    return rows + [{"text": f"number {n} street {n}", "labels": []} for n in range(10)]
