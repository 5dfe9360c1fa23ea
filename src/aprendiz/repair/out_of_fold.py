"""Probabilities for every row from a model that has not seen it, nor anything like it.

Five folds; near duplicates are always in one. ``probe`` embeds every row once and fits five
heads; ``tfidf`` is trained five times as it is. Also the vectors in which rows are near
each other. Not for judging labels: that is ``evaluation/suspects.py``.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aprendiz.data.dataset import Dataset
from aprendiz.data.records import Example
from aprendiz.data.units import units_of
from aprendiz.errors import RecipeError
from aprendiz.interfaces import Observer, Workspace
from aprendiz.methods import catalogue
from aprendiz.recipe import Recipe
from aprendiz.tracking.memory import MemoryRun

if TYPE_CHECKING:
    import numpy as np

FOLDS = 5
METHODS = ("probe", "tfidf")

_ROWS_AT_ONCE = 512  # of the similarity matrix


@dataclass(frozen=True)
class OutOfFold:
    """What five models say about rows that they have not learnt.

    Attributes:
        probabilities: calibrated, shape ``(n, k)``, float64.
        judged: rows whose own label was learnt in their fold, shape ``(n,)``; a label of
            one cluster only cannot be judged.
    """

    probabilities: np.ndarray
    judged: np.ndarray


def fold_of(rows: Sequence[Example], cluster: Sequence[int], seed: int) -> np.ndarray:
    """The fold of each row, 0 to 4, shape ``(n,)``: near duplicates together, labels spread."""
    import numpy as np

    fold = np.zeros(len(rows), dtype=np.int64)
    by_label: dict[str, list[Any]] = {}
    for unit in sorted(units_of(rows, cluster, None, seed), key=lambda unit: unit.rank):
        by_label.setdefault(unit.label, []).append(unit)
    dealt = 0
    for label in sorted(by_label):
        for unit in by_label[label]:
            fold[unit.rows] = dealt % FOLDS
            dealt += 1
    return fold


def vectors_of(texts: Sequence[str], recipe: Recipe, tell: Observer) -> Any:
    """Each text as a vector of length 1, in the space that the method learns in.

    Returns:
        Shape ``(n, width)``: a dense float32 array for ``probe``, sparse for ``tfidf``.

    Raises:
        RecipeError: the method has no such space.
        MissingExtra: a library that the method needs is not installed.
    """
    if recipe.method == "probe":
        return _embeddings(texts, recipe, tell)
    if recipe.method == "tfidf":
        return _ngrams(texts, recipe)
    raise RecipeError(
        f"suspects cannot be found with {recipe.method!r}", f"choose one of: {', '.join(METHODS)}"
    )


def out_of_fold(
    rows: Sequence[Example], vectors: Any, fold: np.ndarray, recipe: Recipe, tell: Observer
) -> OutOfFold:
    """Probabilities for every row from the four folds that it is not in.

    Args:
        rows: the examples.
        vectors: what :func:`vectors_of` made of them.
        fold: what :func:`fold_of` made of them.
        recipe: of one of ``METHODS``.
        tell: told of every fold.
    """
    import numpy as np

    labels = sorted({row.label for row in rows})
    number = {label: at for at, label in enumerate(labels)}
    given = np.array([number[row.label] for row in rows])
    probabilities = np.zeros((len(rows), len(labels)))
    strength = _penalty(vectors, given, len(labels), recipe) if recipe.method == "probe" else 0.0
    for one in range(FOLDS):
        learnt, held_out = np.flatnonzero(fold != one), np.flatnonzero(fold == one)
        if len(held_out) and len(learnt):
            present = np.unique(given[learnt])
            if recipe.method == "probe":
                told = _heads(vectors, given, present, learnt, held_out, strength, recipe.seed)
            else:
                told = _trained(rows, learnt, held_out, recipe, tell)
            probabilities[np.ix_(held_out, present)] = told
        tell.progress("out-of-fold models", one + 1, FOLDS)
    learnt_with = np.zeros((FOLDS, len(labels)), dtype=bool)
    for one in range(FOLDS):
        learnt_with[one, given[fold != one]] = True
    return OutOfFold(probabilities, learnt_with[fold, given])


def nearest(vectors: Any, count: int, tell: Observer) -> tuple[np.ndarray, np.ndarray]:
    """The rows nearest to each row, itself left out, nearest first.

    Args:
        vectors: of length 1, shape ``(n, width)``, dense or sparse.
        count: how many; fewer where there are not so many rows.
        tell: told how far it has come.

    Returns:
        Positions and cosine similarities, both of shape ``(n, count)``.
    """
    import numpy as np

    rows = vectors.shape[0]
    count = min(count, rows - 1)
    places = np.zeros((rows, count), dtype=np.int64)
    similarity = np.zeros((rows, count))
    for begin in range(0, rows, _ROWS_AT_ONCE):
        some = vectors[begin : begin + _ROWS_AT_ONCE] @ vectors.T
        some = np.array(some.toarray() if hasattr(some, "toarray") else some, dtype=np.float32)
        here = np.arange(len(some))
        some[here, begin + here] = -2.0
        top = np.argpartition(-some, count - 1, axis=1)[:, :count]
        # Equal similarities in the order of the rows, so that every machine shows the same.
        order = np.lexsort((top, -np.take_along_axis(some, top, axis=1)), axis=1)
        places[begin + here] = np.take_along_axis(top, order, axis=1)
        similarity[begin + here] = np.take_along_axis(some, places[begin + here], axis=1)
        tell.progress("nearest neighbours", begin + len(some), rows)
    return places, similarity


def _embeddings(texts: Sequence[str], recipe: Any, tell: Observer) -> np.ndarray:
    catalogue.trainer("probe")  # says which extra is missing
    import numpy as np

    from aprendiz.neural import base_models, device, encoder, tokenize

    base = base_models.resolve(recipe.base_model)
    hardware = device.plan("fp32")
    tell.say(f"encoder {base.name} ({base.origin}) on {hardware.name}")
    tokenizer = tokenize.load_tokenizer(base.folder)
    cutter = tokenize.TextEncoder(
        tokenizer.backend_tokenizer,
        min(recipe.max_length, base.longest),
        int(tokenizer.pad_token_id or 0),
    )
    network = encoder.PooledClassifier(
        encoder.load_encoder(base.folder), 1, base.pooling, base.normalize
    )
    network.to(hardware.device).eval()
    embedded = encoder.run_batched(
        network.embed,
        cutter.encode(texts),
        cutter.pad,
        hardware.device,
        lambda done, total: tell.progress("embedding", done, total),
    )
    lengths = np.linalg.norm(embedded, axis=1, keepdims=True)
    return np.asarray(embedded / np.maximum(lengths, 1e-12))


def _ngrams(texts: Sequence[str], recipe: Any) -> Any:
    catalogue.trainer("tfidf")
    from aprendiz.methods.tfidf.predict import features

    kinds = features(recipe.word_ngrams, recipe.character_ngrams, recipe.max_features)
    matrix = kinds.fit_transform(texts).tocsr()
    # Each of the kinds has length 1, or 0 where a text has nothing of it.
    return matrix * len(kinds.transformer_list) ** -0.5


def _penalty(vectors: Any, given: np.ndarray, labels: int, recipe: Any) -> float:
    from aprendiz.neural.linear_head import fit_head

    if recipe.regularization != "auto":
        return float(recipe.regularization)
    return fit_head(vectors, given, labels, seed=recipe.seed).regularization


def _heads(
    vectors: Any,
    given: np.ndarray,
    present: np.ndarray,
    learnt: np.ndarray,
    held_out: np.ndarray,
    strength: float,
    seed: int,
) -> np.ndarray:
    """Probabilities of the labels present, for the rows held out, by a head on the others."""
    import numpy as np

    from aprendiz.evaluation.calibration import softmax
    from aprendiz.neural.linear_head import fit_head

    if len(present) == 1:
        return np.ones((len(held_out), 1))
    numbers = np.searchsorted(present, given[learnt])
    head = fit_head(vectors[learnt], numbers, len(present), regularization=strength, seed=seed)
    logits = vectors[held_out] @ head.weight.T + head.bias
    return softmax(logits, head.temperature)


def _trained(
    rows: Sequence[Example],
    learnt: np.ndarray,
    held_out: np.ndarray,
    recipe: Recipe,
    tell: Observer,
) -> np.ndarray:
    """The same by a whole training of the method."""
    import numpy as np

    dataset = Dataset.of(rows[at] for at in learnt)
    if len(dataset.labels) == 1:
        return np.ones((len(held_out), 1))
    with tempfile.TemporaryDirectory() as folder:
        work = Workspace(Path(folder), Path(folder), False, MemoryRun(), _Quiet(tell))
        catalogue.trainer(recipe.method)(dataset, recipe, work)
        model = catalogue.loader(recipe.method)(Path(folder), dataset.labels)
    return model.probabilities([rows[at].text for at in held_out])


class _Quiet:
    """An observer that passes progress on but not what each of five trainings says."""

    def __init__(self, tell: Observer) -> None:
        self._tell = tell

    def say(self, message: str) -> None:
        """Ignore."""

    def progress(self, task: str, done: int, total: int) -> None:
        """Pass on."""
        self._tell.progress(task, done, total)
