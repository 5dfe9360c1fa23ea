"""Takes the pictures of ``how-to/try-a-model.md``: a real server, a real browser, a real model.

    python docs/capture_playground.py http://127.0.0.1:8000

Needs Chromium, Pillow, and a server of a model of the assistant intents, started with
``APRENDIZ_SERVE_FEEDBACK``. Run it again when the page has changed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.browser.chromium import Browser

PICTURES = Path(__file__).parent / "how-to" / "pictures"
FILE = """text
what is going on in the world?
will I need an umbrella tomorrow?
show me my profile
tell me a joke
how do I bake bread?
"""


def take(browser: Browser, address: str, name: str, language: str, width: int, text: str) -> None:
    """One picture: a text and a file that have been answered."""
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=800, deviceScaleFactor=1, mobile=width < 600,
    )  # fmt: skip
    browser.call("Emulation.setScrollbarsHidden", hidden=True)  # it would cost the right margin
    browser.open(f"{address}/")
    assert browser.wait_for("!!document.getElementById('main')?.checkVisibility()")
    browser.value(f"document.getElementById('language').value = '{language}'")
    browser.value("document.getElementById('language').dispatchEvent(new Event('change'))")
    browser.value("document.getElementById('text').focus()")
    browser.call("Input.insertText", text=text)
    browser.value("document.getElementById('ask').requestSubmit()")
    assert browser.wait_for("!!document.getElementById('answer')?.checkVisibility()")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "questions.csv"
        file.write_text(FILE)
        root = browser.call("DOM.getDocument")["root"]["nodeId"]
        found = browser.call("DOM.querySelector", nodeId=root, selector="#file")
        browser.call("DOM.setFileInputFiles", files=[str(file)], nodeId=found["nodeId"])
        browser.value("document.getElementById('file-form').requestSubmit()")
        assert browser.wait_for("!!document.getElementById('save')?.checkVisibility()")
        browser.wait_for("!document.getElementById('file-now').disabled")
    browser.value("document.activeElement.blur()")
    PICTURES.mkdir(exist_ok=True)
    browser.screenshot(PICTURES / name, whole=True)
    with Image.open(PICTURES / name) as picture:
        picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE).save(
            PICTURES / name, optimize=True
        )


def main(address: str) -> None:
    """Both pictures."""
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(Path(profile))
        try:
            take(browser, address, "playground.png", "en", 1120, "what is happening in the world?")
            take(browser, address, "playground-es.png", "es", 390, "bake me a loaf of bread")
        finally:
            browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
