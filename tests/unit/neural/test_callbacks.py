"""What the Trainer tells reaches the run at the Trainer's own steps, and the machine's state too."""

from __future__ import annotations

import types

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from aprendiz.neural import system_metrics  # noqa: E402
from aprendiz.neural.callbacks import (  # noqa: E402
    MetricsCallback,
    ObserverCallback,
    SystemMetricsCallback,
)
from aprendiz.neural.system_metrics import sample_system  # noqa: E402
from aprendiz.tracking.memory import MemoryRun  # noqa: E402


class Listener:
    def __init__(self) -> None:
        self.said: list[str] = []
        self.moves: list[tuple[str, int, int]] = []

    def say(self, message: str) -> None:
        self.said.append(message)

    def progress(self, task: str, done: int, total: int) -> None:
        self.moves.append((task, done, total))


class Line(torch.nn.Module):
    """Two numbers in, two logits out, in the shape the Trainer expects."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)

    def forward(self, x, labels=None):
        logits = self.layer(x)
        return {"loss": torch.nn.functional.cross_entropy(logits, labels), "logits": logits}


def train(tmp_path, callbacks, *, stop_at: int | None = None):
    rows = [{"x": [float(n % 2), 1.0], "labels": n % 2} for n in range(16)]

    class Stop(transformers.TrainerCallback):
        def on_step_end(self, args, state, control, **_):
            control.should_training_stop = state.global_step == stop_at

    trainer = transformers.Trainer(
        model=Line(),
        args=transformers.TrainingArguments(
            output_dir=str(tmp_path), max_steps=8, per_device_train_batch_size=4,
            logging_steps=2, eval_strategy="steps", eval_steps=4, save_strategy="no",
            report_to="none", disable_tqdm=True, use_cpu=True, dataloader_pin_memory=False,
        ),
        train_dataset=rows, eval_dataset=rows,
        compute_metrics=lambda told: {"accuracy": 0.5, "f1": 0.4, "precision": 0.3, "recall": 0.2},
        callbacks=[*callbacks, Stop()],
    )  # fmt: skip
    trainer.remove_callback(transformers.PrinterCallback)
    trainer.train()


def test_losses_and_scores_come_at_the_trainers_steps(tmp_path):
    run = MemoryRun()
    train(tmp_path, [MetricsCallback(run)])
    losses = [entry for entry in run.history if "loss" in entry]
    scores = [entry for entry in run.history if "eval_loss" in entry]
    assert [entry["step"] for entry in losses] == [2, 4, 6, 8]
    assert set(losses[0]) == {"step", "loss", "learning_rate", "grad_norm", "epoch"}
    assert [entry["step"] for entry in scores] == [4, 8]
    assert set(scores[0]) == {
        "step", "eval_loss", "eval_accuracy", "eval_f1", "eval_precision", "eval_recall"
    }  # fmt: skip
    assert (scores[0]["eval_accuracy"], scores[0]["eval_recall"]) == (0.5, 0.2)
    assert len(run.history) == len(losses) + len(scores)  # nothing twice, no run-time clutter


def test_the_machine_is_looked_at_on_every_log(tmp_path):
    run = MemoryRun()
    train(tmp_path, [SystemMetricsCallback(run)])
    steps = [entry["step"] for entry in run.history]
    assert {2, 4, 6, 8} <= set(steps)
    for entry in run.history:
        assert 0 <= entry["system/cpu_percent"] <= 100 * 1024
        assert 0 < entry["system/memory_percent"] <= 100
        assert entry["system/process_rss_mb"] > 20


def test_other_processes_of_a_distributed_training_stay_silent():
    run, listener = MemoryRun(), Listener()
    state = transformers.TrainerState(is_world_process_zero=False, max_steps=5)
    for callback in (MetricsCallback(run), SystemMetricsCallback(run), ObserverCallback(listener)):
        callback.on_log(None, state, None, logs={"loss": 1.0})
        callback.on_evaluate(None, state, None, metrics={"eval_loss": 1.0})
        callback.on_step_end(None, state, None)
        callback.on_train_end(None, state, None)
    assert run.history == [] and listener.said == [] and listener.moves == []


def test_the_observer_sees_every_step_and_one_end(tmp_path):
    listener = Listener()
    train(tmp_path, [ObserverCallback(listener)])
    assert listener.moves == [("training", step, 8) for step in range(1, 9)]
    assert len(listener.said) == 2 and "accuracy 0.500" in listener.said[0]


def test_a_training_that_stops_early_ends_its_progress(tmp_path):
    listener = Listener()
    train(tmp_path, [ObserverCallback(listener)], stop_at=3)
    assert listener.moves == [*(("training", step, 8) for step in (1, 2, 3)), ("training", 8, 8)]


@pytest.fixture
def nvml(monkeypatch):
    """An NVML with two GPUs; the second one refuses to tell its load, as a MIG slice does."""

    class NVMLError(Exception):
        pass

    def rates(handle):
        if handle == 1:
            raise NVMLError("not supported")
        return types.SimpleNamespace(gpu=73)

    fake = types.SimpleNamespace(
        NVMLError=NVMLError,
        NVML_TEMPERATURE_GPU=0,
        nvmlInit=lambda: None,
        nvmlDeviceGetCount=lambda: 2,
        nvmlDeviceGetHandleByIndex=lambda number: number,
        nvmlDeviceGetUtilizationRates=rates,
        nvmlDeviceGetMemoryInfo=lambda _: types.SimpleNamespace(used=4e9, total=16e9),
        nvmlDeviceGetTemperature=lambda handle, kind: 61,
    )
    monkeypatch.setattr(system_metrics, "pynvml", fake)
    system_metrics._gpus.cache_clear()
    yield fake
    system_metrics._gpus.cache_clear()


def test_gpus_tell_what_they_can(nvml):
    told = sample_system()
    assert told["system/gpu0_percent"] == 73
    assert told["system/gpu0_memory_mb"] == 4000
    assert told["system/gpu0_memory_percent"] == 25
    assert told["system/gpu0_celsius"] == 61
    assert "system/gpu1_percent" not in told and told["system/gpu1_celsius"] == 61


def test_without_a_driver_there_are_no_gpu_figures(nvml):
    def no_driver():
        raise nvml.NVMLError("driver not loaded")

    nvml.nvmlInit = no_driver
    assert not [name for name in sample_system() if "gpu" in name]


@pytest.mark.gpu
def test_a_real_gpu_is_seen():
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device here")
    torch.ones(10_000_000, device="cuda")
    assert sample_system()["system/gpu0_memory_mb"] > 40
