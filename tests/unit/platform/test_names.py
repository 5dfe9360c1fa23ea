"""The table of model names: what a vendor's name stands for, and files that change it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aprendiz.errors import SettingsError
from aprendiz.platform import names
from aprendiz.platform.records import Refusal
from aprendiz.settings import Settings

MINI_LM = "all-MiniLM-L6-v2"


@pytest.mark.parametrize(
    ("asked", "shown", "method", "base"),
    [
        ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", "finetune", MINI_LM),
        ("gpt-4o-mini-2024-07-18", "gpt-4o-mini-2024-07-18", "finetune", MINI_LM),
        ("gpt-4o", "gpt-4o-2024-08-06", "finetune", MINI_LM),
        ("gpt-4.1", "gpt-4.1-2025-04-14", "finetune", MINI_LM),
        ("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", "finetune", MINI_LM),
        ("gpt-4.1-nano", "gpt-4.1-nano-2025-04-14", "probe", MINI_LM),
        ("gpt-4.1-nano-2025-04-14", "gpt-4.1-nano-2025-04-14", "probe", MINI_LM),
        ("gpt-3.5-turbo", "gpt-3.5-turbo-0125", "probe", MINI_LM),
        ("gpt-35-turbo", "gpt-35-turbo-0125", "probe", MINI_LM),
        ("gpt-3.5-turbo-1106", "gpt-3.5-turbo-1106", "probe", MINI_LM),
        ("gpt-9-someday", "gpt-9-someday", "finetune", MINI_LM),
        ("tfidf", "tfidf", "tfidf", ""),
        ("probe", "probe", "probe", MINI_LM),
        ("finetune", "finetune", "finetune", MINI_LM),
        ("probe:owner/name@abc", "probe:owner/name@abc", "probe", "owner/name@abc"),
        ("finetune:/models/x", "finetune:/models/x", "finetune", "/models/x"),
        ("lora", "lora", "lora", "maths-tiny"),
        ("lora:owner/name", "lora:owner/name", "lora", "owner/name"),
    ],
)
def test_a_name_stands_for_a_method_and_a_base(
    asked: str, shown: str, method: str, base: str
) -> None:
    row = names.find(asked, Settings())
    assert (row.shown, row.method, row.base_model) == (shown, method, base)


@pytest.mark.parametrize("asked", ["", "claude-3", "GPT-4o", "tfidf2", "xgpt-4o", "lora2"])
def test_an_unknown_name_is_not_found(asked: str) -> None:
    with pytest.raises(Refusal) as told:
        names.find(asked, Settings())
    assert (told.value.status, told.value.code, told.value.param) == (
        404, "model_not_found", "model",
    )  # fmt: skip


def test_going_on_from_a_tuned_model_is_refused_in_words() -> None:
    with pytest.raises(Refusal, match="Going on from one is not offered yet") as told:
        names.find("ft:gpt-4o-mini-2024-07-18:local::abcdefgh", Settings())
    assert told.value.status == 400


def test_what_a_list_of_models_shows_can_be_asked_for() -> None:
    listed = [row for row in names.table(Settings()) if row.one_name]
    assert {"gpt-4o-mini", "gpt-4o-mini-2024-07-18", "tfidf"} <= {row.pattern for row in listed}
    for row in listed:
        assert names.find(row.pattern, Settings()) == row


@pytest.mark.parametrize(
    ("asked", "base"),
    [
        ("gpt-4o-mini", "maths-tiny"),
        ("gpt-4.1-nano-2025-04-14", "maths-tiny"),
        ("gpt-9-someday", "maths-tiny"),
        ("lora", "maths-tiny"),
        ("lora:./mine", "./mine"),
        ("tfidf", None),
        ("probe:x", None),
        ("finetune", None),
    ],
)
def test_open_answers_go_to_a_language_model_where_the_name_leaves_it_open(
    asked: str, base: str | None
) -> None:
    row = names.find(asked, Settings())
    able = row.for_open_answers()
    assert (able and able.base_model) == base
    if able is not None:
        assert (able.method, able.shown) == ("lora", row.shown)


def with_file(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "models.yaml"
    path.write_text(text, encoding="utf-8")
    return Settings(platform_models=path)


def test_a_file_adds_rows_and_goes_before_the_others(tmp_path: Path) -> None:
    settings = with_file(
        tmp_path,
        "gpt-4o-mini*: {method: probe, base_model: ./es, shown: mini-en-casa}\n"
        "soporte: {method: tfidf}\n"
        "tutor: {method: lora}\n"
        "both: {method: probe, open_base_model: ./tutor}\n",
    )
    mini = names.find("gpt-4o-mini-2024-07-18", settings)
    assert (mini.shown, mini.method, mini.base_model) == ("mini-en-casa", "probe", "./es")
    assert names.find("soporte", settings) == names.Base("soporte", "soporte", "tfidf", "")
    assert names.find("soporte", settings).for_open_answers() is None
    assert names.find("tutor", settings).base_model == "maths-tiny"
    both = names.find("both", settings)
    assert (both.method, both.base_model) == ("probe", MINI_LM)
    able = both.for_open_answers()
    assert able is not None and (able.method, able.base_model) == ("lora", "./tutor")
    assert names.find("gpt-4o", settings) == names.find("gpt-4o", Settings())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- a\n- b\n", "not a list of"),
        ("a: {method: managed}\n", "row 'a': method"),
        ("a: {method: probe, base: x}\n", "row 'a': base"),
        ("a: {}\n", "row 'a': method"),
        ("a: probe\n", "row 'a'"),
        ("ok: {method: tfidf}\n\tb: [\n", "line 2"),
        ("'ft:x': {method: tfidf}\n", "ft:"),
    ],
)
def test_a_file_with_a_fault_is_refused_with_its_place(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(SettingsError) as told:
        names.find("gpt-4o", with_file(tmp_path, text))
    assert "models.yaml" in told.value.message
    assert said in told.value.message


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"gone\.yaml"):
        names.table(Settings(platform_models=tmp_path / "gone.yaml"))


def test_a_tuned_model_is_named_as_openai_names_it() -> None:
    job = "ftjob-0123456789abcdefABCDEFGH"
    tuned = names.tuned_name("gpt-4o-mini-2024-07-18", "tienda", job)
    assert tuned == "ft:gpt-4o-mini-2024-07-18:local:tienda:ABCDEFGH"
    assert names.checkpoint_name(tuned, 20) == f"{tuned}:ckpt-step-20"
    assert names.tuned_name("davinci-002", None, job) == "ft:davinci-002:local::ABCDEFGH"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_tuned_models_name_always_has_five_parts(base: str) -> None:
    shown = f"finetune:{base}"
    name = names.tuned_name(shown, "s", "ftjob-0123456789abcdefABCDEFGH")
    ft, _, place, suffix, id = name.split(":")
    assert (ft, place, suffix, id) == ("ft", "local", "s", "ABCDEFGH")
    assert "/" not in name
