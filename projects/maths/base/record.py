"""What is written down while the base model learns: the log, and the curve drawn from it."""

from __future__ import annotations

import json
import time
from pathlib import Path


class Log:
    """``log.jsonl``: one line every 50 steps, and one for each measurement."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")
        self._started = time.perf_counter()
        self._losses: list[float] = []
        self._tokens = 0

    def step(self, number: int, loss: float, tokens: int) -> None:
        self._losses.append(loss)
        self._tokens += tokens
        if number % 50 == 0:
            self.write(step=number, loss=sum(self._losses) / len(self._losses))
            self._losses = []

    def write(self, **values: float) -> None:
        values |= {"tokens": self._tokens, "seconds": time.perf_counter() - self._started}
        rounded = {name: round(value, 5) for name, value in values.items()}
        self._file.write(json.dumps(rounded) + "\n")
        self._file.flush()

    def summary(self, steps: int) -> dict[str, float]:
        seconds = time.perf_counter() - self._started
        return {"steps": steps, "tokens": self._tokens, "seconds": round(seconds)}


def draw_curve(log: Path, picture: Path) -> None:
    """Loss against tokens, and the share of right answers where it was measured."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    losses = [(row["tokens"] / 1e6, row["loss"]) for row in rows if "loss" in row]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.2), layout="constrained")
    left.plot(*zip(*losses, strict=True), color="#2f6690")
    left.set(xlabel="million tokens", ylabel="loss at the answers (nats a token)", yscale="log")
    for kind, colour in (("known", "#2f6690"), ("unseen", "#d1495b")):
        points = [(row["tokens"] / 1e6, 100 * row[kind]) for row in rows if kind in row]
        if points:
            right.plot(*zip(*points, strict=True), marker="o", color=colour, label=kind)
    right.set(xlabel="million tokens", ylabel="exact match (%)", ylim=(-3, 103))
    right.legend(frameon=False)
    figure.savefig(picture, dpi=110)
    pyplot.close(figure)
