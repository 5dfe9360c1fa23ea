"""The taught model, made once for this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("transformers")

from aprendiz.interfaces import Silence
from aprendiz.neural.causal import opening
from aprendiz.neural.causal.torch_chat import TorchChat
from tests.unit.neural.causal import models


@pytest.fixture(scope="session")
def taught_folder(tiny_causal: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return models.taught(tiny_causal, tmp_path_factory.mktemp("taught"))


@pytest.fixture
def taught(taught_folder: Path) -> TorchChat:
    return opening.open_full(str(taught_folder), "cpu", Silence())


@pytest.fixture
def untaught(tiny_causal: Path) -> TorchChat:
    return opening.open_full(str(tiny_causal), "cpu", Silence())
