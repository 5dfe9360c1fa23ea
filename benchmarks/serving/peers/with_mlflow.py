"""MLflow's scoring server: a model in its format, then ``mlflow models serve``.

    python with_mlflow.py FOLDER PORT THREADS

It takes many rows a request, but does not bring requests together.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import mlflow.pyfunc

MODEL = """
import os
from pathlib import Path

import mlflow.pyfunc
from model import Model


class Classify(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        self.model = Model(Path(os.environ["SERVED_FOLDER"]), int(os.environ["SERVED_THREADS"]))

    def predict(self, context, model_input, params=None):
        return self.model.answer([str(text) for text in model_input])


mlflow.models.set_model(Classify())
"""


def main() -> None:
    """Save the model, become the server."""
    folder, port, threads = sys.argv[1:4]
    os.environ |= {"SERVED_FOLDER": folder, "SERVED_THREADS": threads}
    work = Path(tempfile.gettempdir()) / f"mlflow-served-{port}"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    (work / "classify.py").write_text(MODEL, encoding="utf-8")
    mlflow.pyfunc.save_model(
        work / "saved",
        python_model=str(work / "classify.py"),
        code_paths=[str(Path(__file__).with_name("model.py"))],
        pip_requirements=[],
    )
    command = [
        sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", str(work / "saved"),
        "--env-manager", "local", "--host", "127.0.0.1", "--port", port, "--workers", "1",
    ]  # fmt: skip
    os.execv(sys.executable, command)


if __name__ == "__main__":
    main()
