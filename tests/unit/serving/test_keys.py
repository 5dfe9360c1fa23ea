"""Keys: made once, kept as hashes, all compared, none of them in any output."""

from __future__ import annotations

import hmac
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from aprendiz.errors import SettingsError
from aprendiz.serving import keys
from aprendiz.serving.keys import Keys, digest_of, new_key
from aprendiz.settings import Settings


def test_a_made_key_opens_and_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "serve.keys"
    first, second = new_key(file, "web shop"), new_key(file, "tests")
    ring = Keys.of(Settings(_env_file=None, serve_keys=file))
    assert (ring.owner(first), ring.owner(second)) == ("web shop", "tests")
    assert ring.owner(first[:-1]) is None
    assert ring.owner("") is None
    kept = file.read_text()
    assert first not in kept and second not in kept
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_key_after_a_line_without_its_end_opens_as_well(tmp_path: Path) -> None:
    """Whoever took a line out by hand may have saved the file so."""
    file = tmp_path / "serve.keys"
    first = new_key(file, "first")
    file.write_text(file.read_text().rstrip("\n"))
    second = new_key(file, "second")
    ring = Keys.of(Settings(_env_file=None, serve_keys=file))
    assert (ring.owner(first), ring.owner(second)) == ("first", "second")


def test_the_key_of_the_settings_counts_too(tmp_path: Path) -> None:
    settings = Settings(
        _env_file=None, serve_key=SecretStr("from-the-vault"), serve_keys=tmp_path / "none"
    )
    assert Keys.of(settings).owner("from-the-vault") == "settings"
    assert "from-the-vault" not in repr(settings)
    assert not Keys.of(Settings(_env_file=None, serve_keys=tmp_path / "none"))


def test_every_hash_is_compared_whatever_the_first_says(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    real = hmac.compare_digest

    def spy(one: str, other: str) -> bool:
        compared.append(other)
        return real(one, other)

    monkeypatch.setattr(keys.hmac, "compare_digest", spy)
    ring = Keys([(name, digest_of(name)) for name in "abcd"])
    for key in ("a", "d", "wrong"):
        compared.clear()
        ring.owner(key)
        assert compared == [digest_of(name) for name in "abcd"]


@pytest.mark.parametrize("line", ["sk-aprendiz-in-the-clear name", "0" * 64, "g" * 64 + " name"])
def test_a_line_that_is_none_is_named_and_not_repeated(line: str, tmp_path: Path) -> None:
    file = tmp_path / "serve.keys"
    file.write_text(f"# keys\n\n{line}\n")
    with pytest.raises(SettingsError) as caught:
        Keys.of(Settings(_env_file=None, serve_keys=file))
    assert f"{file}:3" in caught.value.message
    assert line not in caught.value.message


@pytest.mark.parametrize("name", ["", " ", "two\nlines", "x" * 200, "\x1b[31mred"])
def test_a_name_that_would_break_the_file_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        new_key(tmp_path / "serve.keys", name)
    assert not (tmp_path / "serve.keys").exists()
