"""The playground in a real browser: a text, a correction, a file, Spanish, a phone, the keyboard.

Three real models behind a real server in a process of its own, and one browser for the whole file.
"""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aprendiz import workflow
from tests.browser.chromium import CHROMIUM, Browser
from tests.conftest import EXAMPLES
from tests.planted_rows import rows_of_several

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("sklearn")
pytest.importorskip("torch")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]

# A label that would do something if it were ever taken for markup.
EVIL_LABEL = "refund <img src=x onerror=document.body.remove()>"
# What the browser itself finds wrong with the page, collected from its first line on.
WATCH = """
window.faults = [];
document.addEventListener("securitypolicyviolation", e => faults.push(e.violatedDirective));
addEventListener("error", e => faults.push(String(e.message)));
addEventListener("unhandledrejection", e => faults.push(String(e.reason)));
"""
SAYS = {
    "answer": "Answers:",
    "needs_clarification": "Asks again",
    "out_of_scope": "Out of scope",
}
SIZES = {"desktop": (1280, 900), "phone": (360, 800)}
TEXT = "document.body.innerText"
ROWS = "document.querySelectorAll('#results tbody tr').length"


@contextmanager
def server(place: Path, *models: Path, **environment: str) -> Iterator[str]:
    """``aprendiz serve`` on a free port; its address once it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "aprendiz", "serve", *map(str, models), "--port", "0"],
        env={**os.environ, "APRENDIZ_HOME": str(place / "home"), **environment},
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    said = []
    try:
        for line in process.stderr:
            said.append(line)
            if line.startswith("ready:"):
                break
        found = re.search(r"listening on (http://\S+?),", "".join(said))
        assert found and process.poll() is None, said
        yield found.group(1)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("playground")


@pytest.fixture(scope="module")
def models(place: Path, tiny_encoder: Path) -> tuple[Path, Path, Path]:
    """One that reads tokens, one that reads words, and one that gives several labels."""
    rows = {EVIL_LABEL if label == "refund" else label: t for label, t in EXAMPLES.items()}
    (place / "rows.json").write_text(json.dumps(rows))
    meaning, words = place / "by-meaning", place / "by-words"
    chosen = [f"base_model={tiny_encoder}", "max_length=16"]
    for out, method, overrides in ((meaning, "probe", chosen), (words, "tfidf", [])):
        workflow.train(place / "rows.json", out=out, method=method, overrides=overrides,
                       holdout=0.0, sets=0.05, false_alarms=0.2, track=False)  # fmt: skip
    several = place / "by-several"
    lines = "".join(json.dumps(row) + "\n" for row in rows_of_several())
    (place / "several.jsonl").write_text(lines)
    workflow.train(place / "several.jsonl", out=several, method="tfidf", track=False)
    return meaning, words, several


@pytest.fixture(scope="module")
def corrections(place: Path) -> Path:
    return place / "corrections.jsonl"


@pytest.fixture(scope="module")
def address(place: Path, models: tuple[Path, ...], corrections: Path) -> Iterator[str]:
    with server(place, *models, APRENDIZ_SERVE_FEEDBACK=str(corrections)) as address:
        yield address


@pytest.fixture(scope="module")
def browser(place: Path) -> Iterator[Browser]:
    browser = Browser(place / "profile")
    browser.call("Page.enable")
    browser.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
    browser.call("Emulation.setLocaleOverride", locale="en-GB")
    (place / "saved").mkdir()
    browser.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(place / "saved"))
    resize(browser, "desktop")
    yield browser
    browser.close()


def resize(browser: Browser, name: str) -> None:
    width, height = SIZES[name]
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=height, deviceScaleFactor=1, mobile=name == "phone",
    )  # fmt: skip


def visible(id: str) -> str:
    return f"!!document.getElementById('{id}')?.checkVisibility()"


def text_of(id: str) -> str:
    return f"document.getElementById('{id}').textContent"


def key(browser: Browser, name: str, code: int, modifiers: int = 0, text: str = "") -> None:
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key=name, code=name, text=text,
                     windowsVirtualKeyCode=code, modifiers=modifiers)  # fmt: skip


def listed(browser: Browser, script: str) -> list[Any]:
    return json.loads(browser.value(f"JSON.stringify({script})"))


def fill(browser: Browser, id: str, text: str) -> None:
    browser.value(f"document.getElementById('{id}').focus()")
    browser.value(f"document.getElementById('{id}').select()")
    browser.call("Input.insertText", text=text)


def choose(browser: Browser, id: str, value: str) -> None:
    browser.value(
        f"(() => {{ const s = document.getElementById('{id}'); s.value = {json.dumps(value)};"
        "s.dispatchEvent(new Event('change')) })()"
    )


def enter(browser: Browser, address: str) -> None:
    browser.open(f"{address}/")
    assert browser.wait_for(visible("main")), browser.value(TEXT)


def ask(browser: Browser, text: str) -> None:
    fill(browser, "text", text)
    browser.value("document.getElementById('ask').requestSubmit()")
    assert browser.wait_for(f"{visible('answer')} || {visible('ask-fault')}", 30)
    browser.wait_for("!document.getElementById('ask-now').disabled")


def try_file(browser: Browser, path: Path) -> None:
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    found = browser.call("DOM.querySelector", nodeId=root, selector="#file")
    browser.call("DOM.setFileInputFiles", files=[str(path)], nodeId=found["nodeId"])
    browser.value("document.getElementById('file-form').requestSubmit()")
    browser.wait_for("!document.getElementById('file-now').disabled", 60)


def post(address: str, path: str, body: object) -> Any:
    request = urllib.request.Request(
        f"{address}/{path}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.loads(answer.read())


def get(address: str, path: str) -> Any:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"{address}/{path}", timeout=30) as answer:
        return json.loads(answer.read())


def test_a_typed_text_shows_what_the_server_says(browser, address):
    enter(browser, address)
    text = "where is my parcel, please?"
    ask(browser, text)
    told = post(address, "classify", {"text": text, "model": "by-meaning"})
    labels = "[...document.querySelectorAll('#bars tbody th')].map(x => x.textContent).join('|')"
    assert browser.value(labels).split("|") == list(told["probabilities"])
    assert EVIL_LABEL in told["probabilities"]
    assert browser.value(text_of("says")) == SAYS[told["decision"]]
    shares = "[...document.querySelectorAll('#bars td.number')].map(x => parseFloat(x.textContent))"
    assert browser.value(f"{shares}[0]") == pytest.approx(100 * told["confidence"], abs=0.06)
    threshold = "parseFloat(document.querySelector('#bars .threshold').style.left)"
    assert browser.value(threshold) == pytest.approx(70)
    fills = "[...document.querySelectorAll('#bars .fill')].map(x => parseFloat(x.style.width))"
    assert browser.value(f"{fills}[0]") == pytest.approx(100 * told["confidence"], abs=0.1)
    assert " ms" in browser.value(text_of("times"))


def test_what_is_out_of_scope_is_said_and_can_be_confirmed(browser, address, corrections, tmp_path):
    text = "how old is the moon"
    told = post(address, "classify", {"text": text, "model": "by-words"})
    assert told["out_of_scope"] and len(told["candidates"]) > 1
    enter(browser, address)
    choose(browser, "model", "by-words")
    ask(browser, text)
    assert browser.value(text_of("says")) == "Out of scope"
    assert browser.value(text_of("label")) == ""
    assert "about none of the labels" in browser.value(text_of("why"))
    assert ", ".join(told["candidates"]) in browser.value(text_of("more"))
    assert "look no more like them" in browser.value(text_of("more"))
    browser.screenshot(tmp_path / "out-of-scope.png")
    assert browser.value(text_of("agree")) == "Yes, none of the labels"
    assert browser.value("document.getElementById('right-label').value") == ""  # nothing chosen
    browser.value("document.getElementById('agree').click()")
    assert browser.wait_for(f"{text_of('kept')}.startsWith('Thank you')"), browser.value(TEXT)
    row = json.loads(corrections.read_text().splitlines()[-1])
    assert (row["text"], row["label"]) == (text, "oos")


def test_several_labels_are_shown_with_a_threshold_each_and_corrected(
    browser, address, corrections
):
    text = "hello there, i want a refund"
    told = post(address, "classify", {"text": text, "model": "by-several"})
    [model] = [
        each for each in get(address, "info")["models"] if each["name"] == "by-several"
    ]  # fmt: skip
    enter(browser, address)
    choose(browser, "model", "by-several")
    assert "gives any number of them" in browser.value(text_of("about"))
    ask(browser, text)
    assert browser.value(text_of("says")) == SAYS[told["decision"]]
    assert browser.value(text_of("label")) == ", ".join(told["labels"])
    lines = "[...document.querySelectorAll('#bars .threshold')].map(x => parseFloat(x.style.left))"
    wanted = [100 * min(1, model["thresholds"][label]) for label in told["probabilities"]]
    assert listed(browser, lines) == pytest.approx(wanted, abs=0.1)
    choice = "document.getElementById('right-label')"
    chosen = f"[...{choice}.selectedOptions].map(x => x.value)"
    assert browser.value(f"{choice}.multiple")
    assert set(listed(browser, chosen)) == set(told["labels"]), "those given, to begin with"
    browser.value(f"for (const each of {choice}.options) each.selected = each.value === 'order'")
    browser.value("document.getElementById('correct').requestSubmit()")
    assert browser.wait_for(f"{text_of('kept')}.startsWith('Thank you')"), browser.value(TEXT)
    row = json.loads(corrections.read_text().splitlines()[-1])
    assert (row["text"], row["labels"]) == (text, ["order"])


def test_tokens_are_shown_and_what_was_cut_off_is_named(browser, address):
    enter(browser, address)
    ask(browser, "hello there 👋🏽 you")
    pieces = "[...document.querySelectorAll('#tokens li:not(.added)')].map(x => x.textContent)"
    assert browser.value(f"{pieces}.join('')").replace(" ", "").startswith("hellothere")
    assert browser.value("document.querySelectorAll('#tokens .added').length") >= 1
    assert not browser.value(visible("unread"))
    ask(browser, "where is my parcel " * 20 + "zebra")
    assert browser.value(visible("unread"))
    assert browser.value(text_of("unread")).startswith("Not read: ")
    assert browser.value("document.querySelectorAll('#tokens li').length") == 16


def test_agreeing_and_correcting_are_kept_for_learning(browser, address, corrections):
    enter(browser, address)
    ask(browser, "a first text")
    told = post(address, "classify", {"text": "a first text"})
    first = "oos" if told["out_of_scope"] else told["intent"]
    browser.value("document.getElementById('agree').click()")
    assert browser.wait_for(f"{text_of('kept')}.startsWith('Thank you')"), browser.value(TEXT)
    assert browser.value("document.getElementById('agree').disabled"), "it could be sent twice"
    ask(browser, "a second text")
    assert browser.value(text_of("kept")) == ""
    other = browser.value("document.getElementById('right-label').options[1].value")
    choose(browser, "right-label", other)
    browser.value("document.getElementById('correct').requestSubmit()")
    assert browser.wait_for(f"{text_of('kept')}.startsWith('Thank you')"), browser.value(TEXT)
    rows = [json.loads(line) for line in corrections.read_text().splitlines()][-2:]
    assert [(row["text"], row["label"]) for row in rows] == [
        ("a first text", first),
        ("a second text", other),
    ]
    assert rows[1]["predicted"] != other


def test_another_model_is_chosen_and_takes_its_answer_with_it(browser, address):
    enter(browser, address)
    ask(browser, "hello")
    choose(browser, "model", "by-words")
    assert not browser.value(visible("answer")), "the answer is another model's"
    ask(browser, "hello")
    assert "tfidf" in browser.value(text_of("tokens-told"))
    assert "tfidf" in browser.value(text_of("about"))


FILES = {
    "rows.csv": '\ufeffid,text\n1,"where is, my ""parcel""?"\n2,"two\nlines"\n3,=1+1\n',
    "semicolon.csv": 'id;texto\n1;"where is, my ""parcel""?"\n2;"two\nlines"\n3;=1+1\n',
    "rows.jsonl": '{"text": "where is, my \\"parcel\\"?"}\n\n"two\\nlines"\n{"text": "=1+1"}\n',
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_answered_and_saved_without_a_formula(browser, address, place, name):
    (place / name).write_text(FILES[name], encoding="utf-8")
    enter(browser, address)
    try_file(browser, place / name)
    assert browser.value(ROWS) == 3, browser.value(text_of("file-fault"))
    wanted = ['where is, my "parcel"?', "two\nlines", "=1+1"]
    saved = place / "saved" / f"{name.split('.')[0]}-answers.csv"
    saved.unlink(missing_ok=True)
    browser.value("document.getElementById('save').click()")
    deadline = time.monotonic() + 20
    while not saved.exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    with saved.open(encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["line", "text", "label", "probability", "decision"]
    assert [row[1] for row in rows] == [*wanted[:2], "'=1+1"]
    told = post(address, "v1/classify", {"inputs": wanted})["data"]
    assert [row[2] for row in rows] == [each["label"] for each in told]
    assert [float(row[3]) for row in rows] == pytest.approx([each["score"] for each in told])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("bad.jsonl", b'{"text": "a"}\n{"text": \n', "Line 2"),
        ("none.jsonl", b'{"text": "a"}\n{"words": "b"}\n', "Line 2"),
        ("open.csv", b'text\nfine\n"never closed\n', "Line 3"),
        ("latin.txt", "qué".encode("latin-1"), "not UTF-8"),
        ("empty.txt", b"\n \n", "no text"),
        ("long.txt", b"a\n" + b"b" * 20_001, "Line 2"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_with_its_line(
    browser, address, place, name, content, said
):
    (place / name).write_bytes(content)
    enter(browser, address)
    try_file(browser, place / name)
    assert said in browser.value(text_of("file-fault"))
    assert browser.value(ROWS) == 0


def test_a_longer_file_ends_at_the_stated_number(browser, address, place):
    (place / "many.txt").write_text("".join(f"where is parcel {n}\n" for n in range(1_200)))
    enter(browser, address)
    try_file(browser, place / "many.txt")
    assert browser.value(ROWS) == 1_000
    assert "The first 1,000 of 1,200" in browser.value(text_of("file-state"))
    assert "1,000" in browser.value(text_of("file-hint"))


def test_spanish_is_spoken_by_switch_and_by_browser(browser, address):
    enter(browser, address)
    ask(browser, "hello")
    choose(browser, "language", "es")
    assert browser.value("document.documentElement.lang") == "es"
    spoken = browser.value(TEXT)
    for words in (
        "Probar un texto",
        "Probar un fichero",
        "umbral",
        "¿Es correcto?",
        "ida y vuelta",
    ):
        assert words in spoken
    untranslated = "[...document.querySelectorAll('[data-word]')].filter("
    untranslated += "each => each.textContent === each.dataset.word).length"
    assert browser.value(untranslated) == 0
    browser.open(f"{address}/")
    assert browser.wait_for("document.documentElement.lang === 'es'"), "it is not remembered"
    browser.value("localStorage.clear()")
    browser.call("Emulation.setLocaleOverride")
    browser.call("Emulation.setLocaleOverride", locale="es-ES")
    browser.call(
        "Emulation.setUserAgentOverride", userAgent="test", acceptLanguage="es-ES", platform="x"
    )
    enter(browser, address)
    assert browser.value("document.documentElement.lang") == "es"
    browser.call("Emulation.setLocaleOverride")
    browser.call("Emulation.setLocaleOverride", locale="en-GB")
    browser.call(
        "Emulation.setUserAgentOverride", userAgent="test", acceptLanguage="en-GB", platform="x"
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_read(browser, address, place, tmp_path, size, scheme):
    resize(browser, size)
    browser.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    (place / "some.txt").write_text("where is my parcel\nhello\nsupercalifragilistic" + "x" * 90)
    enter(browser, address)
    ask(browser, "where is my parcel? " * 6)
    try_file(browser, place / "some.txt")
    assert browser.value("document.documentElement.scrollWidth") <= SIZES[size][0]
    for language in ("es", "en"):
        choose(browser, "language", language)
        frame = "document.getElementById('results-frame')"
        assert browser.value(f"{frame}.scrollWidth <= {frame}.clientWidth"), language
    browser.screenshot(tmp_path / f"{size}-{scheme}.png", whole=True)
    assert (tmp_path / f"{size}-{scheme}.png").stat().st_size > 20_000
    for name in ("--ink", "--quiet", "--accent", "--bad", "--good", "--warn", "--bar"):
        least = 3.0 if name == "--bar" else 4.5  # WCAG 2.2: 1.4.11 and 1.4.3
        for ground in ("--paper", "--raised"):
            assert contrast(browser, name, ground) >= least, (name, ground, scheme)
    resize(browser, "desktop")


def contrast(browser: Browser, one: str, other: str) -> float:
    """WCAG's contrast ratio of two of the page's colours."""

    def luminance(name: str) -> float:
        script = f"getComputedStyle(document.documentElement).getPropertyValue('{name}')"
        value = browser.value(script).strip().lstrip("#")
        parts = [int(value[place : place + 2], 16) / 255 for place in (0, 2, 4)]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
        return sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_keyboard_alone_is_enough(browser, address):
    enter(browser, address)
    browser.value("document.getElementById('text').focus()")
    browser.call("Input.insertText", text="hello")
    key(browser, "Enter", 13, modifiers=2)
    assert browser.wait_for(visible("answer"), 30)
    reached = []
    for _ in range(40):
        key(browser, "Tab", 9)
        reached.append(browser.value("document.activeElement.id"))
        if reached[-1] == "agree":
            key(browser, "Enter", 13, text="\r")
    assert {"language", "model", "text", "ask-now", "agree", "right-label", "file"} <= set(reached)
    assert browser.wait_for(f"{text_of('kept')}.startsWith('Thank you')")


def test_a_screen_reader_hears_names_and_answers(browser, address):
    enter(browser, address)
    ask(browser, "hello")
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "textbox", "combobox", "link", "table", "region", "progressbar"}
    shown = [n for n in nodes if not n.get("ignored") and n.get("role", {}).get("value") in roles]
    assert len(shown) > 8
    assert [n["role"]["value"] for n in shown if not n.get("name", {}).get("value")] == []
    live = {n["role"]["value"] for n in nodes if not n.get("ignored")}
    assert "status" in live, "nobody says that the answer has come"


def test_with_keys_it_asks_for_one_and_keeps_it_nowhere(browser, place, models):
    secret = "a-key-of-thirty-two-characters-00"
    with server(place, models[1], APRENDIZ_SERVE_KEY=secret) as address:
        browser.open(f"{address}/")
        assert browser.wait_for(visible("gate")), browser.value(TEXT)
        assert not browser.value(visible("key-wrong"))
        for wrong in ("wrong", "clé"):
            fill(browser, "key", wrong)
            browser.value("document.getElementById('gate').requestSubmit()")
            assert browser.wait_for(visible("key-wrong")), f"{wrong!r} was not refused"
        fill(browser, "key", secret)
        browser.value("document.getElementById('gate').requestSubmit()")
        assert browser.wait_for(visible("main")), browser.value(TEXT)
        ask(browser, "hello")
        assert browser.value(visible("answer"))
        assert "APRENDIZ_SERVE_FEEDBACK" in browser.value(text_of("no-feedback"))
        assert not browser.value(visible("correct"))
        kept = "JSON.stringify([localStorage, sessionStorage, document.cookie, location.href])"
        assert secret not in browser.value(kept + " + document.documentElement.outerHTML")
        browser.open(f"{address}/")
        assert browser.wait_for(visible("gate")), "the key outlived the page"


def test_a_server_that_goes_away_is_noticed(browser, place, models):
    with server(place, models[1]) as address:
        enter(browser, address)
    ask(browser, "hello")
    assert "does not answer" in browser.value(text_of("ask-fault"))


def test_nothing_went_wrong_and_nothing_came_from_elsewhere(browser, address):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    policy = opener.open(f"{address}/").headers["content-security-policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    enter(browser, address)
    ask(browser, f"hello {EVIL_LABEL}")
    assert browser.value("faults.join()") == ""
    assert browser.value("document.querySelectorAll('img').length") == 0
    elsewhere = "performance.getEntriesByType('resource').filter(x => !x.name.startsWith("
    elsewhere += "location.origin)).length"
    assert browser.value(elsewhere) == 0
    assert browser.value("performance.getEntriesByType('resource').length") >= 10
