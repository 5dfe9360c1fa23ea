"""The page in a real browser, as wide as a phone: nothing runs, nothing sticks out."""

from __future__ import annotations

import html as html_text
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from aprendiz.report.figures import draw
from aprendiz.report.page import render
from tests.unit.report.measured import facts, history, measured

CHROMIUM = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

# The frame is 390 pixels wide, which a headless window itself cannot be.
FRAME = """<!doctype html><meta charset="utf-8"><body>
<iframe style="width:390px;height:800px;border:0" srcdoc="{page}"></iframe>
<script>
document.querySelector("iframe").addEventListener("load", (event) => {{
  const inside = event.target.contentDocument;
  const images = [...inside.images];
  document.body.innerHTML = "<pre>" + JSON.stringify({{
    width: inside.documentElement.scrollWidth,
    images: images.length,
    loaded: images.filter((image) => image.naturalWidth > 0).length,
    widest: Math.max(...images.map((image) => image.getBoundingClientRect().width)),
    broken: window.broken === true,
  }}) + "</pre>";
}});
</script>"""


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")
def test_at_the_width_of_a_phone(tmp_path: Path):
    evaluation, mistakes = measured(8, 200)
    drawn, left_out = draw(evaluation, history(), tmp_path / "plots")
    page = render(facts(evaluation, mistakes), drawn, left_out)
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.format(page=html_text.escape(page)), encoding="utf-8")
    told = subprocess.run(
        [str(CHROMIUM), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}",
         "--virtual-time-budget=5000", "--dump-dom", frame.as_uri()],
        capture_output=True, text=True, timeout=120, check=True,
    ).stdout  # fmt: skip
    found = re.search(r"<pre>(.*?)</pre>", told, re.DOTALL)
    assert found, told[-500:]
    seen = json.loads(found[1])
    assert seen["width"] <= 390
    assert seen["images"] == seen["loaded"] == 10
    assert seen["widest"] <= 390
    assert not seen["broken"]
