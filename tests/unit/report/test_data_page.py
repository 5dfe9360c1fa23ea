"""The page about data holds everything itself, trusts no text, and draws what is there."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from aprendiz.data.read import read_examples
from aprendiz.data.stats.chats import describe_chats
from aprendiz.data.stats.lengths import Box, Histogram
from aprendiz.data.stats.texts import describe_texts
from aprendiz.report.data_figures import (
    Bar,
    Drawing,
    draw_bars,
    draw_boxes,
    draw_histogram,
    draw_matrix,
)
from aprendiz.report.data_page import render

HOSTILE = '<script>alert(1)</script> & "so" $title ${css}'
_VOID = {"meta", "br", "input", "img"}


class Page(HTMLParser):
    """Tags, the words, and whether every tag is closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words += data


@pytest.fixture
def texts(tmp_path: Path) -> str:
    path = tmp_path / "rows.json"
    labels = {f"{HOSTILE} {at}": [f"{HOSTILE} word{at} {n}" for n in range(4)] for at in range(3)}
    path.write_text(json.dumps(labels), encoding="utf-8")
    return render(describe_texts([read_examples(path)]))


@pytest.fixture
def chats(tmp_path: Path) -> str:
    path = tmp_path / "chats.jsonl"
    row = {
        "messages": [
            {"role": "system", "content": HOSTILE},
            {"role": "user", "content": f"parcel {HOSTILE}"},
            {"role": "assistant", "content": HOSTILE},
        ]
    }
    path.write_text((json.dumps(row) + "\n") * 50, encoding="utf-8")
    return render(describe_chats([str(path)]))


@pytest.mark.parametrize("kind", ["texts", "chats"])
def test_it_is_whole_and_trusts_nothing(kind: str, request: pytest.FixtureRequest) -> None:
    html = request.getfixturevalue(kind)
    page = Page(html)
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert names.isdisjoint({"script", "iframe", "link", "img", "object"})
    for _, attributes in page.tags:
        assert not any(name.startswith("on") or name in ("src", "href") for name in attributes)
    assert "url(" not in html and "@import" not in html
    policy = next(a for t, a in page.tags if t == "meta" and a.get("http-equiv"))
    assert str(policy["content"]).startswith("default-src 'none'")
    assert HOSTILE in page.words
    ids = [a["id"] for _, a in page.tags if "id" in a]
    assert len(ids) == len(set(ids))
    for drawing in re.findall(r"<svg.*?</svg>", html, re.DOTALL):
        assert ElementTree.fromstring(drawing).get("aria-label")


def test_what_is_on_the_page_of_texts(texts: str) -> None:
    words = " ".join(Page(texts).words.split())
    assert "12 rows with 3 labels of 4 to 4 rows" in words
    for title in ("Rows per label", "Lengths in tokens", "Lengths by label", "Nearest labels"):
        assert title in words


def test_what_is_on_the_page_of_chats(chats: str) -> None:
    words = " ".join(Page(chats).words.split())
    assert "50 conversations of 150 messages" in words
    for title in ("Tokens of a conversation", "What is said again", "keywords by mean TF-IDF"):
        assert title in words


def rectangles(drawing: Drawing, kind: str) -> list[dict[str, str]]:
    root = ElementTree.fromstring(drawing.svg)
    return [each.attrib for each in root.iter("rect") if each.get("class") == kind]


def test_bars_are_as_long_as_their_values() -> None:
    drawing = draw_bars("t", "c", [Bar("a", 100, "100"), Bar("b", 25, "25"), Bar("c", 0, "0")])
    wide = [float(each["width"]) for each in rectangles(drawing, "bar")]
    assert wide[1] == pytest.approx(wide[0] / 4, rel=0.01)
    assert wide[2] == 1.0
    assert "first a: 100" in drawing.alt


def test_of_many_bars_the_middle_is_left_out_and_said() -> None:
    drawing = draw_bars("t", "c", [Bar(f"label {at}", 200 - at, "x") for at in range(150)])
    assert len(rectangles(drawing, "bar")) == 60
    assert "90 more" in drawing.svg
    assert "label 0" in drawing.svg and "label 149" in drawing.svg
    assert "label 75<" not in drawing.svg


def test_a_histogram_has_a_bar_a_count_and_marks_the_overflow() -> None:
    drawing = draw_histogram("t", "c", Histogram(5, (0, 4, 8, 2), True), "tokens")
    tall = [float(each["height"]) for each in rectangles(drawing, "bar")]
    assert tall[2] == pytest.approx(2 * tall[1], rel=0.01)
    assert len(rectangles(drawing, "beyond")) == 1
    assert "10 to 14 tokens" in drawing.alt


def test_boxes_are_in_order_of_their_middles() -> None:
    drawing = draw_boxes(
        "t", "c", [("short", Box(1, 2, 3, 4, 5, 9)), ("long", Box(5, 6, 7, 8, 9, 20))]
    )
    assert drawing.svg.index(">long<") < drawing.svg.index(">short<")
    first, second = rectangles(drawing, "box")
    assert float(first["width"]) == pytest.approx(float(second["width"]), rel=0.01)
    assert float(first["x"]) > float(second["x"])


def test_a_matrix_is_as_dark_as_its_values() -> None:
    drawing = draw_matrix("t", "c", ("a", "b"), ((1.0, 0.25), (0.25, 1.0)))
    assert [each["fill-opacity"] for each in rectangles(drawing, "bar")] == [
        "1.00",
        "0.25",
        "0.25",
        "1.00",
    ]
    assert "a ~ b: 0.25" in drawing.svg
    assert "most alike: b and a, 0.25" in drawing.alt


@pytest.mark.parametrize(
    "drawing",
    [
        draw_bars("t", "c", []),
        draw_boxes("t", "c", []),
        draw_histogram("t", "c", Histogram(1, (), False), "tokens"),
        draw_matrix("t", "c", (), ()),
    ],
)
def test_nothing_is_drawn_without_a_fault(drawing: Drawing) -> None:
    ElementTree.fromstring(drawing.svg)
