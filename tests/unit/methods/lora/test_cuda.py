"""Why CUDA cannot be used, on machines we do not have: the nearest cause, and what to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aprendiz.neural.cuda import CudaFacts, explain, look

READY = CudaFacts(
    system="linux",
    torch="2.13.0",
    built_for="13.0",
    gpus=("NVIDIA H200",),
    driver="580.82",
    driver_cuda="13.0",
    usable=("NVIDIA H200",),
    capability="9.0",
    oldest="7.5",
    bitsandbytes=True,
)
UNUSABLE = replace(READY, usable=(), capability="", oldest="")


def test_a_usable_gpu_is_named_and_4_bits_are_advised_where_they_lack():
    state = explain(READY)
    assert state.usable
    assert "H200" in state.message
    assert state.advice == ""
    assert "bitsandbytes" in explain(replace(READY, bitsandbytes=False)).advice
    two = ("NVIDIA A", "NVIDIA A")
    assert "2 × NVIDIA A" in explain(replace(READY, gpus=two, usable=two)).message


@pytest.mark.parametrize(
    ("facts", "cause", "advice"),
    [
        (CudaFacts("linux"), "until torch is installed", "aprendiz[train]"),
        (
            replace(UNUSABLE, built_for="", torch="2.13.0+cpu"),
            "built for the CPU only",
            "--force-reinstall torch",
        ),
        (
            replace(UNUSABLE, built_for="", system="win32"),
            "H200 is there",
            "pytorch.org",
        ),
        (
            CudaFacts("linux", torch="2.13.0+cpu", driver_fault="NVML Shared Library Not Found"),
            "right for this machine",
            "install its driver",
        ),
        (CudaFacts("darwin", torch="2.13.0"), "no NVIDIA GPU", "no CUDA for this operating"),
        (
            replace(UNUSABLE, gpus=(), driver="", driver_cuda="", driver_fault="Not Found"),
            "no NVIDIA driver answers (Not Found)",
            "--gpus all",
        ),
        (
            replace(UNUSABLE, driver="", driver_fault="Driver/library version mismatch"),
            "updated while it was running",
            "restart",
        ),
        (
            replace(UNUSABLE, driver="470.1", driver_cuda="11.4", torch_fault="driver too old"),
            "too old; it knows CUDA up to 11.4",
            "update the NVIDIA driver",
        ),
        (replace(UNUSABLE, gpus=()), "shows no GPU", "--gpus all"),
        (
            replace(UNUSABLE, torch_fault="No CUDA GPUs are available"),
            "CUDA_VISIBLE_DEVICES is empty",
            "unset CUDA_VISIBLE_DEVICES",
        ),
        (
            replace(UNUSABLE, torch_fault="CUDA unknown error"),
            "CUDA does not start (CUDA unknown error)",
            "nvidia-smi",
        ),
        (
            replace(READY, capability="5.2"),
            "too old for this torch (compute capability 5.2",
            "older torch",
        ),
    ],
)
def test_the_nearest_cause_is_given_with_what_to_do(facts, cause, advice):
    state = explain(facts)
    assert not state.usable
    assert cause in state.message
    assert advice in state.advice


def test_a_driver_of_the_same_generation_is_not_called_too_old():
    assert "too old" not in explain(replace(UNUSABLE, driver_cuda="13.2")).message
    older_minor = replace(UNUSABLE, built_for="12.9", driver_cuda="12.1")
    assert "too old" not in explain(older_minor).message


def test_this_machine_is_looked_at():
    import torch

    facts = look()
    assert facts.torch == torch.__version__
    assert explain(facts).usable == torch.cuda.is_available()
