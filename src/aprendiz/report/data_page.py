"""One HTML page about what data is made of; it needs no other file, no network and no extra.

Whatever comes from the data is escaped, and the page forbids itself scripts and outside
addresses, so a page about hostile texts is safe to open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from aprendiz.data.stats.chats import ChatStatistics
from aprendiz.data.stats.fields import FieldValues
from aprendiz.data.stats.lengths import Lengths
from aprendiz.data.stats.text_values import FileRows, Label, TextStatistics, Vocabulary
from aprendiz.report.data_figures import (
    Drawing,
    draw_bars,
    draw_boxes,
    draw_histogram,
    draw_matrix,
    share_bar,
)
from aprendiz.report.style import percent, rows

_NUMBER = ' class="number"'
_TOPIC_NAMED = 3  # words in a topic's name
_VALUES_SHOWN = 12  # of a field

Cell = str | int | float
Section = tuple[str, str]
"""A heading and what stands under it, as HTML."""


def render(told: TextStatistics | ChatStatistics) -> str:
    """The page as HTML."""
    room = resources.files("aprendiz.report")
    title = Path(told.files[0].file).name
    title += f" and {len(told.files) - 1} more" if len(told.files) > 1 else ""
    if isinstance(told, TextStatistics):
        verdict, sections = _text_verdict(told), _text_sections(told)
    else:
        verdict, sections = _chat_verdict(told), _chat_sections(told)
    return Template((room / "data_page.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        css=(room / "page.css").read_text(encoding="utf-8"),
        verdict=escape(verdict),
        sections="\n".join(_section(*each) for each in sections),
    )


def _text_verdict(told: TextStatistics) -> str:
    words = told.lengths[1]
    return (
        f"{rows(told.rows)} with {len(told.labels):,} labels of {told.balance.least:,} to "
        f"{told.balance.most:,} rows; half of the texts have at most {words.p50:,} words."
    )


def _chat_verdict(told: ChatStatistics) -> str:
    return (
        f"{told.rows:,} conversations of {told.messages:,} messages; half of them have at most "
        f"{told.lengths.p50:,} tokens."
    )


def _text_sections(told: TextStatistics) -> Iterable[Section]:
    copies = told.copies
    facts = [
        *_words_and_languages(told.vocabulary, told.languages, told.rows),
        ("exact copies", f"{copies.exact:,} rows say what an earlier one says"),
        ("near copies", f"{copies.near:,} further rows are nearly the same as another"),
        ("as many labels as", f"{told.balance.like:.1f} of equal size"),
    ]
    if copies.largest > 1:
        place = f"{copies.file}:{copies.line}"
        facts.append(("most copied", f"{copies.largest:,} rows as {place}: {copies.example}"))
    yield "Files", _files(told.files) + _table("facts", (), facts)
    yield "Labels", _labels(told)
    yield "Lengths", _lengths(told)
    if told.nearest:
        yield "Labels that are hard to tell apart", _nearest(told)


def _labels(told: TextStatistics) -> str:
    caption = "Rows of each label and their share of all rows, the commonest first."
    bars = [share_bar(label.name, label.rows, told.rows) for label in told.labels]
    return (
        _figure(draw_bars("Rows per label", caption, bars))
        + _details(f"what each of {len(told.labels):,} labels says", _telling(told.labels))
        + _quiet(
            "Words and pairs of words that the rows of a label have and others do not, by "
            "log-odds with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008). In "
            "brackets the rows of the label that have them."
        )
    )


def _telling(labels: Sequence[Label]) -> str:
    told = [
        (
            label.name,
            label.rows,
            ", ".join(f"{each.term} ({each.rows:,})" for each in label.telling) or "–",
        )
        for label in labels
    ]
    return _table("telling words", ("label", "rows", "says what others do not"), told)


def _lengths(told: TextStatistics) -> str:
    boxes = [(label.name, label.words) for label in told.labels]
    return (
        _length_table("length in", told.lengths)
        + _quiet(f"Tokens counted by {told.tokens}. Each figure is a length that occurs.")
        + _figure(
            draw_histogram(
                "Lengths in tokens",
                f"Texts by their length in tokens ({told.tokens}); {_last_bar(told.histogram.beyond)}",
                told.histogram,
                "tokens",
            )
        )
        + _figure(
            draw_boxes(
                "Lengths by label",
                "Words of the rows of each label: the box holds the middle half, its line is the "
                "median, the whiskers end at 5 and 95 %; at the right the longest row.",
                boxes,
            )
        )
    )


def _nearest(told: TextStatistics) -> str:
    pairs = [
        (pair.left, pair.right, f"{pair.similarity:.2f}", ", ".join(pair.shared))
        for pair in told.nearest
    ]
    head = ("label", "and", "similarity", "for they share")
    caption = (
        "Cosine between the mean TF-IDF vectors of two labels: 1 is the same words equally "
        "often, 0 no word in common. Labels that occur in the nearest pairs, near ones side by "
        "side."
    )
    return _figure(
        draw_matrix("Nearest labels", caption, told.matrix.labels, told.matrix.cosines)
    ) + _table("nearest labels", head, pairs)


def _chat_sections(told: ChatStatistics) -> Iterable[Section]:
    facts = [
        ("user turns", f"half have {told.turns.p50:,}, the longest {told.turns.longest:,}"),
        ("with tools", f"{told.with_tools:,} conversations"),
        ("not learnt", f"{told.not_learnt:,} assistant messages of weight 0"),
        *_words_and_languages(told.vocabulary, told.languages, told.rows),
        ("exact copies", f"{told.repeated:,} conversations ask what an earlier one asks"),
        ("near copies", f"{told.near:,} further ones ask nearly the same as another"),
        *((each.name, _values(each)) for each in told.fields if each.name != "concept"),
    ]
    yield "Files", _files(told.files) + _table("facts", (), facts)
    yield "Lengths", _chat_lengths(told)
    said = [("system", told.system.text, told.system.conversations)] if told.system else []
    said += [("answer", each.text, each.conversations) for each in told.common_answers]
    if said:
        count = f"{told.systems:,} different system messages, {told.answers:,} different answers."
        yield (
            "What is said again",
            _table("said again", ("role", "text", "conversations"), said) + _quiet(count),
        )
    if told.concepts:
        yield "Concepts", _concepts(told)
    if told.keywords:
        yield "Topics", _topics(told)


def _chat_lengths(told: ChatStatistics) -> str:
    head = ("tokens of", "number", "share", "half have", "90 %", "99 %", "longest")
    table = [
        (each.name, each.messages, percent(each.share), *_percentiles(each.tokens))
        for each in told.roles
    ]
    table.append(("conversation", told.rows, "", *_percentiles(told.lengths)))
    drawn = (
        ("Tokens of a conversation", "Conversations", told.histogram),
        ("Tokens of a question", "Messages of users", told.question_histogram),
        ("Tokens of an answer", "Messages of the assistant", told.answer_histogram),
    )
    pictures = (
        draw_histogram(
            title,
            f"{what} by their tokens ({told.tokens}); {_last_bar(bars.beyond)}",
            bars,
            "tokens",
        )
        for title, what, bars in drawn
        if bars.rows
    )
    return _table("lengths by role", head, table) + "".join(map(_figure, pictures))


def _concepts(told: ChatStatistics) -> str:
    caption = "Conversations of each concept that the rows name, the commonest first."
    bars = [share_bar(each.name, each.rows, told.rows) for each in told.concepts]
    head = (
        "concept",
        "conversations",
        "question",
        "answer",
        "longest answer",
        "says what others do not",
    )
    table = [
        (
            each.name,
            each.rows,
            each.questions.p50,
            each.answers.p50,
            each.answers.longest,
            ", ".join(each.words) or "–",
        )
        for each in told.concepts
    ]
    return (
        _figure(draw_bars("Conversations per concept", caption, bars))
        + _details(f"each of {len(table):,} concepts", _table("concepts", head, table))
        + _quiet("Question and answer: their tokens in the middle.")
    )


def _topics(told: ChatStatistics) -> str:
    bars = [
        share_bar(", ".join(topic.words[:_TOPIC_NAMED]), topic.rows, told.rows)
        for topic in told.topics
    ]
    caption = (
        "Groups of conversations whose users use like words (spherical k-means on TF-IDF "
        "weights), named after the words that tell them from the others. A first look: "
        "another number of groups gives other groups."
    )
    words = [(each.word, f"{each.weight:.3f}", each.rows) for each in told.keywords]
    head = ("word", "mean weight", "conversations")
    picture = _figure(draw_bars("What users speak of", caption, bars)) if bars else ""
    return picture + _details("keywords by mean TF-IDF", _table("keywords", head, words))


def _values(field: FieldValues) -> str:
    """The values of a field and how often they come; of many the commonest."""
    said = ", ".join(f"{value} {count:,}" for value, count in field.values[:_VALUES_SHOWN])
    more = len(field.values) - _VALUES_SHOWN
    return f"{said} and {more:,} more" if more > 0 else said


def _words_and_languages(
    words: Vocabulary, languages: Mapping[str, int], total: int
) -> list[tuple[str, str]]:
    more = "more than " if words.full else ""
    told = ", ".join(f"{name} {count:,}" for name, count in languages.items())
    untold = f"{total - sum(languages.values()):,} cannot be told"
    return [
        (
            "vocabulary",
            f"{more}{words.different:,} different of {words.words:,} words, ratio "
            f"{words.type_token_ratio:.3f}; {words.once:,} said once",
        ),
        ("languages", f"{told}; {untold}" if told else untold),
    ]


def _last_bar(beyond: bool) -> str:
    return "the last bar holds everything longer." if beyond else "none is longer."


def _percentiles(lengths: Lengths) -> tuple[int, int, int, int]:
    return lengths.p50, lengths.p90, lengths.p99, lengths.longest


def _length_table(first: str, lengths: Iterable[Lengths]) -> str:
    head = (first, "half have", "90 %", "99 %", "longest", "total")
    return _table(
        "lengths", head, [(each.unit, *_percentiles(each), each.total) for each in lengths]
    )


def _files(files: Sequence[FileRows]) -> str:
    told = [(each.file, each.format or "not readable", each.usable, each.rows) for each in files]
    return _table("files", ("file", "format", "usable", "of"), told)


def _section(title: str, inside: str) -> str:
    name = "-".join(title.lower().split())
    return f'<section aria-labelledby="{name}">\n<h2 id="{name}">{title}</h2>\n{inside}\n</section>'


def _figure(drawing: Drawing) -> str:
    return (
        f"<h3>{escape(drawing.title)}</h3>\n<figure>\n"
        f"<figcaption>{escape(drawing.caption)}</figcaption>\n"
        f'<div class="scroll" tabindex="0" role="group" aria-label="{escape(drawing.title)}">'
        f"{drawing.svg}</div>\n</figure>\n"
    )


def _details(summary: str, inside: str) -> str:
    return f"<details>\n<summary>{escape(summary)}</summary>\n{inside}</details>\n"


def _quiet(said: str) -> str:
    return f'<p class="quiet">{escape(said)}</p>\n'


def _table(name: str, head: Sequence[str], told: Iterable[Sequence[Cell]]) -> str:
    """A table whose first column names the row; numbers stand at the right."""
    rows_told = list(told)
    first = rows_told[0] if rows_told else head
    titles = "".join(
        f'<th scope="col"{_NUMBER if isinstance(cell, int) else ""}>{escape(title)}</th>'
        for title, cell in zip(head, first, strict=False)
    )
    body = "\n".join(_row(*each) for each in rows_told)
    top = f"<thead><tr>{titles}</tr></thead>\n" if head else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}">\n<table>\n'
        f"{top}<tbody>\n{body}\n</tbody>\n</table>\n</div>\n"
    )


def _row(first: Cell, *others: Cell) -> str:
    cells = "".join(
        f"<td{_NUMBER}>{cell:,}</td>"
        if isinstance(cell, int)
        else f'<td dir="auto">{escape(str(cell))}</td>'
        for cell in others
    )
    name = escape(str(first))
    return f'<tr><th scope="row" class="label" dir="auto">{name}</th>{cells}</tr>'
