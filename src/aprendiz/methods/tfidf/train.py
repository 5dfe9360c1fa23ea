"""``tfidf``: n-gram counts, weighted, into a linear support vector machine."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import KFold, StratifiedKFold
from sklearn.pipeline import FeatureUnion
from sklearn.svm import LinearSVC

from aprendiz.data.dataset import Dataset
from aprendiz.data.multi_dataset import MultiDataset
from aprendiz.evaluation.calibration import fit_temperature, softmax
from aprendiz.evaluation.platt import fit_platt
from aprendiz.evaluation.scope import LEAST_ROWS, Scale
from aprendiz.interfaces import HeldOut, Trained, Workspace
from aprendiz.methods.tfidf.predict import ARRAYS, DETECTOR, SETTINGS, features
from aprendiz.methods.tfidf.recipe import TfidfRecipe

_FOLDS = 3
_FOLDS_OF_SEVERAL = 5  # without strata, so that a rare label is in more of them


def train(dataset: Dataset, recipe: TfidfRecipe, workspace: Workspace) -> Trained:
    """Learn from ``dataset.train`` and write arrays and vocabularies.

    A support vector machine gives distances, not probabilities: a temperature fitted on
    out-of-fold distances makes a softmax of them mean something.
    """
    texts = [row.text for row in dataset.train]
    truth = np.array(dataset.numbers(dataset.train))

    kinds = features(recipe.word_ngrams, recipe.character_ngrams, recipe.max_features)
    matrix = kinds.fit_transform(texts)
    workspace.observer.say(f"{matrix.shape[1]:,} features from {matrix.shape[0]:,} rows")
    told = _out_of_fold(matrix, truth, len(dataset.labels), recipe)
    temperature = fit_temperature(*told) if told else 1.0
    weight, bias = _fit(matrix, truth, len(dataset.labels), recipe)

    scale = Scale.of(told[0].max(axis=1)) if told and len(told[1]) >= LEAST_ROWS else None
    arrays = {"weight": weight, "bias": bias}
    if scale:
        arrays |= {"scope.knots": scale.knots, "scope.rows": np.array([scale.n], dtype=np.int64)}
    _write(workspace.files, kinds, recipe, arrays, {"temperature": temperature})
    facts = {"device": "CPU", "features": matrix.shape[1], "temperature": round(temperature, 4)}
    if scale:
        facts["detector"] = DETECTOR
    held_out = None
    if told:
        probabilities = softmax(told[0], temperature)
        scope = scale.scope(told[0].max(axis=1)) if scale else None
        held_out = HeldOut(probabilities, told[1], scope, "out of fold")
    return Trained(facts, chose_on_validation=False, huggingface=False, held_out=held_out)


def train_multi(dataset: MultiDataset, recipe: TfidfRecipe, workspace: Workspace) -> Trained:
    """The same, of texts with any number of labels: one machine a label.

    Its distances are made probabilities out of fold (Platt 1999), and the map is folded into
    the weights.
    """
    truth = np.array(dataset.memberships(dataset.train), dtype=bool)
    kinds = features(recipe.word_ngrams, recipe.character_ngrams, recipe.max_features)
    matrix = kinds.fit_transform([row.text for row in dataset.train])
    workspace.observer.say(f"{matrix.shape[1]:,} features from {matrix.shape[0]:,} rows")
    weight, bias = _fit_multi(matrix, truth, recipe)
    held_out = None
    if len(truth) >= 2 * _FOLDS_OF_SEVERAL:
        distances = np.zeros(truth.shape)
        splitter = KFold(_FOLDS_OF_SEVERAL, shuffle=True, random_state=recipe.seed)
        for fit, held in splitter.split(truth):
            weight_of_fold, bias_of_fold = _fit_multi(matrix[fit], truth[fit], recipe)
            distances[held] = matrix[held] @ weight_of_fold.T + bias_of_fold
        platt = fit_platt(distances, truth)
        weight, bias = platt.folded(weight, bias)
        held_out = HeldOut(platt.probabilities(distances), truth, None, "out of fold")
    arrays = {"weight": weight, "bias": bias}
    _write(workspace.files, kinds, recipe, arrays, {"temperature": 1.0, "several": True})
    facts = {"device": "CPU", "features": matrix.shape[1]}
    return Trained(facts, chose_on_validation=False, huggingface=False, held_out=held_out)


def _fit_multi(
    matrix: np.ndarray, truth: np.ndarray, recipe: TfidfRecipe
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (labels, features) and biases (labels,), float32.

    Of a label that all rows have, or none has, nothing can be learnt but that.
    """
    weight = np.zeros((truth.shape[1], matrix.shape[1]), dtype=np.float32)
    bias = np.where(truth.all(axis=0), 1.0, -1.0).astype(np.float32)
    for at in range(truth.shape[1]):
        if truth[:, at].any() and not truth[:, at].all():
            machine = LinearSVC(C=recipe.regularization, random_state=recipe.seed)
            machine.fit(matrix, truth[:, at])
            weight[at], bias[at] = machine.coef_[0], np.atleast_1d(machine.intercept_)[0]
    return weight, bias


def _write(
    folder: Path,
    kinds: FeatureUnion,
    recipe: TfidfRecipe,
    arrays: dict[str, np.ndarray],
    settings: dict[str, object],
) -> None:
    """The arrays and the settings, with the vectorizers' share of both."""
    vectorizers: list[tuple[str, TfidfVectorizer]] = kinds.transformer_list
    arrays |= {f"idf.{name}": kind.idf_.astype(np.float32) for name, kind in vectorizers}
    save_file(arrays, folder / ARRAYS)
    settings = {
        "word_ngrams": recipe.word_ngrams,
        "character_ngrams": recipe.character_ngrams,
        **settings,
        "vocabulary": {
            name: sorted(kind.vocabulary_, key=kind.vocabulary_.__getitem__)
            for name, kind in vectorizers
        },
    }
    (folder / SETTINGS).write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")


def _fit(
    matrix: np.ndarray, truth: np.ndarray, labels: int, recipe: TfidfRecipe
) -> tuple[np.ndarray, np.ndarray]:
    """One-against-rest weights (labels, features) and biases (labels,), float32."""
    machine = LinearSVC(C=recipe.regularization, random_state=recipe.seed).fit(matrix, truth)
    weight, bias = machine.coef_, np.atleast_1d(machine.intercept_)
    if labels == 2:
        weight, bias = np.vstack([-weight, weight]), np.concatenate([-bias, bias])
    # safetensors writes an array's memory as it lies, so it has to lie row by row.
    return np.ascontiguousarray(weight, dtype=np.float32), bias.astype(np.float32)


def _out_of_fold(
    matrix: np.ndarray, truth: np.ndarray, labels: int, recipe: TfidfRecipe
) -> tuple[np.ndarray, np.ndarray] | None:
    """Distances of each row from a machine that has not seen it, and its label number."""
    folds = min(_FOLDS, int(np.bincount(truth, minlength=labels).min()))
    if folds < 2:
        return None
    distances = np.zeros((len(truth), labels))
    splitter = StratifiedKFold(folds, shuffle=True, random_state=recipe.seed)
    for fit, held_out in splitter.split(truth, truth):
        weight, bias = _fit(matrix[fit], truth[fit], labels, recipe)
        distances[held_out] = matrix[held_out] @ weight.T + bias
    return distances, truth
