"""The supervised contrastive loss, against its definition and at its edges."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from aprendiz.methods.finetune.recipe import auto_epochs, contrast  # noqa: E402
from aprendiz.neural.contrast import contrastive  # noqa: E402


def by_definition(rows: list[list[float]], labels: list[int], temperature: float = 0.07) -> float:
    """Equation 2 of Khosla et al. 2020, one term after the other."""
    unit = [[x / math.hypot(*row) for x in row] for row in rows]

    def alike(a: int, b: int) -> float:
        return sum(x * y for x, y in zip(unit[a], unit[b], strict=True)) / temperature

    losses = []
    for i, label in enumerate(labels):
        others = [a for a in range(len(rows)) if a != i]
        fellows = [p for p in others if labels[p] == label]
        if fellows:
            below = math.log(sum(math.exp(alike(i, a)) for a in others))
            losses.append(-sum(alike(i, p) - below for p in fellows) / len(fellows))
    return sum(losses) / len(losses)


def test_it_is_what_its_definition_says() -> None:
    rows = torch.randn(9, 5, generator=torch.Generator().manual_seed(1))
    labels = [0, 1, 0, 2, 1, 1, 3, 0, 2]
    told = contrastive(rows, torch.tensor(labels)).item()
    assert told == pytest.approx(by_definition(rows.tolist(), labels), rel=1e-4)


def test_bf16_arithmetic_around_it_does_not_round_it() -> None:
    rows = torch.randn(8, 16, generator=torch.Generator().manual_seed(2))
    labels = torch.tensor([0, 0, 1, 1, 2, 2, 3, 3])
    with torch.autocast("cpu", torch.bfloat16):
        told = contrastive(rows, labels)
    assert told.item() == contrastive(rows, labels).item()


def test_it_falls_when_fellows_come_together() -> None:
    apart = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 0.1], [0.1, 1.0]])
    assert contrastive(apart, torch.tensor([0, 1, 0, 1])) < contrastive(
        apart, torch.tensor([0, 0, 1, 1])
    )


def test_rows_without_fellows_cost_nothing_and_have_a_gradient() -> None:
    rows = torch.randn(3, 4, requires_grad=True)
    loss = contrastive(rows, torch.tensor([0, 1, 2]))
    loss.backward()
    assert loss.item() == 0
    assert rows.grad is not None
    assert not rows.grad.any()


@pytest.mark.parametrize(
    ("rows", "epochs", "weight"), [(8, 60, 1), (32, 60, 1), (64, 30, 1), (65, 20, 0), (770, 8, 0)]
)
def test_very_few_rows_are_read_more_often_and_contrasted(
    rows: int, epochs: int, weight: float
) -> None:
    assert (auto_epochs(rows, 32), contrast(rows, 32)) == (epochs, weight)
