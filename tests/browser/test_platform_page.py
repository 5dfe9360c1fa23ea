"""The platform's page in a real browser: a key, a job with its curve, an answer, trouble.

One platform and one browser for the whole file; the tests go the way a reader would, in order.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.browser.chromium import CHROMIUM, Browser
from tests.conftest import EXAMPLES
from tests.platforms import Running, platform

pytest.importorskip("torch")
pytest.importorskip("sqlalchemy")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on this machine"),
]

# A label that would do something if it were ever taken for markup.
EVIL_LABEL = "refund <img src=x onerror=document.body.remove()>"
SUFFIX = "parcels"
# What the browser itself finds wrong with the page, collected from its first line on.
WATCH = """
window.faults = [];
document.addEventListener("securitypolicyviolation", e => faults.push(e.violatedDirective));
addEventListener("error", e => faults.push(String(e.message)));
addEventListener("unhandledrejection", e => faults.push(String(e.reason)));
"""
SIZES = {"desktop": (1280, 900), "phone": (390, 844)}
TEXT = "document.body.innerText"
STATE = "document.getElementById('job-state').textContent"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("page")


@pytest.fixture(scope="module")
def running(place: Path) -> Iterator[Running]:
    with platform(place / "home") as running:
        yield running


@pytest.fixture(scope="module")
def browser(place: Path) -> Iterator[Browser]:
    browser = Browser(place / "profile")
    browser.call("Page.enable")
    browser.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
    browser.call("Emulation.setLocaleOverride", locale="en-GB")
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
    """A script: whether the element is on the page and shown."""
    return f"!!document.getElementById('{id}')?.checkVisibility()"


def text_of(id: str) -> str:
    return f"document.getElementById('{id}').textContent"


def press(browser: Browser, id: str) -> None:
    browser.value(f"document.getElementById('{id}').click()")


def fill(browser: Browser, id: str, text: str) -> None:
    """Type a text as a keyboard would, in place of what was there."""
    browser.value(f"document.getElementById('{id}').focus()")
    browser.value(f"document.getElementById('{id}').select()")
    browser.call("Input.insertText", text=text)


def choose_file(browser: Browser, id: str, path: Path) -> None:
    root = browser.call("DOM.getDocument")["root"]["nodeId"]
    found = browser.call("DOM.querySelector", nodeId=root, selector=f"#{id}")
    browser.call("DOM.setFileInputFiles", files=[str(path)], nodeId=found["nodeId"])


def conversations(path: Path, times: int = 1) -> Path:
    """The house's thirty examples as chat JSONL, each ``times`` times in slightly other words."""
    rows = [
        (f"{text} {'please ' * turn}".strip(), EVIL_LABEL if label == "refund" else label)
        for turn in range(times)
        for label, texts in EXAMPLES.items()
        for text in texts
    ]
    lines = [
        {"messages": [{"role": "user", "content": text}, {"role": "assistant", "content": label}]}
        for text, label in rows
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def ask(running: Running, path: str, body: object = None) -> dict:
    """The service's own word, without browser and client library."""
    request = urllib.request.Request(
        f"{running.url}/v1/{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {running.key}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as answer:
        return json.loads(answer.read())


def enter(browser: Browser, running: Running) -> None:
    """Open the page and give the key if it asks."""
    browser.open(f"{running.url}/")
    assert browser.wait_for(f"{visible('gate')} || {visible('main')}"), "the page shows nothing"
    if browser.value(visible("gate")):
        fill(browser, "key", running.key)
        browser.value("document.getElementById('gate').requestSubmit()")
    assert browser.wait_for(visible("main")), browser.value(TEXT)


def test_a_wrong_key_is_refused_and_the_right_one_shows_the_first_five_lines(browser, running):
    browser.open(f"{running.url}/")
    assert browser.wait_for(visible("gate")), "no place for the key"
    for wrong in ("sk-wrong", "clé"):
        fill(browser, "key", wrong)
        browser.value("document.getElementById('gate').requestSubmit()")
        assert browser.wait_for(visible("key-wrong")), f"{wrong!r} was not refused"
        assert not browser.value(visible("main"))
    enter(browser, running)
    assert browser.value(visible("none"))
    lines = browser.value(text_of("first-lines"))
    assert len(lines.splitlines()) == 5
    assert f'base_url="{running.url}/v1"' in lines
    compile(lines, "the first five lines", "exec")
    assert running.key not in browser.value("location.href + document.documentElement.outerHTML")
    browser.open(f"{running.url}/")  # the tab still knows it
    assert browser.wait_for(visible("main"))


def test_a_job_is_started_and_its_curve_grows_until_it_ends(browser, running, place, tiny_encoder):
    enter(browser, running)
    choose_file(browser, "training", conversations(place / "training.jsonl", times=8))
    choose_file(browser, "validation", conversations(place / "validation.jsonl"))
    fill(browser, "base", f"finetune:{tiny_encoder}")
    fill(browser, "suffix", SUFFIX)
    browser.value("document.getElementById('start').requestSubmit()")
    line = "document.querySelector('#curve polyline.training')"
    grown = f"{line}?.points.numberOfItems > 1"
    assert browser.wait_for(f"{grown} || {visible('start-fault')}"), browser.value(TEXT)
    assert not browser.value(visible("start-fault")), browser.value(text_of("start-fault"))
    assert browser.wait_for(f"{STATE}.startsWith('finished')", 120), browser.value(STATE)

    job = ask(running, "fine_tuning/jobs")["data"][0]
    assert job["user_provided_suffix"] == SUFFIX == browser.value(text_of("job-title"))
    events = ask(running, f"fine_tuning/jobs/{job['id']}/events?limit=1000")["data"]
    figures = [event["data"] for event in events if event["type"] == "metrics"]
    steps = {each["step"] for each in figures if each.get("train_loss") is not None}
    assert browser.value(f"{line}.points.numberOfItems") == len(steps) > 2
    assert browser.value("!!document.querySelector('#curve polyline.validation')")
    assert browser.value("document.querySelectorAll('#legend span').length") == 2
    assert browser.value("document.querySelectorAll('#events li').length") == len(events)
    kept = ask(running, f"fine_tuning/jobs/{job['id']}/checkpoints")["data"]
    assert browser.value("document.querySelectorAll('#checkpoints tr').length") == len(kept) > 0
    numbers = job["method"]["supervised"]["hyperparameters"]
    assert f"Batch size\n{numbers['batch_size']}" in browser.value(
        "document.getElementById('settings').innerText"
    )
    assert browser.value(visible("result"))
    assert not browser.value(f"{visible('cancel')} || {visible('pause')} || {visible('resume')}")


def test_it_asks_no_more_once_every_job_has_ended(browser, running):
    enter(browser, running)
    browser.wait_for("document.querySelectorAll('#events li').length > 0")
    time.sleep(1)  # what is under way comes home
    asked = "performance.getEntriesByType('resource').length"
    before = browser.value(asked)
    time.sleep(2.5)
    assert browser.value(asked) == before
    press(browser, "refresh")
    assert browser.wait_for(f"{asked} > {before}", 5)


def test_an_answer_comes_with_the_probability_of_each_label(browser, running):
    enter(browser, running)
    assert browser.wait_for(visible("trial"))
    fill(browser, "trial-text", "please refund my payment")
    browser.value("document.getElementById('trial').requestSubmit()")
    assert browser.wait_for(f"{visible('answer')} && {text_of('answer-text')}", 30)
    told = ask(running, "chat/completions", {
        "model": browser.value("document.getElementById('trial-model').value"),
        "messages": [{"role": "user", "content": "please refund my payment"}],
        "logprobs": True, "top_logprobs": 3,
    })  # fmt: skip
    choice = told["choices"][0]
    assert browser.value(text_of("answer-text")) == choice["message"]["content"]
    labels = "[...document.querySelectorAll('#bars th')].map(each => each.textContent).join('|')"
    tokens = [each["token"] for each in choice["logprobs"]["content"][0]["top_logprobs"]]
    assert browser.value(labels).split("|") == tokens
    assert sorted(tokens) == sorted([EVIL_LABEL, "greet", "order"])
    shares = "[...document.querySelectorAll('#bars td.number')].map(x => parseFloat(x.textContent))"
    assert browser.value(f"{shares}.reduce((a, b) => a + b)") == pytest.approx(100, abs=0.2)
    assert browser.value(text_of("answer-time")).endswith(" ms")


def test_a_checkpoint_is_tried_from_its_row(browser, running):
    enter(browser, running)
    browser.wait_for("!!document.querySelector('#checkpoints button')")
    browser.value("document.querySelector('#checkpoints button').click()")
    chosen = browser.value("document.getElementById('trial-model').value")
    assert ":ckpt-step-" in chosen
    assert json.dumps(chosen) in browser.value(text_of("code"))
    assert browser.value("document.activeElement.id") == "trial-text"


def test_a_bad_file_is_refused_with_its_line(browser, running, place):
    enter(browser, running)
    bad = conversations(place / "bad.jsonl")
    bad.write_text(bad.read_text() + '{"messages": <img src=x onerror=document.body.remove()>}\n')
    choose_file(browser, "training", bad)
    browser.value("document.getElementById('start').requestSubmit()")
    assert browser.wait_for(visible("start-fault"), 30), browser.value(text_of("start-state"))
    assert "31" in browser.value(text_of("start-fault"))
    assert len(ask(running, "fine_tuning/jobs")["data"]) == 1


def test_spanish_is_spoken_and_remembered(browser, running):
    enter(browser, running)
    speak = "const s = document.getElementById('language'); s.value = '{}';"
    speak += "s.dispatchEvent(new Event('change'))"
    browser.value(f"(() => {{ {speak.format('es')} }})()")
    enter(browser, running)
    assert browser.wait_for(f"{STATE}.startsWith('terminado')"), browser.value(STATE)
    assert browser.value("document.documentElement.lang") == "es"
    spoken = browser.value(TEXT)
    assert [
        each for each in ("Trabajos", "Sucesos", "Probar un modelo") if each not in spoken
    ] == []
    untranslated = "[...document.querySelectorAll('[data-word]')].filter("
    untranslated += "each => each.textContent === each.dataset.word).length"
    assert browser.value(untranslated) == 0
    browser.value(f"(() => {{ {speak.format('en')} }})()")
    assert browser.wait_for(f"{STATE}.startsWith('finished')")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_and_can_be_read(browser, running, tmp_path, size, scheme):
    resize(browser, size)
    browser.call(
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}]
    )
    enter(browser, running)
    assert browser.wait_for("!!document.querySelector('#curve svg')")
    assert browser.value("document.documentElement.scrollWidth") <= SIZES[size][0]
    letters = "document.querySelector('#curve svg').getBoundingClientRect().width /"
    letters += "document.querySelector('#curve svg').viewBox.baseVal.width"
    assert browser.value(letters) == pytest.approx(1, abs=0.05), "the curve's letters are scaled"
    for name in ("--ink", "--quiet", "--accent", "--bad", "--good", "--warn", "--training"):
        least = 3.0 if name == "--training" else 4.5  # WCAG 2.2: 1.4.11 and 1.4.3
        assert contrast(browser, name, "--paper") >= least, (name, scheme)
    browser.screenshot(tmp_path / f"{size}-{scheme}.png", whole=True)
    assert (tmp_path / f"{size}-{scheme}.png").stat().st_size > 20_000
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


