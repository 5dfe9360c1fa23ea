"""From a model folder of ``probe`` or ``finetune`` to a classifier that answers.

With a graph in the folder no torch is needed, and none is imported. torch answers where the
folder has no graph, where ``engine.json`` names it, and in a process that already uses a GPU
with it, which is quicker than any processor.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from aprendiz.interfaces import Classifier
from aprendiz.neural.engine import choice
from aprendiz.neural.engine.kinds import KINDS, WEIGHTS, load_engine_classifier
from aprendiz.neural.engine.runtimes import needing
from aprendiz.settings import set_library_default


def load(folder: Path, labels: Sequence[str]) -> Classifier:
    """Load what a training or an export wrote.

    Raises:
        ModelFolderError: a file is missing or does not fit the labels.
        MissingExtra: a library that the folder's engine needs is not installed.
    """
    chosen = choice.read(folder).engine
    has_weights = (folder / WEIGHTS).is_file()
    graphs = {kind.file for kind in KINDS.values()} - {WEIGHTS}
    without_graph = not any((folder / graph).is_file() for graph in graphs)
    if has_weights and (chosen == "torch" or without_graph or _gpu_in_use()):
        # Read once, when torch is first loaded; see methods/catalogue.py.
        set_library_default("GOMP_SPINCOUNT", "2000")
        with needing("train"):
            from aprendiz.neural import encoder
        return encoder.load(folder, labels)
    return load_engine_classifier(folder, tuple(labels))


def _gpu_in_use() -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and torch.cuda.is_available()
