"""Model folders are made whole or not at all."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path

import pytest

from aprendiz.artifact import manifest as manifests
from aprendiz.artifact.folder import building, can_resume
from aprendiz.artifact.manifest import Manifest
from aprendiz.errors import ModelFolderError


def a_manifest(**changes) -> Manifest:
    values = dict(
        method="tfidf",
        name="m",
        created="2026-01-01T00:00:00Z",
        labels=("a", "b"),
        threshold=0.7,
        recipe={},
        data={},
        scores={},
        training={},
        libraries={},
    )
    return Manifest(**{**values, **changes})


def make(out: Path, content: str = "weights") -> Manifest:
    with building(out, fingerprint="f", resume=False) as build:
        (build.files / "weights").write_text(content)
        (build.files / "plots").mkdir()
        (build.files / "plots" / "a.png").write_bytes(b"png")
        return build.seal(a_manifest())


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_a_sealed_folder_lists_and_verifies_its_files(tmp_path):
    sealed = make(tmp_path / "m")
    assert set(sealed.files) == {"weights", "plots/a.png"}
    read = manifests.read(tmp_path / "m")
    assert read == sealed
    manifests.verify(tmp_path / "m", read)
    assert names(tmp_path) == {"m"}


def test_an_older_model_is_replaced_and_the_version_changes(tmp_path):
    first = make(tmp_path / "m", "one")
    second = make(tmp_path / "m", "two")
    assert (tmp_path / "m" / "weights").read_text() == "two"
    assert first.version != second.version
    assert names(tmp_path) == {"m"}


def test_a_failure_leaves_the_old_model_and_no_rest(tmp_path):
    make(tmp_path / "m", "one")
    with pytest.raises(RuntimeError), building(tmp_path / "m", fingerprint="f", resume=False) as b:
        (b.files / "weights").write_text("half")
        raise RuntimeError
    assert (tmp_path / "m" / "weights").read_text() == "one"
    assert names(tmp_path) == {"m"}


def test_a_failure_with_a_checkpoint_can_be_resumed_by_the_same_work_only(tmp_path):
    out = tmp_path / "m"
    with pytest.raises(RuntimeError), building(out, fingerprint="f", resume=False) as build:
        (build.checkpoints / "checkpoint-1").mkdir()
        raise RuntimeError
    assert not out.exists()
    assert can_resume(out)
    with (
        pytest.raises(ModelFolderError, match="other examples or another recipe"),
        building(out, fingerprint="g", resume=True),
    ):
        pass
    with building(out, fingerprint="f", resume=True) as build:
        assert (build.checkpoints / "checkpoint-1").is_dir()
        (build.files / "weights").write_text("w")
        build.seal(a_manifest())
    assert names(tmp_path) == {"m"}


def test_nothing_to_resume_is_said_and_leaves_no_trace(tmp_path):
    with (
        pytest.raises(ModelFolderError, match="no interrupted training"),
        building(tmp_path / "m", fingerprint="f", resume=True),
    ):
        pass
    assert names(tmp_path) == set()


@pytest.mark.parametrize("stranger", ["file", "folder", "link"])
def test_what_stands_in_the_way_is_never_touched(tmp_path, stranger):
    out = tmp_path / "m"
    if stranger == "file":
        out.write_text("mine")
    elif stranger == "folder":
        out.mkdir()
        (out / "thesis.txt").write_text("mine")
    else:
        (tmp_path / "real").mkdir()
        out.symlink_to(tmp_path / "real")
    before = names(tmp_path)
    with pytest.raises(ModelFolderError), building(out, fingerprint="f", resume=False):
        pass
    assert names(tmp_path) == before


def _hold(out: Path, started, finish) -> None:
    with building(out, fingerprint="f", resume=False):
        started.set()
        finish.wait(20)


def test_two_trainings_of_one_folder_are_refused(tmp_path):
    context = multiprocessing.get_context("spawn")
    started, finish = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "m", started, finish))
    other.start()
    assert started.wait(20)
    with (
        pytest.raises(ModelFolderError, match="another training"),
        building(tmp_path / "m", fingerprint="f", resume=False),
    ):
        pass
    finish.set()
    other.join(20)


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "cannot be read"), ('{"format": 99}', "format 99"), ('{"format": 1}', "damaged")],
)
def test_a_manifest_that_cannot_be_used_is_explained(tmp_path, content, said):
    (tmp_path / manifests.NAME).write_text(content)
    with pytest.raises(ModelFolderError, match=said):
        manifests.read(tmp_path)


def test_a_folder_without_manifest_and_no_folder_are_told_apart(tmp_path):
    with pytest.raises(ModelFolderError, match="not a model folder"):
        manifests.read(tmp_path)
    with pytest.raises(ModelFolderError, match="no such"):
        manifests.read(tmp_path / "nowhere")


def test_a_listed_file_that_became_a_link_is_refused(tmp_path):
    make(tmp_path / "m")
    weights = tmp_path / "m" / "weights"
    weights.rename(tmp_path / "moved")
    weights.symlink_to(tmp_path / "moved")
    with pytest.raises(ModelFolderError, match="weights"):
        manifests.verify(tmp_path / "m", manifests.read(tmp_path / "m"))


def test_the_manifest_is_plain_json(tmp_path):
    make(tmp_path / "m")
    told = json.loads((tmp_path / "m" / manifests.NAME).read_text())
    assert told["files"]["weights"]["bytes"] == len("weights")
