"""The page says the result in words, holds everything itself, and trusts no text."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from aprendiz.evaluation.metrics import Evaluation
from aprendiz.report.facts import LeftOut, Mistake, find_mistakes
from aprendiz.report.figures import draw
from aprendiz.report.page import MISTAKES_SHOWN, render, verdict
from tests.unit.report.measured import HOSTILE, answers, facts, history, measured


class Page(HTMLParser):
    """Tags with their attributes, and the text outside <style>."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.words = ""
        self._in_style = False
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, {name: value or "" for name, value in attributes}))
        self._in_style = tag == "style"

    def handle_endtag(self, tag):
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data):
        if not self._in_style:
            self.words += data

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def result() -> tuple[Evaluation, list[Mistake]]:
    return measured(4, 400)


@pytest.fixture(scope="module")
def html(result, tmp_path_factory: pytest.TempPathFactory) -> str:
    evaluation, mistakes = result
    drawn, left_out = draw(evaluation, history(), tmp_path_factory.mktemp("plots"))
    return render(facts(evaluation, mistakes), drawn, [*left_out, LeftOut("spare", "no reason")])


def test_it_needs_no_other_file_and_no_network(html: str):
    page = Page(html)
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "poster", "data", "action"):
            assert attributes.get(name, "data:").startswith(("data:", "#"))
    assert "url(" not in html and "@import" not in html
    assert not re.search(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//""", html)
    assert page.all("script") == [] and page.all("link") == [] and page.all("iframe") == []
    policy = [tag for tag in page.all("meta") if tag.get("http-equiv")]
    assert policy[0]["content"].startswith("default-src 'none'")


def test_hostile_texts_stay_text(html: str):
    page = Page(html)
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    assert not any(name.startswith("on") for _, tag in page.tags for name in tag)
    assert HOSTILE in page.words


def test_it_opens_on_a_phone_and_to_those_who_cannot_see(html: str):
    page = Page(html)
    assert page.all("html")[0]["lang"] == "en"
    viewport = [tag for tag in page.all("meta") if tag.get("name") == "viewport"]
    assert "width=device-width" in viewport[0]["content"]
    assert "maximum-scale" not in viewport[0]["content"]
    assert len(page.all("img")) == 10
    for image in page.all("img"):
        assert len(image["alt"]) > 20
        assert int(image["width"]) > 300 and int(image["height"]) > 100
    assert len(page.all("h1")) == 1
    assert "prefers-color-scheme: dark" in html and "@media print" in html
    identities = [tag["id"] for _, tag in page.tags if "id" in tag]
    assert len(identities) == len(set(identities))


def test_it_says_the_result_the_scores_and_where_they_come_from(html: str, result):
    evaluation, _ = result
    words = " ".join(Page(html).words.split())
    low, high = evaluation.accuracy_ci
    assert (
        f"Right on {100 * evaluation.accuracy:.1f} % of 400 rows it had not seen "
        f"(95 % interval {100 * low:.1f}–{100 * high:.1f} %)."
    ) in words
    for name in ("accuracy", "macro_f1", "precision", "recall", "ece", "loss"):
        low, high = getattr(evaluation, f"{name}_ci")
        assert f"{getattr(evaluation, name):.3f}" in words and f"{low:.3f}–{high:.3f}" in words
    for told in ("rows.csv, as given.", "not calibrated", "method: probe", "no reason", "probe"):
        assert told in words
    assert "aprendiz predict 'my model'" in words
    assert "aprendiz.load('my model')" in words


def test_it_shows_pairs_with_texts_and_the_surest_mistakes(html: str, result):
    _, mistakes = result
    assert len(mistakes) > MISTAKES_SHOWN
    surest = sorted(mistakes, key=lambda mistake: -mistake.confidence)
    assert mistakes == surest
    words = Page(html).words
    for shown in surest[:MISTAKES_SHOWN]:
        assert f"{shown.file}:{shown.line}" in words
    assert f"rows.csv:{surest[-1].line}" not in re.findall(r"rows\.csv:\d+", words)


@pytest.mark.parametrize(
    ("seen", "in_verdict", "caution"),
    [
        ("unseen", "it had not seen", ""),
        ("chose", "it had not learnt from", "expect a little less on new texts"),
        ("trained", "it learnt from", "not how well new texts would be answered"),
    ],
)
def test_it_says_what_the_rows_had_to_do_with_training(result, seen, in_verdict, caution):
    told = facts(*result, seen=seen)
    assert in_verdict in verdict(told)
    assert caution in " ".join(Page(render(told)).words.split())


def test_a_faultless_model_and_a_page_without_pictures():
    words = Page(render(facts(*measured(3, 30, mistakes=False)))).words
    assert "Not one row was answered wrongly." in words
    assert "surest" not in words


def test_a_very_long_text_does_not_bury_the_page(result):
    evaluation, mistakes = result
    first = mistakes[0]
    long = Mistake("word " * 50_000, first.true, first.predicted, 1.0, "rows.csv", 7)
    assert len(render(facts(evaluation, [long, *mistakes]))) < 200_000


def test_mistakes_are_found_with_their_place():
    probabilities, examples, names = answers(5, 200)
    found = find_mistakes(examples, probabilities, names)
    lines = {mistake.line for mistake in found}
    for example, row in zip(examples, probabilities, strict=True):
        assert (example.line in lines) == (names[int(row.argmax())] != example.label)
    assert all(Mistake(**mistake.as_dict()) == mistake for mistake in found)


def test_a_missing_picture_is_an_error_not_a_hole(result, tmp_path: Path):
    drawn, _ = draw(result[0], [], tmp_path)
    drawn[0].path.unlink()
    with pytest.raises(FileNotFoundError):
        render(facts(*result), drawn)
