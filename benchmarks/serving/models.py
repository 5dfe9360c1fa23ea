"""The model that everybody serves, and a folder of it for each of our engines.

A probe on ten rows a label of Banking77: its network has the size and speed of a fine-tuned
one, and it is there after a few seconds.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from texts import Count

from aprendiz import workflow
from aprendiz.artifact import manifest as manifests
from aprendiz.data.read import read_examples
from aprendiz.neural.engine import choice, kinds
from aprendiz.neural.engine.bench import bench
from aprendiz.neural.engine.classifier import TextSettings
from aprendiz.neural.engine.export import export

REFUSED = "refused.json"
NOT_SERVED = shutil.ignore_patterns("*.pt", "*.html", "plots")  # read by no server
TRAIN, TEST = "banking77/train_10shot.csv", "banking77/test.csv"


def models_in(work: Path, data: Path) -> Path:
    """The folder of the models: ``trained``, and one for each engine; made if it is not there.

    Raises:
        AprendizError: the data cannot be used, or an export does not pass its gates.
    """
    place = work / "models"
    ready = place / "ready"
    if ready.is_file():
        return place
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    print("training and exporting the model (a minute) ...", file=sys.stderr, flush=True)
    train, test = data / TRAIN, data / TEST
    trained = place / "trained"
    workflow.train(train, out=trained, method="probe", test=test, track=False)
    if not (trained / kinds.GRAPH).is_file():
        whole = export(trained, place / "f32", data=[str(test)]).place
        shutil.copyfile(whole / kinds.GRAPH, trained / kinds.GRAPH)
        seal(trained)
    small = export(trained, place / "int8", dtype="int8", data=[str(train), str(test)]).place
    for name in kinds.KINDS:
        folder = place / name
        shutil.copytree(trained, folder, ignore=NOT_SERVED)
        shutil.copyfile(small / kinds.INT8_GRAPH, folder / kinds.INT8_GRAPH)
        choice.Choice(name, choice.read(small).gates).write(folder)
        seal(folder)
    # Whoever fails its gates may not answer, however quick it is; see docs/explanation/engines.md.
    found = bench(place / "torch", data=[str(test)], rounds=1, seconds=0.01)
    refused = {
        each.engine: each.verdict.in_words()
        for each in found.engines
        if each.verdict and not each.verdict.passed
    }
    (place / REFUSED).write_text(json.dumps(refused), encoding="utf-8")
    ready.touch()
    return place


def why_not(models: Path, engine: str) -> str:
    """Why an engine of ours may not or cannot answer here; empty if it can."""
    refused: dict[str, str] = json.loads((models / REFUSED).read_text(encoding="utf-8"))
    return refused.get(engine, "") or kinds.KINDS[engine].missing(models / engine)


def seal(folder: Path) -> None:
    """Hash a folder that was put together by hand."""
    manifest = manifests.read(folder)
    files = {
        path.relative_to(folder).as_posix(): manifests.digest(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != manifests.NAME
    }
    sealed = manifest.model_copy(update={"name": folder.name, "files": files})
    (folder / manifests.NAME).write_text(sealed.to_json(), encoding="utf-8")


def rows_of(data: Path) -> list[str]:
    """The texts of the test file."""
    return [example.text for example in read_examples(data / TEST).examples]


def counter(folder: Path) -> Count:
    """Counts the tokens of texts as the model's tokenizer cuts them, none left out."""
    settings = TextSettings.read(folder)
    texts = TextSettings(100_000, settings.pad, 1.0).text_encoder(folder)
    return lambda asked: [len(row) for row in texts.encode(asked)]
