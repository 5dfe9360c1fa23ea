"""What a server loads: nothing that was changed, nothing that can run."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest

from aprendiz.errors import ModelFolderError
from aprendiz.serving.service import load_model
from tests.conftest import EXAMPLES

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from aprendiz import workflow

    place = tmp_path_factory.mktemp("trained")
    (place / "rows.json").write_text(json.dumps(EXAMPLES))
    workflow.train(place / "rows.json", out=place / "model", method="tfidf", track=False)
    return place / "model"


def test_one_bit_of_any_file_is_enough_to_be_refused(folder: Path, tmp_path: Path) -> None:
    names = [file.relative_to(folder) for file in folder.rglob("*") if file.is_file()]
    assert len(names) >= 5
    for name in names:
        if name.name == "manifest.json":
            continue  # says what the others are; changed, it is another model's
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy)
        content = bytearray((copy / name).read_bytes())
        content[len(content) // 2] ^= 1
        (copy / name).write_bytes(bytes(content))
        with pytest.raises(ModelFolderError):
            load_model(copy)
        shutil.rmtree(copy)


class _Canary:
    """A pickle that makes a file when it is opened."""

    def __init__(self, trace: Path) -> None:
        self.trace = str(trace)

    def __reduce__(self) -> Any:
        return os.mkdir, (self.trace,)


@pytest.mark.parametrize(
    "name", ["model.pkl", "model.joblib", "pytorch_model.bin", "model.pt", "model.safetensors"]
)
def test_a_pickle_in_the_folder_is_never_opened(
    folder: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, trace = tmp_path / "copy", tmp_path / "it-ran"
    shutil.copytree(folder, copy)
    (copy / name).write_bytes(pickle.dumps(_Canary(trace)))

    def opened(*arguments: Any, **options: Any) -> Any:
        raise AssertionError("a pickle was opened")

    monkeypatch.setattr(pickle, "load", opened)
    monkeypatch.setattr(pickle, "loads", opened)
    monkeypatch.setattr(pickle, "Unpickler", opened)
    try:
        [prediction] = load_model(copy).predict(["I want my money back"])
        assert prediction.label == "refund"
    except ModelFolderError:
        pass
    assert not trace.exists()
