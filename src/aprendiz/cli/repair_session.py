"""The course of a repair: which row is shown, what a key does to it, what is undone.

Knows nothing of terminals, so that a test can press keys; ``repair_screen.py`` draws it.
Every decision is on disk before the next key is read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aprendiz.data.doubtful import Doubtful
from aprendiz.data.repair import Action, Decision, Patch


@dataclass
class Choosing:
    """A label being picked from all there are.

    Attributes:
        typed: what narrows the list.
        at: the line of the list that is marked.
    """

    typed: str = ""
    at: int = 0


@dataclass
class RepairSession:
    """One sitting.

    Attributes:
        candidates: the rows to look at, worst first.
        labels: every label there is.
        patch: the decisions.
        at: position of the row shown; past the end when all are done.
        choosing: the list of labels, while one is being picked.
        said: what the last key did, for the last line of the screen.
        over: the user has left.
    """

    candidates: Sequence[Doubtful]
    labels: Sequence[str]
    patch: Patch
    at: int = 0
    choosing: Choosing | None = None
    said: str = ""
    over: bool = False
    _done: list[tuple[int, Decision | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._go_on(0)

    @property
    def shown(self) -> Doubtful | None:
        """The row to decide about; ``None`` when there is none left."""
        return self.candidates[self.at] if self.at < len(self.candidates) else None

    @property
    def decided(self) -> int:
        """How many of the rows have a decision."""
        return sum(self.patch.about(each.text, each.label) is not None for each in self.candidates)

    @property
    def offered(self) -> list[str]:
        """The labels that one key each picks: the suggested one, then likely others."""
        row = self.shown
        if row is None:
            return []
        likely = [row.suggested, *(label for label, _ in row.choices)]
        return [each for each in dict.fromkeys(likely) if each and each != row.label][:9]

    @property
    def matching(self) -> list[str]:
        """The labels that hold what was typed, those that begin with it first."""
        typed = self.choosing.typed.casefold() if self.choosing else ""
        found = [label for label in self.labels if typed in label.casefold()]
        return sorted(found, key=lambda label: (not label.casefold().startswith(typed), label))

    def press(self, key: str) -> None:
        """Do what a key says."""
        self.said = ""
        if self.choosing is not None:
            self._choose(key)
        elif key in ("q", "end"):
            self.over = True
        elif key == "u":
            self._undo()
        elif (row := self.shown) is None:
            self.over = key == "enter"
        else:
            self._decide(key, row)

    def _decide(self, key: str, row: Doubtful) -> None:
        if key == "k":
            self._take(row, "keep" if row.label else "ignore")
        elif key == "d":
            self._take(row, "drop" if row.label else "ignore")
        elif key == "enter" and row.suggested:
            self._label(row, row.suggested)
        elif key.isdecimal() and 0 < int(key) <= len(self.offered):
            self._label(row, self.offered[int(key) - 1])
        elif key == "c":
            self.choosing = Choosing()
        elif key in ("space", "s"):
            self._done.append((self.at, None))
            self.said = "skipped; it comes again next time"
            self._go_on(self.at + 1)
        elif key == "enter":
            self.said = "nothing is suggested here: k keeps the label, c chooses another"

    def _choose(self, key: str) -> None:
        assert self.choosing is not None
        found = self.matching
        if key == "escape":
            self.choosing = None
        elif key == "enter" and found and self.shown is not None:
            label = found[min(self.choosing.at, len(found) - 1)]
            self.choosing = None
            self._label(self.shown, label)
        elif key in ("down", "tab"):
            self.choosing.at = min(self.choosing.at + 1, max(0, len(found) - 1))
        elif key == "up":
            self.choosing.at = max(0, self.choosing.at - 1)
        elif key == "backspace":
            self.choosing = Choosing(self.choosing.typed[:-1])
        elif key == "space" or (len(key) == 1 and key.isprintable()):
            self.choosing = Choosing(self.choosing.typed + (" " if key == "space" else key))

    def _label(self, row: Doubtful, label: str) -> None:
        if label == row.label:
            self._take(row, "keep")
        else:
            self._take(row, "relabel" if row.label else "add", label)

    def _take(self, row: Doubtful, action: Action, to: str = "") -> None:
        decision = Decision(action, row.text, row.label, to, row.line)
        self.patch.decide(decision)
        self._done.append((self.at, decision))
        self.said = _in_words(decision)
        self._go_on(self.at + 1)

    def _undo(self) -> None:
        if not self._done:
            self.said = "there is nothing to undo in this sitting"
            return
        self.at, decision = self._done.pop()
        if decision is not None:
            self.patch.withdraw(decision)
        self.said = "undone"

    def _go_on(self, at: int) -> None:
        """Show the next row without a decision."""
        while at < len(self.candidates) and self.patch.about(
            self.candidates[at].text, self.candidates[at].label
        ):
            at += 1
        self.at = at


def _in_words(decision: Decision) -> str:
    what = {
        "keep": f"kept {decision.label}",
        "relabel": f"{decision.label} → {decision.to}",
        "drop": "dropped",
        "add": f"added as {decision.to}",
        "ignore": "not added",
    }[decision.action]
    where = f"line {decision.line}" if decision.line else "new text"
    return f"{where}: {what}"
