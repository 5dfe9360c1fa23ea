"""The tables of a comparison as text: on a screen, on its page and in its Markdown alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aprendiz.evaluation.compare import Change, Score
from aprendiz.evaluation.compare_verdict import in_time
from aprendiz.report.comparison import BATCH, Compared, Comparison, Latency
from aprendiz.report.style import rows, span


@dataclass(frozen=True, slots=True)
class Table:
    """A heading, the names of the columns, the rows, and what has to be known to read them."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str


def tables(told: Comparison) -> list[Table]:
    """What each is worth, what each costs, and the differences."""
    found = [_scores(told), _costs(told)]
    if told.pairs:
        found.append(_pairs(told))
    if told.failed:
        found.append(_failed(told))
    return found


def remarks(told: Comparison) -> list[str]:
    """Sentences that belong under the verdict."""
    said = [f"note: {each}" for each in told.verdict.notes]
    if told.stopped:
        said.append(f"stopped: {told.stopped}")
    if told.not_run:
        said.append(f"not trained: {', '.join(told.not_run)}")
    return said


def machine_in_words(told: Comparison) -> str:
    """What everything was measured on."""
    known = list(dict.fromkeys(each.device for each in told.methods))
    # "CPU" says nothing beside "CPU, 2 threads".
    devices = [one for one in known if not any(o != one and o.startswith(one) for o in known)]
    return (
        f"{told.machine['processor']}, {told.machine['cores']} cores, {told.machine['system']}; "
        f"learnt on {' and '.join(devices)}"
    )


def markdown(told: Comparison) -> str:
    """The whole comparison as Markdown."""
    parts = [f"# {_safe(told.title)}: which method", told.verdict.sentence]
    if said := remarks(told):
        parts.append("\n".join(f"- {each}" for each in said))
    parts.append(f"{told.source} Trained with {_seeds(told)}.")
    for table in tables(told):
        parts += [f"## {table.title}", _markdown_table(table), table.note]
    return "\n\n".join(parts) + "\n"


def bytes_in_words(count: int) -> str:
    """181203412 → ``181 MB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            value = count / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return f"{count} B"


def ms_in_words(ms: float) -> str:
    """0.4213 → ``0.42 ms``, 81.3 → ``81 ms``, 1143 → ``1.1 s``."""
    if ms >= 995:
        return f"{ms / 1000:.1f} s" if ms < 9_950 else f"{ms / 1000:.0f} s"
    return f"{ms:.0f} ms" if ms >= 9.95 else f"{ms:.2g} ms" if ms < 0.995 else f"{ms:.1f} ms"


def _scores(told: Comparison) -> Table:
    several = len(told.seeds) > 1
    note = (
        f"On the same {rows(told.data['test'])}; 95 % intervals in brackets. Calibration error: "
        "mean gap between confidence and accuracy, lower is better."
    )
    if several:
        note += (
            f" Means over {len(told.seeds)} trainings; in square brackets the lowest and the "
            "highest of them."
        )
    return Table(
        "What each is worth",
        ("method", "accuracy", "macro F1", "calibration error"),
        tuple(
            (
                each.name,
                _score(each.accuracy, each),
                _score(each.macro_f1, each),
                _score(each.ece, each),
            )
            for each in told.methods
        ),
        note,
    )


def _costs(told: Comparison) -> Table:
    head: tuple[str, ...] = ("method", "training", "model", "one text", f"{BATCH} texts", "memory")
    lines: tuple[tuple[str, ...], ...] = tuple(
        (
            each.name,
            _training(each),
            bytes_in_words(each.model_bytes),
            _latency(each.one),
            _latency(each.many),
            bytes_in_words(each.peak_memory) if each.peak_memory is not None else "–",
        )
        for each in told.methods
    )
    if any(each.price is not None for each in told.methods):
        prices = ("–" if each.price is None else f"{each.price:.2f}" for each in told.methods)
        head = (*head, "price")
        lines = tuple((*line, price) for line, price in zip(lines, prices, strict=True))
    notes = list(dict.fromkeys(each.price_note for each in told.methods))
    note = (
        "Latency: median, then what 95 of 100 calls stay under, after warm-up. Memory: the most "
        "a training process had, libraries included. "
        f"Price: {'; '.join(notes)}. Measured on {machine_in_words(told)}."
    )
    return Table("What each costs", head, lines, note)


def _pairs(told: Comparison) -> Table:
    lines = tuple(
        (
            f"{pair.second} − {pair.first}",
            _change(pair.accuracy),
            _p(pair.accuracy.p_holm),
            _change(pair.macro_f1),
            _p(pair.macro_f1.p_holm),
            f"{pair.smallest:.3f}",
        )
        for pair in told.pairs
    )
    head = ("difference", "accuracy", "p", "macro F1", "p", "would show")
    note = (
        "p: exact McNemar test for accuracy, paired bootstrap for macro F1, each corrected for "
        "all pairs (Holm). Would show: the smallest true difference in accuracy that rows like "
        "these show four times of five."
    )
    return Table("Differences on the same rows", head, lines, note)


def _failed(told: Comparison) -> Table:
    return Table(
        "Not done",
        ("method", "seed", "why", "what to do"),
        tuple((each.name, str(each.seed), each.message, each.hint) for each in told.failed),
        "",
    )


def _score(score: Score, each: Compared) -> str:
    several = f" [{score.least:.3f}–{score.most:.3f}]" if len(each.seeds) > 1 else ""
    return f"{score.mean:.3f} ({span(score.ci)}){several}"


def _change(change: Change) -> str:
    low, high = change.ci
    return f"{change.value:+.3f} ({low:+.3f} to {high:+.3f})"


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _training(each: Compared) -> str:
    if len(each.seeds) == 1:
        return in_time(each.seconds.mean)
    return (
        f"{in_time(each.seconds.mean)} ({in_time(each.seconds.least)}–{in_time(each.seconds.most)})"
    )


def _latency(told: Latency) -> str:
    return f"{ms_in_words(told.median_ms)} ({ms_in_words(told.p95_ms)})"


def _seeds(told: Comparison) -> str:
    numbers = ", ".join(map(str, told.seeds))
    return f"seed {numbers}" if len(told.seeds) == 1 else f"seeds {numbers}"


def _markdown_table(table: Table) -> str:
    lines: Sequence[Sequence[str]] = (table.head, ["---"] * len(table.head), *table.rows)
    return "\n".join(f"| {' | '.join(map(_safe, line))} |" for line in lines)


def _safe(text: str) -> str:
    """A text that cannot end a cell of a table."""
    return " ".join(text.replace("|", "\\|").split())
