"""``tfidf``: n-gram counts, weighted, into a linear support vector machine."""

from __future__ import annotations

import json

import numpy as np
from safetensors.numpy import save_file
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from aprendiz.data.dataset import Dataset
from aprendiz.evaluation.calibration import fit_temperature
from aprendiz.interfaces import Trained, Workspace
from aprendiz.methods.tfidf.predict import ARRAYS, SETTINGS, features
from aprendiz.methods.tfidf.recipe import TfidfRecipe

_FOLDS = 3


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
    temperature = _temperature(matrix, truth, len(dataset.labels), recipe)
    weight, bias = _fit(matrix, truth, len(dataset.labels), recipe)

    vectorizers: list[tuple[str, TfidfVectorizer]] = kinds.transformer_list
    arrays = {"weight": weight, "bias": bias}
    arrays |= {f"idf.{name}": kind.idf_.astype(np.float32) for name, kind in vectorizers}
    save_file(arrays, workspace.files / ARRAYS)
    settings = {
        "word_ngrams": recipe.word_ngrams,
        "character_ngrams": recipe.character_ngrams,
        "temperature": temperature,
        "vocabulary": {
            name: sorted(kind.vocabulary_, key=kind.vocabulary_.__getitem__)
            for name, kind in vectorizers
        },
    }
    (workspace.files / SETTINGS).write_text(
        json.dumps(settings, ensure_ascii=False), encoding="utf-8"
    )
    facts = {"device": "CPU", "features": matrix.shape[1], "temperature": round(temperature, 4)}
    return Trained(facts, chose_on_validation=False, huggingface=False)


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


def _temperature(matrix: np.ndarray, truth: np.ndarray, labels: int, recipe: TfidfRecipe) -> float:
    folds = min(_FOLDS, int(np.bincount(truth, minlength=labels).min()))
    if folds < 2:
        return 1.0
    distances = np.zeros((len(truth), labels))
    splitter = StratifiedKFold(folds, shuffle=True, random_state=recipe.seed)
    for fit, held_out in splitter.split(truth, truth):
        weight, bias = _fit(matrix[fit], truth[fit], labels, recipe)
        distances[held_out] = matrix[held_out] @ weight.T + bias
    return fit_temperature(distances, truth)
