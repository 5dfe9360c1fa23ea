"""Before a training: what the dry run says and refuses, and the preview of trained tokens."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from aprendiz.assistants.preview import preview
from aprendiz.cli import preview_screen
from aprendiz.data.chat.dataset import ChatDataset
from aprendiz.errors import DataError, RecipeError
from aprendiz.methods.lora.check import check
from aprendiz.methods.lora.recipe import LoraRecipe
from tests.unit.methods.lora.conftest import MARKS_NOTHING, MASKS_THE_END, say


class Heard:
    """An observer that remembers."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def progress(self, task: str, done: int, total: int) -> None:
        pass


def test_a_dry_run_says_what_is_trained_and_what_it_takes(tiny_causal):
    heard = Heard()
    check(ChatDataset((say("a", "bc"),)), LoraRecipe(base_model=str(tiny_causal)), heard)
    said = "\n".join(heard.said)
    assert "3 of them" in said  # b, c and the end
    assert "memory" in said
    assert "disk" in said
    assert "warning" not in said


def test_rows_that_are_too_long_are_named_and_none_left_is_an_error(tiny_causal):
    rows = tuple(say("a" * length, "b", line=length) for length in (5, 90, 91))
    heard = Heard()
    recipe = LoraRecipe(base_model=str(tiny_causal), max_length=60)
    check(ChatDataset(rows), recipe, heard)
    warned = [each for each in heard.said if each.startswith("warning")]
    assert ["chats.jsonl:90" in warned[0], "chats.jsonl:91" in warned[1]] == [True, True]
    with pytest.raises(DataError, match="none is left") as caught:
        check(ChatDataset(rows[1:]), recipe, heard)
    assert [each.line for each in caught.value.findings] == [90, 91]


def test_a_validation_row_is_held_to_the_same(tiny_causal):
    rows = ChatDataset((say("a", "b"),), validation=(say("<|im_end|>", "b", line=8),))
    with pytest.raises(DataError, match=r"chats\.jsonl:8"):
        check(rows, LoraRecipe(base_model=str(tiny_causal)), Heard())


def test_the_preview_shows_what_is_trained(sums, tiny_causal):
    rows = preview(sums, {"method": "lora", "base_model": str(tiny_causal)}, rows=2)
    assert [row.line for row in rows] == [1, 2]
    told = json.loads(json.dumps(rows[1].as_dict()))
    assert "".join(each["text"] for each in told["tokens"] if each["trained"]) == (
        "1 + 3 = 4\nAnswer: 4<|im_end|>"
    )
    assert rows[1].trained < len(rows[1].tokens)


def test_the_preview_reads_without_colour_and_shows_no_control_codes(tmp_path, tiny_causal):
    path = tmp_path / "chats.jsonl"
    turns = [{"role": "user", "content": "hi\x1b[31m"}, {"role": "assistant", "content": "yes"}]
    path.write_text(json.dumps({"messages": turns}) + "\n")
    rows = preview(path, {"method": "lora", "base_model": str(tiny_causal)})
    plain, coloured = io.StringIO(), io.StringIO()
    preview_screen.show(rows, Console(file=plain, width=100, soft_wrap=True))
    assert "assistant\n«yes<|im_end|>»" in plain.getvalue()
    assert f"chats.jsonl:1  4 of {len(rows[0].tokens)} tokens trained" in plain.getvalue()
    assert "\x1b" not in plain.getvalue()
    preview_screen.show(rows, Console(file=coloured, force_terminal=True, soft_wrap=True))
    assert "\x1b[" in coloured.getvalue()
    assert "\x1b[31mhi" not in coloured.getvalue()


@pytest.mark.parametrize(
    ("template", "words"),
    [(MARKS_NOTHING, "no token of it would be trained"), (MASKS_THE_END, "never learn to stop")],
)
def test_the_preview_refuses_what_the_training_would(template, words, sums, base_with):
    recipe = {"method": "lora", "base_model": str(base_with(template))}
    with pytest.raises(DataError, match=words) as caught:
        preview(sums, recipe)
    assert [(each.file, each.line) for each in caught.value.findings] == [
        (str(sums), 1), (str(sums), 2), (str(sums), 3)
    ]  # fmt: skip


def test_a_method_without_tokens_to_show_is_refused(sums):
    with pytest.raises(RecipeError, match="learns from labels"):
        preview(sums, {"method": "tfidf"})


def test_a_file_without_conversations_is_refused(tmp_path):
    path = tmp_path / "empty.jsonl"
    path.write_text('{"messages": []}\n')
    with pytest.raises(DataError, match="no conversation") as caught:
        preview(path)
    assert caught.value.findings[0].line == 1
