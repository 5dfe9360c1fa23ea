"""One SQLite store a module: making it takes MLflow several seconds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aprendiz.settings import Settings


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose name needs quoting."""
    return tmp_path_factory.mktemp("home of runs")


@pytest.fixture
def settings(home: Path) -> Settings:
    pytest.importorskip("mlflow")
    return Settings(home=home, mlflow_tracking_uri="", track=True)


@pytest.fixture
def said() -> Iterator[list[str]]:
    yield []
