"""The dataset that chat methods learn from: conversations in three frozen parts."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from aprendiz.data.chat.records import Conversation


@dataclass(frozen=True)
class ChatDataset:
    """Conversations in up to three parts.

    Attributes:
        train: conversations to learn from, never empty.
        validation: conversations that may choose a checkpoint; may be empty.
        test: conversations kept for measuring, seen by no method; may be empty.
        split: how the parts came about, in one sentence for people.
    """

    train: tuple[Conversation, ...]
    validation: tuple[Conversation, ...] = ()
    test: tuple[Conversation, ...] = ()
    split: str = "as given"

    @property
    def labels(self) -> tuple[str, ...]:
        """No labels: an answer is a text of its own. For code that asks every dataset."""
        return ()

    @cached_property
    def counts(self) -> dict[str, int]:
        """Training conversations of each ``concept``, most first; empty where none is given."""
        concepts = (each.field("concept") for each in self.train)
        return dict(Counter(str(each) for each in concepts if each is not None).most_common())

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over every conversation of every part, in order, as hex.

        Messages, tools and further fields count; file and line do not.
        """
        digest = hashlib.sha256()
        for name, part in (
            ("train", self.train),
            ("validation", self.validation),
            ("test", self.test),
        ):
            digest.update(f"\x1d{name}".encode())
            for each in part:
                row = json.dumps(each.as_dict(), sort_keys=True)
                digest.update(f"\x1e{row}".encode())
        return digest.hexdigest()
