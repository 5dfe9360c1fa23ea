"""The detector of an encoder model: does a text look like the examples of any label?

What counts is how much evidence the head sees for any label at all: the energy of its logits
(Liu et al. 2020). Where there were rows about none of the labels, the side of a plane between
them and the others is added with a quarter of its weight. ``benchmarks/out_of_scope.py`` compares this
with distances in the embedding space; docs/explanation/when-to-ask.md says why it is this.
The sum is told on the scale of ``evaluation/scope.py``. A finished detector needs numpy alone,
whatever runs the encoder: torch (``encoder.py``) or another engine (``engine/classifier.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from aprendiz.errors import ModelFolderError
from aprendiz.evaluation.scope import LEAST_ROWS, Scale

FILE = "scope.safetensors"
_LEAST_OUTSIDE = 5  # fewer rows outside say too little of what is outside
_PENALTY = 10.0  # C of the plane; unit-length embeddings want a loose one
# A plane fitted to a hundred rows knows little of all that may lie outside: alone it is the
# worst of all detectors, and at its full weight it spoils the others.
_TRUST_IN_PLANE = 0.25


@dataclass(frozen=True, eq=False)
class Views:
    """How a text looks, before the views are added up.

    Attributes:
        plane: weights and, last, bias of the plane between inside and outside, shape
            (width + 1,), float32; ``None`` without rows outside.
    """

    plane: np.ndarray | None

    @classmethod
    def fit(cls, vectors: np.ndarray, outside: np.ndarray) -> Views:
        """Learn them.

        Args:
            vectors: embeddings of rows inside, shape (n, width).
            outside: embeddings of rows about none of the labels, shape (m, width).
        """
        return cls(_plane(vectors, outside) if len(outside) >= _LEAST_OUTSIDE else None)

    def look(self, vectors: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """The views of each row, larger inside, shape (n, 1) or (n, 2), float64."""
        evidence = np.asarray(logits, dtype=np.float64)
        most = evidence.max(axis=1)
        views = [most + np.log(np.exp(evidence - most[:, None]).sum(axis=1))]
        if self.plane is not None:
            points = np.asarray(vectors, dtype=np.float64)
            views.append(points @ self.plane[:-1] + self.plane[-1])
        return np.stack(views, axis=1)


def _plane(points: np.ndarray, outside: np.ndarray) -> np.ndarray:
    # Only learning needs scikit-learn; a server judges with numpy alone.
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    model = LogisticRegression(C=_PENALTY, max_iter=1000, class_weight="balanced")
    with threadpool_limits(1, user_api="blas"):
        model.fit(
            np.concatenate([points, outside]),
            np.repeat([1, 0], [len(points), len(outside)]),
        )
    return np.append(model.coef_[0], model.intercept_[0]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Detector:
    """Views, how they are added, and the scale the sum is told on.

    Attributes:
        views: how a text looks.
        weights: one over each view's spread over in-scope rows, shape (1,) or (2,); for the
            plane a quarter of that.
        scale: from the sum to a scope.
    """

    views: Views
    weights: np.ndarray
    scale: Scale

    @classmethod
    def of(cls, views: Views, held_out: np.ndarray) -> Detector | None:
        """A detector whose spreads and scale come from the views of rows not fitted to.

        ``None`` where they are too few to vouch for one false alarm in twenty.
        """
        if len(held_out) < LEAST_ROWS:
            return None
        weights = 1 / np.maximum(held_out.std(axis=0), 1e-9)
        weights[1:] *= _TRUST_IN_PLANE
        return cls(views, weights, Scale.of(held_out @ weights))

    def scope(self, vectors: np.ndarray, logits: np.ndarray) -> np.ndarray:
        """The scope of each row, shape (n,); see :class:`aprendiz.interfaces.Prediction`."""
        return self.told(self.views.look(vectors, logits))

    def told(self, views: np.ndarray) -> np.ndarray:
        """The scope of rows whose views are known, shape (n,)."""
        return self.scale.scope(views @ self.weights)

    @property
    def name(self) -> str:
        """How it finds scope, in words."""
        plane = ", and a plane to rows outside" if self.views.plane is not None else ""
        return f"energy of the logits{plane}"

    def save(self, folder: Path) -> None:
        """Write it into a model folder: ten kilobytes at most, for a width of 384."""
        arrays = {
            "weights": self.weights,
            "knots": self.scale.knots,
            "rows": np.array([self.scale.n], dtype=np.int64),
        }
        if self.views.plane is not None:
            arrays["plane"] = self.views.plane
        save_file({name: np.ascontiguousarray(a) for name, a in arrays.items()}, folder / FILE)


def load(folder: Path) -> Detector | None:
    """The detector of a model folder; ``None`` where it has none.

    Raises:
        ModelFolderError: it is damaged.
    """
    if not (folder / FILE).is_file():
        return None
    try:
        arrays = load_file(folder / FILE)
        views = Views(arrays.get("plane"))
        scale = Scale(arrays["knots"], int(arrays["rows"][0]))
        return Detector(views, arrays["weights"], scale)
    except (OSError, ValueError, KeyError, IndexError, SafetensorError) as error:
        raise ModelFolderError(
            f"{folder / FILE}: cannot be loaded ({error})", "train again"
        ) from None


def spread_over(rows: int, folds: int, seed: int) -> Sequence[np.ndarray]:
    """Row numbers held out by each fold; by a single fold, a fifth of them."""
    order = np.random.default_rng(seed).permutation(rows)
    if folds == 1:
        return [np.sort(order[::5])]
    return [np.sort(order[fold::folds]) for fold in range(folds)]
