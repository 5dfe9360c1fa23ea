"""A small real classifier for the serving tests: the label is the number word in the text.

Run as a program it serves itself with the real server, for tests that send signals:
``python -m tests.api.keyword_model [seconds a prediction takes] [seconds loading takes]``;
a negative loading time ends in a damaged folder.
"""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from aprendiz.interfaces import Prediction

LABELS = tuple(f"label{number:02d}" for number in range(64))


class KeywordModel:
    """``label07`` in the text gives ``label07`` with 0.9; nothing known gives an even spread."""

    labels = LABELS
    name = "keywords"
    version = "0123456789ab"
    threshold = 0.5

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds
        self.texts: list[str] = []
        self.threads: set[str] = set()

    def predict(self, texts: Sequence[str], threshold: float | None = None) -> list[Prediction]:
        self.texts += texts
        self.threads.add(threading.current_thread().name)
        if self.seconds:
            time.sleep(self.seconds)
        limit = self.threshold if threshold is None else threshold
        return [self._answer(text, limit) for text in texts]

    def _answer(self, text: str, limit: float) -> Prediction:
        if "explode" in text:
            raise RuntimeError(f"cannot cope with {text}")
        found = re.search(r"label\d\d", text)
        best = found.group() if found else LABELS[0]
        sure = 0.9 if found else 1 / len(LABELS)
        rest = (1 - sure) / (len(LABELS) - 1)
        scores = {best: sure} | {label: rest for label in LABELS if label != best}
        if "nan" in text.split():
            sure = float("nan")
        if "stranger" in text:
            return Prediction(text, best, sure, scores, "out_of_scope", 0.01, (best,))
        decision = "answer" if sure >= limit else "needs_clarification"
        return Prediction(text, best, sure, scores, decision)


if __name__ == "__main__":
    from aprendiz.errors import ModelFolderError
    from aprendiz.serving.server import serve
    from aprendiz.settings import Settings

    per_text, loading = (float(value) for value in [*sys.argv[1:3], "0", "0"][:2])

    def load(folder: Path) -> KeywordModel:
        time.sleep(abs(loading))
        if loading < 0:
            raise ModelFolderError("the folder is damaged", "train again")
        return KeywordModel(per_text)

    serve(
        Path(__file__).parent,
        "127.0.0.1",
        0,
        settings=Settings(_env_file=None),
        load=load,
        say=lambda line: print(line, file=sys.stderr, flush=True),
        drain_seconds=0.5,
    )
