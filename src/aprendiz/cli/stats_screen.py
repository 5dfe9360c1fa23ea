"""The page of ``aprendiz data stats``: at most some forty lines, whatever the file."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from aprendiz.report.style import columns, elide, percent, rows

if TYPE_CHECKING:
    from aprendiz.data.stats.chats import ChatStatistics
    from aprendiz.data.stats.fields import Concept, FieldValues
    from aprendiz.data.stats.lengths import Lengths
    from aprendiz.data.stats.text_values import (
        Copies,
        FileRows,
        Label,
        TextStatistics,
        Vocabulary,
    )

_FILES_SHOWN = 3
_COMMON_SHOWN, _RARE_SHOWN = 8, 4
_NEAREST_SHOWN = 5
_LANGUAGES_SHOWN = 4
_ANSWERS_SHOWN = 3
_VALUES_SHOWN = 4
_CONCEPTS_SHOWN = 16
_BAR = 16
_LABEL = 28
_NARROWEST, _WIDEST = 60, 140


def lines(described: TextStatistics | ChatStatistics) -> Iterator[str]:
    """The lines of the page, none wider than the terminal."""
    from aprendiz.data.stats.chats import ChatStatistics

    width = max(_NARROWEST, min(_WIDEST, shutil.get_terminal_size((100, 24)).columns))
    page = _chats(described) if isinstance(described, ChatStatistics) else _texts(described)
    for line in page:
        yield line if columns(line) <= width else f"{line[: width - 1].rstrip()}…"


def _texts(told: TextStatistics) -> Iterator[str]:
    yield from _files(told.files, "rows")
    yield ""
    yield f"labels      {_balance(told)}"
    yield f"languages   {_languages(told.languages, told.rows)}"
    yield f"vocabulary  {_vocabulary(told.vocabulary)}"
    yield f"copies      {_copies(told.copies)}"
    yield ""
    yield from _length_table(told.lengths, f"counted by: {told.tokens}")
    yield ""
    yield from _label_table(told.labels)
    if told.nearest:
        yield ""
        yield "NEAREST LABELS (1.00: the same words equally often)"
        for pair in told.nearest[:_NEAREST_SHOWN]:
            names = f"{elide(pair.left, _LABEL)} ~ {elide(pair.right, _LABEL)}"
            yield f"  {pair.similarity:.2f}  {names}: {', '.join(pair.shared)}"


def _chats(told: ChatStatistics) -> Iterator[str]:
    yield from _files(told.files, "conversations")
    yield ""
    turns = told.turns
    yield (
        f"turns       of the user: half have {turns.p50:,}, 99 % at most {turns.p99:,}, "
        f"the longest {turns.longest:,}; {told.messages:,} messages in all"
    )
    if told.system:
        yield f"system      {told.systems:,} different; {told.system.conversations:,} × {told.system.text}"
    often = ", ".join(
        f"{each.conversations:,} × {elide(each.text, 34)}"
        for each in told.common_answers[:_ANSWERS_SHOWN]
    )
    yield f"answers     {told.answers:,} different{f'; {often}' if often else ''}"
    if told.with_tools or told.not_learnt:
        yield (
            f"special     {told.with_tools:,} conversations with tools, "
            f"{told.not_learnt:,} assistant messages of weight 0"
        )
    yield f"languages   {_languages(told.languages, told.rows)}"
    yield f"vocabulary  {_vocabulary(told.vocabulary)}"
    yield f"copies      {_counted_copies(told.repeated, told.near, 'conversation')}"
    for each in told.fields:
        if each.name != "concept":
            yield f"{elide(each.name, 11):<12}{_values(each)}"
    yield ""
    yield "TOKENS            number   share    half    90 %    99 %   longest"
    for role in told.roles:
        yield _length_line(role.name, f"{role.messages:>9,} {percent(role.share):>7}", role.tokens)
    yield _length_line("conversation", f"{told.rows:>9,} {'':>7}", told.lengths)
    yield f"  counted by: {told.tokens}"
    if told.concepts:
        yield ""
        yield from _concept_table(told.concepts)
    if told.topics:
        yield ""
        yield "WHAT USERS SPEAK OF (groups of texts with like words)"
        for topic in told.topics:
            bar = _bar(topic.rows, told.topics[0].rows)
            yield f"  {topic.rows:>7,}  {bar}  {', '.join(topic.words)}"
    if told.keywords:
        yield ""
        yield f"keywords    {', '.join(each.word for each in told.keywords)}"


def _values(field: FieldValues) -> str:
    """The commonest values of a field and how often they come."""
    said = ", ".join(f"{value} {count:,}" for value, count in field.values[:_VALUES_SHOWN])
    more = len(field.values) - _VALUES_SHOWN
    return f"{said} and {more} more" if more > 0 else said


def _concept_table(concepts: Sequence[Concept]) -> Iterator[str]:
    """The commonest concepts: how many conversations, how long an answer, and their words."""
    shown = concepts[:_CONCEPTS_SHOWN]
    names = [elide(each.name, _LABEL) for each in shown]
    wide = max(7, *map(columns, names))
    yield f"{'CONCEPT':<{wide + 2}}   rows   share  answer  says what others do not"
    for each, name in zip(shown, names, strict=True):
        gap = " " * (wide - columns(name))
        counts = f"{each.rows:>7,} {percent(each.share):>7} {each.answers.p50:>7,}"
        yield f"  {name}{gap}{counts}  {', '.join(each.words) or '–'}"
    if rest := concepts[_CONCEPTS_SHOWN:]:
        yield f"  … and {len(rest)} more of {sum(each.rows for each in rest):,} rows"
    yield "  answer: tokens of the answer in the middle"


def _files(files: Sequence[FileRows], what: str) -> Iterator[str]:
    for each in files[:_FILES_SHOWN]:
        lost = each.rows - each.usable
        more = f", {lost:,} of them unusable (aprendiz data check says why)" if lost else ""
        yield f"{each.file}: {each.rows:,} {what} ({each.format or 'not readable'}){more}"
    if rest := files[_FILES_SHOWN:]:
        yield f"… and {len(rest):,} more files: {sum(each.rows for each in rest):,} {what}"


def _balance(told: TextStatistics) -> str:
    balance, number = told.balance, len(told.labels)
    if balance.least == balance.most:
        return f"{number:,}, {rows(balance.least)} each"
    ratio = balance.most / balance.least
    return (
        f"{number:,}, {balance.least:,} to {rows(balance.most)} each (1 to {ratio:,.1f}); "
        f"as hard to guess as {balance.like:.1f} of equal size"
    )


def _languages(languages: Mapping[str, int], total: int) -> str:
    known = sum(languages.values())
    if not known:
        return "none could be told"
    named = list(languages.items())[:_LANGUAGES_SHOWN]
    told = ", ".join(f"{name} {percent(count / known)}" for name, count in named)
    more = f" and {len(languages) - len(named)} more" if len(languages) > len(named) else ""
    return f"{told}{more} of the {known:,} that can be told ({percent(known / total)})"


def _vocabulary(words: Vocabulary) -> str:
    more = "more than " if words.full else ""
    return (
        f"{more}{words.different:,} different of {words.words:,} words "
        f"(type/token ratio {words.type_token_ratio:.3f}), {words.once:,} said once"
    )


def _copies(copies: Copies) -> str:
    told = _counted_copies(copies.exact, copies.near, "row")
    if copies.largest > 1:
        told += f"; most often, {copies.largest:,} times, line {copies.line:,}: {copies.example}"
    return told


def _counted_copies(exact: int, near: int, what: str) -> str:
    if not exact + near:
        return "none, near ones included"
    return f"{exact:,} {what}{'' if exact == 1 else 's'} exact, {near:,} near"


def _length_table(lengths: Iterable[Lengths], counted: str) -> Iterator[str]:
    yield "LENGTHS             half    90 %    99 %   longest       total"
    for each in lengths:
        note = f"  {counted}" if each.unit == "tokens" else ""
        yield f"{_length_line(each.unit, '', each)} {each.total:>11,}{note}"


def _length_line(name: str, before: str, lengths: Lengths) -> str:
    halves = f"{lengths.p50:>8,}{lengths.p90:>8,}{lengths.p99:>8,}{lengths.longest:>10,}"
    return f"  {name:<14}{before}{halves}"


def _label_table(labels: Sequence[Label]) -> Iterator[str]:
    """The commonest labels and the rarest; all of them where they are few."""
    common, rare = labels[:_COMMON_SHOWN], labels[_COMMON_SHOWN:][-_RARE_SHOWN:]
    names = [elide(label.name, _LABEL) for label in (*common, *rare)]
    wide = max(5, *map(columns, names))
    yield f"{'LABEL':<{wide + 2}}   rows   share  {'':<{_BAR}}  says what others do not"
    hidden = labels[len(common) : len(labels) - len(rare)]
    for at, (label, name) in enumerate(zip((*common, *rare), names, strict=True)):
        if hidden and at == len(common):
            most, least = hidden[0].rows, hidden[-1].rows
            each = f"{least:,}" if least == most else f"{least:,} to {most:,}"
            yield f"  … {len(hidden):,} more of {each} rows"
        gap = " " * (wide - columns(name))
        bar = _bar(label.rows, labels[0].rows)
        said = ", ".join(term.term for term in label.telling[:5])
        yield f"  {name}{gap}{label.rows:>7,} {percent(label.share):>7}  {bar}  {said or '–'}"


def _bar(count: int, most: int) -> str:
    """A bar in eighths of a character; the least that is something is one eighth."""
    eighths = max(1, round(8 * _BAR * count / most)) if count else 0
    full, part = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[part] if part else "")).ljust(_BAR)
