"""The model as MLflow serves it: this file is copied beside the model folder and run there.

MLflow calls that "models from code": nothing is pickled, and whoever loads the model
can read what will happen. It is not imported by aprendiz itself.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class AprendizModel(PythonModel):
    """A model folder behind MLflow's ``predict``."""

    def load_context(self, context: Any) -> None:
        """Load the model folder, every file checked against its hash."""
        import aprendiz

        self._model = aprendiz.load(context.artifacts["model"])

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """One record a row of the column ``text``; probabilities most probable first."""
        return [
            {
                "label": answer.label,
                "confidence": answer.confidence,
                "abstained": answer.abstained,
                "decision": answer.decision,
                "probabilities": dict(answer.scores),
            }
            for answer in self._model.predict([str(text) for text in model_input["text"]])
        ]


set_model(AprendizModel())
