"""The promise that every method that learns from conversations keeps.

As in ``test_every_method.py``, a new one is tested by being listed. Such a training loads
libraries for several seconds, so most of this is slow.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aprendiz import workflow
from aprendiz.assistants.load import load_chat_model
from aprendiz.data.chat.records import Message
from aprendiz.errors import ChatError, DataError, ModelFolderError, RecipeError
from aprendiz.interfaces import ChatModel, Reply, Sampling
from aprendiz.methods import catalogue
from tests.contract.test_every_method import METHODS as CLASSIFIERS

METHODS = sorted(
    name for name, row in catalogue.METHODS.items() if row.abilities.learns == "conversations"
)
SHORT = Sampling(max_tokens=12)
QUESTIONS = [
    (Message("user", text),) for text in ("2 + 3?", "hello", "¿qué tal? 日本語 🙂", "9 + 9?")
]


@pytest.fixture
def chats_file(tmp_path: Path) -> Path:
    """Thirty additions, in two concepts."""
    path = tmp_path / "chats.jsonl"
    with path.open("w", encoding="utf-8") as out:
        for n in range(30):
            turns = [
                {"role": "user", "content": f"{n} + {n % 4}?"},
                {"role": "assistant", "content": f"{n} + {n % 4} = {n + n % 4}"},
            ]
            out.write(json.dumps({"messages": turns, "concept": "even" if n % 2 else "odd"}) + "\n")
    return path


@pytest.fixture
def recipe_of(tiny_causal: Path):
    """A quick recipe: the tiny model, and steps that are large enough to change its answers."""

    def recipe(method: str, **changes: object) -> dict[str, object]:
        fields = catalogue.recipe_class(method).model_fields
        quick = {
            "base_model": str(tiny_causal),
            "epochs": 2,
            "batch_size": 4,
            "learning_rate": 0.02,
            "dropout": 0.1,
        }
        return {"method": method, **{k: v for k, v in quick.items() if k in fields}, **changes}

    return recipe


@pytest.fixture
def trained(chats_file: Path, tmp_path: Path, recipe_of):
    def train(method: str, name: str = "model", **changes: object):
        return workflow.train(chats_file, out=tmp_path / name, recipe=recipe_of(method, **changes))

    return train


def said(model: ChatModel) -> list[str]:
    return [reply.text for reply in model.replies(QUESTIONS, SHORT)]


def test_every_method_of_the_catalogue_is_held_to_a_promise():
    labelled = {param.values[0] for param in CLASSIFIERS}
    assert labelled.isdisjoint(METHODS)
    assert labelled | set(METHODS) == set(catalogue.METHODS)
    assert METHODS


@pytest.mark.parametrize("method", METHODS)
class TestBeforeATraining:
    def test_unknown_setting_is_refused(self, method, chats_file, tmp_path, recipe_of):
        with pytest.raises(RecipeError, match="epocs"):
            workflow.train(chats_file, out=tmp_path / "m", recipe=recipe_of(method, epocs=3))
        assert not (tmp_path / "m").exists()

    def test_bad_data_leaves_nothing_behind(self, method, tmp_path, recipe_of):
        source = tmp_path / "bad.jsonl"
        source.write_text('{"messages": [{"role": "user", "content": "hi"}]}\n' * 3)
        with pytest.raises(DataError) as caught:
            workflow.train(source, out=tmp_path / "m", recipe=recipe_of(method))
        assert caught.value.exit_code == 2
        assert {each.line for each in caught.value.findings} >= {1, 2, 3}
        assert not (tmp_path / "m").exists()
        assert not list(tmp_path.glob(".m*"))

    def test_a_dry_run_trains_nothing(self, method, chats_file, tmp_path, recipe_of):
        result = workflow.train(
            chats_file, out=tmp_path / "m", recipe=recipe_of(method), dry_run=True
        )
        assert result.folder is None
        assert not (tmp_path / "m").exists()

    def test_the_recipe_has_at_most_fifteen_settings_of_its_own(self, method):
        fields = catalogue.recipe_class(method).model_fields
        assert len(fields) - 1 <= 15  # `method` itself is the choice, not a setting
        assert all(field.description for field in fields.values())


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
class TestEveryAssistant:
    def test_same_seed_same_replies_and_another_seed_another_model(self, method, trained):
        first = load_chat_model(trained(method, "one").folder)
        second = load_chat_model(trained(method, "two").folder)
        assert said(first) == said(second)
        assert isinstance(first, ChatModel)
        weights = [
            max((trained(method, f"s{seed}", seed=seed).folder).glob("*.safetensors")).read_bytes()
            for seed in (1, 2)
        ]
        assert weights[0] != weights[1]

    def test_a_moved_folder_answers_the_same(self, method, trained, tmp_path):
        folder = trained(method).folder
        before = said(load_chat_model(folder))
        moved = folder.rename(tmp_path / "elsewhere")
        assert said(load_chat_model(moved)) == before

    def test_it_has_learnt(self, method, trained, tiny_causal):
        assert said(load_chat_model(trained(method).folder)) != said(load_chat_model(tiny_causal))

    def test_the_score_is_that_of_the_saved_model(
        self, method, trained, tmp_path, chats_file, recipe_of
    ):
        from aprendiz.assistants.grade import measure
        from aprendiz.data.chat.read import read_conversations

        test = tmp_path / "test.jsonl"
        test.write_text("".join(chats_file.read_text().splitlines(keepends=True)[:6]))
        result = workflow.train(chats_file, out=tmp_path / "m", test=test, recipe=recipe_of(method))
        assert result.part == "test"
        again = measure(load_chat_model(result.folder), read_conversations(test).conversations)
        passing = {"seconds", "tokens_per_second", "model"}
        measured, stored = (
            {key: value for key, value in each.as_dict().items() if key not in passing}
            for each in (again, result.evaluation)
        )
        assert measured == stored
        assert again.n == 6

    def test_odd_conversations_survive(self, method, trained):
        model = load_chat_model(trained(method).folder)
        odd = ["\x00", "🙂" * 20, "\n\t x", "<|im_end|>", "a b " * 20]
        for text in odd:
            (reply,) = model.replies([(Message("user", text),)], SHORT)
            assert isinstance(reply, Reply)
            assert reply.completion_tokens <= 12
        for refused in ([], [Message("user", "")], [Message("user", "word " * 200_000)]):
            with pytest.raises(ChatError):
                model.replies([refused], SHORT)
        assert model.replies([], SHORT) == []

    def test_alone_in_company_and_in_pieces_the_reply_is_the_same(self, method, trained):
        model = load_chat_model(trained(method).folder)
        together = said(model)
        for question, expected in zip(QUESTIONS, together, strict=True):
            *pieces, last = model.stream(question, SHORT)
            assert last.text == "".join(pieces) == expected

    def test_a_failure_in_training_leaves_the_old_model(
        self, method, trained, monkeypatch, tmp_path
    ):
        folder = trained(method).folder
        before = said(load_chat_model(folder))

        def broken(*_):
            raise RuntimeError("planted")

        monkeypatch.setattr(catalogue, "trainer", lambda _: broken)
        with pytest.raises(RuntimeError, match="planted"):
            trained(method)
        assert said(load_chat_model(folder)) == before
        assert not list(tmp_path.glob(".model*"))

    def test_the_folder_explains_itself(self, method, trained):
        folder = trained(method).folder
        for name in ("manifest.json", "recipe.yaml", "README.md", "report.html", "split.json"):
            assert (folder / name).stat().st_size > 0, name
        assert not [*folder.rglob("*.pkl"), *folder.rglob("*.bin"), *folder.rglob("*.pt")]

    def test_a_changed_file_is_noticed(self, method, trained):
        folder = trained(method).folder
        weights = max(folder.glob("*.safetensors"), key=lambda path: path.stat().st_size)
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)
        with pytest.raises(ModelFolderError, match=weights.name):
            load_chat_model(folder)
