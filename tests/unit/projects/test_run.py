"""Which steps run: with a light kind of project whose steps copy and join small files."""

from __future__ import annotations

import fcntl
import json
from pathlib import Path

import pytest

from aprendiz.errors import DataError, ProjectError
from aprendiz.projects.kinds import KINDS, Kind
from aprendiz.projects.run import run
from aprendiz.projects.steps import Context, NobodyWatches, Project, Step


class LightProject(Project):
    source: str
    ending: str = "!"
    broken: bool = False


def gather(context: Context) -> None:
    text = Path(context.project.source).read_text().strip()
    (context.output / "gathered.txt").write_text(text)


def build(context: Context) -> None:
    if context.project.broken:
        raise DataError("it broke", "mend it")
    folder = context.output / "built"
    folder.mkdir(exist_ok=True)
    text = (context.output / "gathered.txt").read_text()
    (folder / "a.txt").write_text(text + context.project.ending)


def tell(context: Context) -> None:
    (context.output / "told.txt").write_text((context.output / "built" / "a.txt").read_text())


STEPS = (
    Step("gather", "read", gather, ("gathered.txt",), files=lambda project: [project.source]),
    Step(
        "build", "join", build, ("built",), needs=("gather",),
        settings=lambda project: {"ending": project.ending, "broken": project.broken},
    ),
    Step("tell", "copy", tell, ("told.txt",), needs=("build",)),
)  # fmt: skip
ALL = {"gather": "done", "build": "done", "tell": "done"}
NONE = dict.fromkeys(ALL, "skipped")


class Witness(NobodyWatches):
    def __init__(self) -> None:
        self.seen: list[tuple[str, str]] = []

    def step(self, name, state, seconds):
        self.seen.append((name, state))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    kind = Kind(LightProject, STEPS, ("source",), lambda output: {})
    monkeypatch.setitem(KINDS, "light", kind)
    folder = tmp_path / "light"
    folder.mkdir()
    (folder / "source.txt").write_text("hello")
    (folder / "project.yaml").write_text(
        "name: light\ntitle: For tests\nkind: light\nsource: source.txt\n"
    )
    return folder


def states(project: Path, **options) -> dict[str, str]:
    return {result.name: result.state for result in run(project, **options)}


def test_everything_runs_once(project):
    assert states(project) == ALL
    assert (project / "output" / "told.txt").read_text() == "hello!"
    assert states(project) == NONE


def test_a_changed_file_runs_what_follows_from_it(project):
    states(project)
    (project / "source.txt").write_text("bye")
    assert states(project) == ALL
    assert (project / "output" / "told.txt").read_text() == "bye!"


def test_a_touched_file_with_the_same_content_runs_nothing(project):
    states(project)
    (project / "source.txt").write_text("hello")
    assert states(project) == NONE


def test_a_change_that_leaves_the_result_alone_stops_there(project):
    states(project)
    (project / "source.txt").write_text("hello\n\n")
    assert states(project) == {"gather": "done", "build": "skipped", "tell": "skipped"}


def test_a_changed_setting_runs_its_step_and_what_follows(project):
    states(project)
    assert states(project, changes={"ending": "?"}) == {**ALL, "gather": "skipped"}
    assert (project / "output" / "told.txt").read_text() == "hello?"


@pytest.mark.parametrize("harm", ["removed", "altered"])
def test_a_harmed_output_is_made_again(project, harm):
    states(project)
    path = project / "output" / "built" / "a.txt"
    if harm == "removed":
        path.unlink()
    else:
        path.write_text("something else")
    assert states(project)["build"] == "done"
    assert path.read_text() == "hello!"


def test_another_output_folder_starts_from_nothing(project, tmp_path):
    states(project)
    assert states(project, out=tmp_path / "other") == ALL
    assert (tmp_path / "other" / "told.txt").is_file()


def test_force_runs_everything(project):
    states(project)
    assert states(project, force=True) == ALL


def test_from_runs_that_step_and_goes_on(project):
    states(project)
    assert states(project, start="build") == {"build": "done", "tell": "skipped"}


def test_only_runs_one_step(project):
    states(project)
    assert states(project, only="build") == {"build": "done"}


@pytest.mark.parametrize("option", ["start", "only"])
def test_what_an_earlier_step_must_make_is_asked_for(project, option):
    with pytest.raises(ProjectError, match=r"'gather'.*is not done yet") as caught:
        run(project, **{option: "build"})
    assert "--from gather" in caught.value.hint


def test_an_altered_output_of_an_earlier_step_is_not_built_on(project):
    states(project)
    (project / "output" / "gathered.txt").write_text("forged")
    with pytest.raises(ProjectError, match="has changed since"):
        run(project, only="build")


@pytest.mark.parametrize("options", [{"start": "bake"}, {"only": "bake"}])
def test_an_unknown_step_lists_the_known(project, options):
    with pytest.raises(ProjectError, match="no step 'bake'") as caught:
        run(project, **options)
    assert "gather, build, tell" in caught.value.hint


def test_from_and_only_exclude_each_other(project):
    with pytest.raises(ProjectError, match="exclude"):
        run(project, start="build", only="build")


def test_a_failure_names_its_step_and_keeps_what_is_done(project):
    witness = Witness()
    with pytest.raises(DataError, match="step 'build': it broke") as caught:
        run(project, changes={"broken": True}, watcher=witness)
    assert caught.value.hint == "mend it"
    assert witness.seen[-1] == ("build", "failed")
    assert states(project) == {**ALL, "gather": "skipped"}


def test_a_step_that_fails_on_a_second_run_is_not_taken_as_done(project):
    states(project)
    with pytest.raises(DataError):
        run(project, changes={"broken": True})
    assert states(project)["build"] == "done"


def test_a_broken_promise_of_an_output_is_an_error(project, monkeypatch):
    idle = Step("gather", "nothing", lambda context: None, ("gathered.txt",))
    monkeypatch.setitem(KINDS, "light", Kind(LightProject, (idle,), ("source",), lambda output: {}))
    with pytest.raises(Exception, match="did not make"):
        run(project)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format": 99}', '{"format":1,"steps":{"build":3}}']
)
def test_a_damaged_ledger_only_costs_time(project, content):
    states(project)
    (project / "output" / "steps.json").write_text(content)
    assert states(project) == ALL


def test_no_partial_file_is_left_behind(project):
    states(project)
    assert not list((project / "output").glob("*.partial"))
    assert set(json.loads((project / "output" / "steps.json").read_text())["steps"]) == set(ALL)


def test_two_runs_at_once_are_refused(project):
    states(project)
    with (project / "output" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ProjectError, match="another run"):
            run(project)


def test_the_watcher_sees_each_step_begin_and_end(project):
    witness = Witness()
    run(project, watcher=witness)
    assert witness.seen == [(name, state) for name in ALL for state in ("running", "done")]
