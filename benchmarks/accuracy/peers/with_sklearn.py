"""scikit-learn's logistic regression on the encoder's own embeddings, its C chosen by folds."""

from __future__ import annotations

import time
import warnings

import numpy as np
from job import Job
from sentence_transformers import SentenceTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold

PENALTIES = (0.1, 1.0, 10.0, 100.0)


def main() -> None:
    """Train and answer."""
    job = Job.read()
    begin = time.perf_counter()
    encoder = SentenceTransformer(str(job.encoder), device="cpu")
    embeddings = encoder.encode(job.texts, show_progress_bar=False)
    warnings.filterwarnings("ignore", message="The least populated class")
    search = GridSearchCV(
        LogisticRegression(max_iter=1000),
        {"C": PENALTIES},
        cv=StratifiedKFold(3, shuffle=True, random_state=job.seed),
    ).fit(embeddings, np.array(job.numbers))
    seconds = time.perf_counter() - begin
    job.answer(
        search.predict_proba(encoder.encode(job.asked, show_progress_bar=False)),
        seconds=seconds,
        schedule=f"C = {search.best_params_['C']:g}, of {len(PENALTIES)} in 3 folds",
    )


if __name__ == "__main__":
    main()
