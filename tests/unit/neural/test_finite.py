"""A training whose numbers are none any more stops at that step, and keeps what was good."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors.torch import load_file, save_file  # noqa: E402
from typer.testing import CliRunner  # noqa: E402

from aprendiz import workflow  # noqa: E402
from aprendiz.cli.main import app  # noqa: E402
from aprendiz.errors import BaseModelError, RecipeError  # noqa: E402
from aprendiz.neural import checkpoints  # noqa: E402
from aprendiz.neural.callbacks import ObserverCallback  # noqa: E402


@pytest.fixture
def damaged(tiny_encoder: Path, tmp_path: Path) -> Path:
    return infinite(tiny_encoder, tmp_path / "damaged", "embeddings.LayerNorm.weight")


@pytest.fixture
def train(examples_file: Path, tmp_path: Path, tiny_encoder: Path):
    def run(resume: bool = False, validated: bool = True, **changes: object) -> Path:
        recipe = {
            "method": "finetune", "base_model": str(tiny_encoder), "max_length": 32,
            "epochs": 4, "early_stopping": 0, "batch_size": 8, "plain": True, **changes,
        }  # fmt: skip
        rows = {} if validated else {"test": examples_file}
        told = workflow.train(
            examples_file, out=tmp_path / "model", recipe=recipe, resume=resume, **rows
        )
        return told.folder

    return run


def infinite(base: Path, copy: Path, name: str) -> Path:
    """A copy of a base model in which one weight is infinite."""
    shutil.copytree(base, copy)
    weights = load_file(copy / "model.safetensors")
    weights[name].view(-1)[0] = torch.inf
    save_file(weights, copy / "model.safetensors", metadata={"format": "pt"})
    return copy


def ruin_a_weight(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """What an update that is too large does, after a step."""
    told = ObserverCallback.on_step_end

    def on_step_end(self, args, state, control, **more):
        if state.global_step == step:
            weights = [each for each in more["model"].parameters() if each.requires_grad]
            weights[-1].data.view(-1)[0] = torch.inf
        return told(self, args, state, control, **more)

    monkeypatch.setattr(ObserverCallback, "on_step_end", on_step_end)


@pytest.mark.parametrize("validated", [True, False])
def test_a_loss_that_is_no_number_stops_the_training(validated, train, damaged, tmp_path):
    with pytest.raises(RecipeError, match=r"^the loss of step 1 is (nan|inf), so ") as stopped:
        train(base_model=str(damaged), validated=validated)
    assert all(each in stopped.value.hint for each in ("learning_rate", "fp32", "damaged"))
    assert not list(tmp_path.glob("*model*")), "nothing to go on from, nothing is left"


@pytest.mark.parametrize(
    ("step", "why"),
    [
        (4, r"the loss of step 5 is (nan|inf)"),
        (6, r"after step 6 the weights \S+ are not finite"),  # an epoch's end, and judged
        (12, r"after step 12 the weights \S+ are not finite"),  # no loss comes after it
    ],
)
def test_the_last_good_checkpoint_stays(step, why, train, tmp_path, monkeypatch):
    good = f"checkpoint-{3 * ((step - 1) // 3)}"
    with monkeypatch.context() as planted, pytest.raises(RecipeError, match=why) as stopped:
        ruin_a_weight(planted, step)
        train()
    assert good in stopped.value.message
    assert "damaged" not in stopped.value.hint
    kept = checkpoints.latest_complete(tmp_path / ".model.partial" / "checkpoints")
    assert kept is not None and kept.name == good
    assert all(each.isfinite().all() for each in load_file(kept / "model.safetensors").values())
    assert workflow.load(train(resume=True)).predict(["hello my friend"])[0].label


@pytest.mark.parametrize("recipe", [{"method": "finetune"}, {"method": "probe"}])
def test_a_head_is_not_fitted_to_what_is_no_number(recipe, damaged, examples_file, tmp_path):
    with pytest.raises(BaseModelError, match="embeddings that are not numbers") as stopped:
        workflow.train(
            examples_file, out=tmp_path / "model", recipe=recipe | {"base_model": str(damaged)}
        )
    assert "base_model" in stopped.value.hint


def test_adapters_stop_too_and_the_command_says_why(tiny_causal, tmp_path):
    pytest.importorskip("trl")
    rows = [
        {"messages": [{"role": "user", "content": f"{n} + 3?"},
                      {"role": "assistant", "content": f"{n + 3}"}]}
        for n in range(20)
    ]  # fmt: skip
    (tmp_path / "sums.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    base = infinite(tiny_causal, tmp_path / "damaged", "model.norm.weight")
    asked = ["train", "--data", "sums.jsonl", "--method", "lora", "--out", "model"]
    with pytest.MonkeyPatch.context() as here:
        here.chdir(tmp_path)
        told = CliRunner().invoke(app, [*asked, "--set", f"base_model={base}"])
    assert isinstance(told.exception, RecipeError)
    assert told.exception.message.startswith("the loss of step 1 is ")
    assert not list(tmp_path.glob("*model*"))
