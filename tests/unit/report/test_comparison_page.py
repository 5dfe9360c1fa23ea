"""A comparison's page, tables and pictures, from made-up figures and awkward names."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from aprendiz.evaluation.compare import Change, Pair, Score
from aprendiz.evaluation.compare_verdict import Verdict
from aprendiz.report import comparison_page
from aprendiz.report.comparison import Compared, Comparison, Failed, Latency, Times
from aprendiz.report.comparison_text import bytes_in_words, markdown, ms_in_words, tables
from tests.unit.report.measured import HOSTILE
from tests.unit.report.test_page import Page

NAMES = ("tfidf", "a | b $x$", "finetune")


def comparison(folder: Path, seeds: tuple[int, ...] = (13,)) -> Comparison:
    """Three methods, the dearer the better; the second is named as nobody should name it."""

    def method(at: int, name: str) -> Compared:
        mean = 0.7 + 0.08 * at
        score = Score(mean, (mean - 0.05, mean + 0.05), mean - 0.01, mean + 0.01)
        return Compared(
            name=name, method="probe", recipe={"method": "probe", "note": HOSTILE}, seeds=seeds,
            accuracy=score, macro_f1=score, ece=Score(0.04, (0.02, 0.06), 0.03, 0.05),
            seconds=Times(2.0 * 20**at, 1.0 * 20**at, 3.0 * 20**at),
            model_bytes=2_000_000 * 10**at, one=Latency(1, 100, 0.4 * 3**at, 0.9 * 3**at),
            many=Latency(32, 100, 4.0 * 3**at, 5.0 * 3**at), peak_memory=None if at else 210_000_000,
            device="CPU, 2 threads", price=1.5 if at == 2 else None, price_note="nobody charges",
            model=f"models/{name}-13",
        )  # fmt: skip

    change = Change(0.08, (0.03, 0.13), 0.0004, 0.0012)
    return Comparison(
        folder=folder,
        title=HOSTILE,
        source="20 % held out.",
        data={"fingerprint": "0" * 64, "train": 90, "validation": 0, "test": 300, "labels": 3},
        seeds=seeds,
        machine={"processor": "a CPU", "cores": 2, "system": "Linux x86_64", "python": "3.11"},
        methods=tuple(method(at, name) for at, name in enumerate(NAMES)),
        pairs=(Pair(NAMES[0], NAMES[1], 300, 40, 16, change, change, 0.07),),
        verdict=Verdict("finetune", "finetune", True, "finetune is worth its cost.", ("beware",)),
        failed=(Failed("managed", 13, "no account", "make one"),),
        stopped="the budget of 9 s was spent",
    )


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Comparison, Page, str]:
    told = comparison(tmp_path_factory.mktemp("comparison"))
    page = comparison_page.write(told).read_text(encoding="utf-8")
    return told, Page(page), page


def test_the_page_says_the_verdict_and_every_figure(written):
    told, page, _ = written
    assert told.verdict.sentence in page.words
    for table in tables(told):
        for line in (table.head, *table.rows):
            assert all(cell in page.words for cell in line)
    for word in ("beware", "budget of 9 s", "no account", "+0.080 (+0.030 to +0.130)", "0.001"):
        assert word in page.words
    assert len(page.all("img")) == 2
    assert all("finetune 0.860" in image["alt"] for image in page.all("img"))


def test_the_page_trusts_no_text_and_needs_no_network(written):
    _, page, html = written
    assert page.all("script") == []
    assert HOSTILE in page.words and HOSTILE not in html
    for _, attributes in page.tags:
        for name in ("src", "href", "srcset", "action"):
            assert attributes.get(name, "data:").startswith("data:")


def test_pictures_are_drawn_for_screen_and_print(written):
    told, _, _ = written
    for name in ("accuracy_by_training", "accuracy_by_latency"):
        ElementTree.parse(told.folder / "plots" / f"{name}.svg")
        assert (told.folder / "plots" / f"{name}.png").read_bytes()[1:4] == b"PNG"


def test_the_markdown_tables_keep_their_columns(tmp_path):
    text = markdown(comparison(tmp_path))
    blocks = [block.splitlines() for block in text.split("\n\n") if block.startswith("| ")]
    assert len(blocks) == 4
    for block in blocks:
        assert len({line.replace("\\|", "").count("|") for line in block}) == 1


def test_a_price_has_a_column_only_where_there_is_one(tmp_path):
    told = comparison(tmp_path)
    costs = tables(told)[1]
    assert costs.head[-1] == "price" and [line[-1] for line in costs.rows] == ["–", "–", "1.50"]
    free = Comparison(**{**vars(told), "methods": told.methods[:2]})
    assert "price" not in tables(free)[1].head and "nobody charges" in tables(free)[1].note


def test_several_trainings_show_their_spread(tmp_path):
    one, several = (tables(comparison(tmp_path, seeds)) for seeds in ((13,), (13, 14)))
    assert "[" not in one[0].rows[0][1]
    assert several[0].rows[0][1] == "0.700 (0.650–0.750) [0.690–0.710]"
    assert several[1].rows[0][1] == "2.0 s (1.0 s–3.0 s)"


@pytest.mark.parametrize(
    ("count", "words"),
    [(950, "950 B"), (1_700, "1.7 kB"), (181_203_412, "181 MB"), (4e9, "4.0 GB")],
)
def test_sizes_are_for_people(count, words):
    assert bytes_in_words(count) == words


@pytest.mark.parametrize(
    ("ms", "words"),
    [(0.4213, "0.42 ms"), (8.13, "8.1 ms"), (81.3, "81 ms"), (1_143, "1.1 s"), (12_000, "12 s")],
)
def test_latencies_are_for_people(ms, words):
    assert ms_in_words(ms) == words
