"""`pip install aprendiz` without an extra predicts and serves: nothing else can even be imported.

What the core's dependencies bring, and what those bring, is read from the installed metadata;
every other installed library is hidden from a fresh process.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from aprendiz import workflow
from aprendiz.neural.engine.export import export
from tests.guards import house
from tests.planted_rows import rows_of_several, rows_with_strangers

TEXTS = ["hello my dear friend", "how old is the sea", "two coffees, a refund"]
HIDING = """
import json, sys

class Hidden:
    names = set(json.loads({hidden!r}))

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in cls.names:
            raise ModuleNotFoundError(f"{{name}} is not in the core", name=top)
        return None

sys.meta_path.insert(0, Hidden)
from aprendiz.cli.main import run
run()
"""


def hidden() -> set[str]:
    """Top-level names of all installed libraries that the core does not bring."""
    lines = house.pyproject(house.ROOT)["project"]["dependencies"]
    waiting = [house.canonical(re.split(r"[\s\[<>=!~;]", line, maxsplit=1)[0]) for line in lines]
    core = {"aprendiz"}
    while waiting:
        name = waiting.pop()
        if name not in core:
            core.add(name)
            waiting += house.needs(name)
    homes = metadata.packages_distributions().items()
    return {top for top, all_ in homes if core.isdisjoint(house.canonical(each) for each in all_)}


def aprendiz(*arguments: str) -> subprocess.Popen[str]:
    code = HIDING.format(hidden=json.dumps(sorted(hidden())))
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "APRENDIZ_HOME": "/nonexistent"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def train(folder: Path, rows: list[dict[str, object]], recipe: dict[str, object]) -> Path:
    source = folder / "rows.jsonl"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return workflow.train(source, out=folder / "model", recipe=recipe, track=False).folder


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Path:
    recipe = {"method": "probe", "base_model": str(tiny_encoder), "max_length": 32}
    folder = tmp_path_factory.mktemp("light")
    return export(train(folder, rows_with_strangers(), recipe)).place


@pytest.fixture(scope="module")
def words(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("words"), rows_with_strangers(), {"method": "tfidf"})


@pytest.fixture(scope="module")
def several(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train(tmp_path_factory.mktemp("several"), rows_of_several(), {"method": "tfidf"})


def test_the_libraries_that_learn_are_hidden() -> None:
    assert {"torch", "transformers", "sklearn", "scipy"} <= hidden()
    assert {"numpy", "onnxruntime", "tokenizers", "safetensors", "fastapi"}.isdisjoint(hidden())


@pytest.mark.parametrize("kind", ["exported", "words", "several"])
def test_the_core_predicts_and_judges_as_every_extra_does(
    kind: str, request: pytest.FixtureRequest
) -> None:
    folder = request.getfixturevalue(kind)
    process = aprendiz("predict", str(folder), *TEXTS, "--json")
    said, talk = process.communicate(timeout=60)
    assert process.returncode == 0, talk
    expected = [each.as_dict() for each in workflow.load(folder).predict(TEXTS)]
    assert json.loads(said) == expected
    assert kind == "several" or expected[0]["scope"] is not None


def test_the_core_serves(exported: Path) -> None:
    process = aprendiz("serve", str(exported), "--port", "0")
    assert process.stderr is not None
    talk: list[str] = []
    try:
        for line in process.stderr:
            talk.append(line)
            if line.startswith("ready:"):
                break
        found = re.search(r"listening on (http://\S+?),", "".join(talk))
        assert found, talk
        told = post(f"{found.group(1)}/classify", {"text": TEXTS[1]})
    finally:
        process.send_signal(signal.SIGTERM)
        rest = process.communicate(timeout=30)
    assert process.returncode == 0, rest
    [answer] = workflow.load(exported).predict([TEXTS[1]])
    assert (told["decision"], told["scope"]) == (answer.decision, pytest.approx(answer.scope))


def post(address: str, body: object) -> Any:
    request = urllib.request.Request(
        address, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=30) as answer:
        return json.loads(answer.read())