def test_every_field_and_button_has_a_name_and_the_keyboard_reaches_it(browser, running):
    enter(browser, running)
    browser.wait_for("!!document.querySelector('#events li')")
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    roles = {"button", "textbox", "combobox", "img", "progressbar", "link", "ComboBoxMenuList"}
    shown = [n for n in nodes if not n.get("ignored") and n.get("role", {}).get("value") in roles]
    nameless = [n["role"]["value"] for n in shown if not n.get("name", {}).get("value")]
    assert len(shown) > 10
    assert nameless == []
    reached = set()
    for _ in range(40):
        for kind in ("keyDown", "keyUp"):
            browser.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab",
                         windowsVirtualKeyCode=9)  # fmt: skip
        reached.add(browser.value("document.activeElement.id || document.activeElement.className"))
    assert {"language", "refresh", "entry", "result", "trial-text", "start-now"} <= reached


def test_nothing_went_wrong_in_the_browser_and_nothing_was_taken_for_markup(browser, running):
    policy = urllib.request.build_opener(urllib.request.ProxyHandler({})).open(running.url)
    assert "script-src 'self'" in policy.headers["content-security-policy"]
    assert "unsafe" not in policy.headers["content-security-policy"]
    enter(browser, running)
    browser.wait_for("!!document.querySelector('#events li')")
    assert browser.value("faults.join()") == ""
    assert browser.value("document.querySelectorAll('img, b').length") == 0
    elsewhere = "performance.getEntriesByType('resource').filter(x => !x.name.startsWith("
    elsewhere += "location.origin)).length"
    assert browser.value(elsewhere) == 0


