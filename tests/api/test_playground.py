"""The page at /, its parts, and POST /explain: public or not, bounded, from nowhere else."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aprendiz.interfaces import Token
from aprendiz.serving.app import create_app
from aprendiz.serving.door import PAGES
from aprendiz.serving.playground import FOLDER, Explained
from aprendiz.settings import Settings
from tests.api.keyword_model import KeywordModel


class ReadsFourWords(KeywordModel):
    """Its tokens are the first four words, one of its own before them."""

    max_tokens = 5

    def tokens(self, text: str) -> list[Token]:
        words = [Token(each.group(), *each.span()) for each in re.finditer(r"\S+", text)]
        return [Token("[CLS]", 0, 0), *words[:4]]


@pytest.fixture
def reader(tmp_path: Path, settings: Settings, wait: Callable[[Any], None]) -> Any:
    app = create_app(tmp_path, settings=settings, load=lambda folder: ReadsFourWords())
    with TestClient(app) as client:
        wait(client)
        yield client


def test_the_page_and_every_part_come_with_their_type(client: TestClient) -> None:
    kinds = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
    parts = {f"/pages/{each.name}": each for each in FOLDER.iterdir()}
    index = parts.pop("/pages/playground.html")
    assert set(parts) == set(PAGES), "a part that nobody serves, or one that is not there"
    for path, file in {"/": index, **parts}.items():
        answer = client.get(path)
        assert answer.status_code == 200
        assert answer.content == file.read_bytes()
        assert answer.headers["content-type"].startswith(kinds[file.suffix])
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy


def test_no_part_names_another_machine() -> None:
    for file in FOLDER.iterdir():
        assert not re.search(r"(?:https?:)?//[a-z]+\.", file.read_text(encoding="utf-8")), file


def test_both_languages_have_the_same_words() -> None:
    words = (FOLDER / "words.js").read_text(encoding="utf-8")
    english, spanish = re.findall(r"const [A-Z]+ = \{\n  playground(.*?)\n\};", words, re.DOTALL)

    def names(part: str) -> list[str]:
        return re.findall(r"[\n ](\w+): \"", re.sub(r'(?<=: )"[^"]*"', '"', part))

    def places(part: str) -> list[list[str]]:
        return [sorted(set(re.findall(r"\{\w+\}", line))) for line in re.findall(r'"[^"]*"', part)]

    assert len(names(english)) > 60
    assert names(english) == names(spanish)
    assert places(english) == places(spanish)
    asked = re.findall(r'data-word="(\w+)"', (FOLDER / "playground.html").read_text())
    assert set(asked) <= {"playground", *names(english)}


def test_tokens_are_told_with_their_place(reader: TestClient) -> None:
    told = reader.post("/explain", json={"text": "  one two  "}).json()
    assert Explained.model_validate(told, strict=True).model_dump() == told
    assert told["text"] == "one two"
    assert [(t["piece"], t["start"], t["end"]) for t in told["tokens"]] == [
        ("[CLS]", 0, 0),
        ("one", 0, 3),
        ("two", 4, 7),
    ]
    assert (told["read"], told["max_tokens"]) == (7, 5)


def test_what_is_cut_off_is_told(reader: TestClient) -> None:
    told = reader.post("/explain", json={"text": "one two three four five six"}).json()
    assert told["text"][told["read"] :] == " five six"
    exact = reader.post("/explain", json={"text": "one two three four"}).json()
    assert exact["read"] == len(exact["text"]), "all of it was read"


def test_a_model_without_tokens_says_so(client: TestClient) -> None:
    told = client.post("/explain", json={"text": "label01"}).json()
    assert (told["tokens"], told["max_tokens"], told["read"]) == (None, None, 7)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": " "}, 422),
        ({}, 422),
        ({"text": 1}, 422),
        ({"text": "a", "more": 1}, 422),
        ({"text": "a" * 501}, 413),
        ({"text": "a", "model": "none"}, 404),
    ],
)
def test_what_is_wrong_is_named(client: TestClient, body: object, status: int) -> None:
    assert client.post("/explain", json=body).status_code == status
