"""Snapshots of a model in the middle of its training, each a whole model folder.

The Trainer's own checkpoints are for going on with a training and are gone at its end;
a snapshot is for using: it loads, answers and moves like any model folder.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from aprendiz import recipe as recipes
from aprendiz.artifact import decision as rules
from aprendiz.artifact.decision import Decisions, LabelRules
from aprendiz.artifact.describe import describe
from aprendiz.artifact.folder import building
from aprendiz.data.chat.prepare import PreparedChats
from aprendiz.data.frozen import NAME as SPLIT
from aprendiz.data.multi_dataset import MultiDataset
from aprendiz.data.prepare import Prepared
from aprendiz.interfaces import Listener, Trained, WriteFiles
from aprendiz.recipe import Recipe

MOST = 3  # as many as the vendors keep
_HALF = 0.5


class Album:
    """Keeps the last ``MOST`` snapshots of one training as ``FOLDER/step-N``.

    Args:
        folder: where they go.
        recipe: what is learnt with.
        prepared: what is learnt from.
        threshold: confidence under which an answer asks again.
        listener: told of each snapshot once it is sealed.
    """

    def __init__(
        self,
        folder: Path,
        recipe: Recipe,
        prepared: Prepared | PreparedChats,
        threshold: float,
        listener: Listener | None = None,
    ) -> None:
        self._folder = folder
        self._recipe = recipe
        self._prepared = prepared
        self._threshold = threshold
        self._listener = listener

    def keep(self, step: int, write: WriteFiles, values: Mapping[str, float]) -> None:
        """Seal what ``write`` puts into a folder; one of the same step is replaced.

        A training that goes on after an interruption may take a snapshot once more.
        """
        out = self._folder / f"step-{step}"
        with building(out, fingerprint=f"snapshot {step}", resume=False) as build:
            write(build.files)
            (build.files / "recipe.yaml").write_text(recipes.dump(self._recipe), encoding="utf-8")
            self._prepared.freeze().write(build.files / SPLIT)
            if isinstance(dataset := self._prepared.dataset, MultiDataset):
                # Nothing else says that a text may have several; thresholds come at the end.
                several = LabelRules.of_threshold(dataset.labels, _HALF)
                answer = Decisions.of_threshold(_HALF).answer
                rules.write(build.files, Decisions(answer=answer, several=several))
            taken = Trained({"step": step, **values}, chose_on_validation=False, huggingface=False)
            build.seal(
                describe(
                    out, self._recipe, self._prepared, taken, "none", None, 0.0, self._threshold
                )
            )
        for old in self._steps()[:-MOST]:
            shutil.rmtree(self._folder / f"step-{old}", ignore_errors=True)
        if self._listener:
            self._listener.snapshot(step, out, values)

    def _steps(self) -> list[int]:
        return sorted(int(path.name.split("-")[1]) for path in self._folder.glob("step-*"))