def test_a_job_is_paused_resumed_and_cancelled_by_its_buttons(
    browser, running, place, tiny_encoder
):
    file = ask(running, "fine_tuning/jobs")["data"][0]["training_file"]
    job = ask(running, "fine_tuning/jobs", {
        "model": f"finetune:{tiny_encoder}", "training_file": file,
        "hyperparameters": {"n_epochs": 50, "batch_size": 1},
    })  # fmt: skip
    enter(browser, running)
    browser.value("window.confirm = () => true")
    for button, status in (("pause", "paused"), ("resume", "running"), ("cancel", "cancelled")):
        assert browser.wait_for(visible(button)), browser.value(STATE)
        press(browser, button)
        word = {"running": "learning"}.get(status, status)
        assert browser.wait_for(f"{STATE}.startsWith('{word}')"), browser.value(STATE)
        assert ask(running, f"fine_tuning/jobs/{job['id']}")["status"] == status
    assert not browser.value(f"{visible('pause')} || {visible('resume')} || {visible('cancel')}")
    assert "cancelled" in browser.value("document.getElementById('events').textContent")


def test_a_platform_that_goes_away_is_noticed_and_welcomed_back(browser, place):
    home = place / "other"
    with platform(home) as first:
        made = [sys.executable, "-m", "aprendiz", "platform", "key", "new", "page"]
        key = subprocess.run(
            [*made, "--home", str(home)], check=True, capture_output=True, text=True
        ).stdout.strip()
        enter(browser, replace(first, key=key))  # the ready file's key ends with its service
    press(browser, "refresh")
    assert browser.wait_for(visible("trouble"), 10), "nobody says that the platform is gone"
    assert "does not answer" in browser.value(text_of("trouble"))
    with platform(home, "--port", first.url.rsplit(":", 1)[1]):
        assert browser.wait_for(f"!{visible('trouble')}", 40), "it is back, and nobody saw it"
        assert browser.value(visible("main")) and not browser.value(visible("gate"))
