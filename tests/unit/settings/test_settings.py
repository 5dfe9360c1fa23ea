"""This machine's settings: environment before .env before defaults, faults by variable name."""

from __future__ import annotations

import pytest

from aprendiz.errors import SettingsError
from aprendiz.settings import get_settings, variable_of


def test_environment_then_dotenv_then_default(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text("APRENDIZ_PORT=9001\nAPRENDIZ_THRESHOLD=0.5\n")
    monkeypatch.setenv("APRENDIZ_PORT", "9002")
    settings = get_settings()
    assert (settings.port, settings.threshold, settings.host) == (9002, 0.5, "127.0.0.1")


def test_an_empty_variable_is_no_value(monkeypatch):
    monkeypatch.setenv("APRENDIZ_MODEL", "")
    assert get_settings().model is None


def test_tracking_goes_to_a_file_under_home_unless_named(monkeypatch, tmp_path):
    monkeypatch.setenv("APRENDIZ_HOME", str(tmp_path))
    assert get_settings().tracking_uri == f"sqlite:///{tmp_path}/mlflow.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:5000")
    assert get_settings().tracking_uri == "http://127.0.0.1:5000"


@pytest.mark.parametrize(
    ("variable", "value"), [("APRENDIZ_PORT", "high"), ("APRENDIZ_THRESHOLD", "1.5")]
)
def test_a_wrong_value_names_its_variable(variable, value, monkeypatch):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError, match=variable):
        get_settings()


def test_secrets_do_not_show(monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_canary")
    assert "hf_canary" not in repr(get_settings())


def test_variable_names():
    assert variable_of("port") == "APRENDIZ_PORT"
    assert variable_of("mlflow_tracking_uri") == "MLFLOW_TRACKING_URI"
