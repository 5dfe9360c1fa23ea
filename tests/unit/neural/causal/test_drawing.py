"""Tokens are drawn as often as the network's figures say."""

from __future__ import annotations

import torch

from aprendiz.interfaces import Sampling
from aprendiz.neural.causal.drawing import Draw

CHANCES = torch.tensor([0.5, 0.3, 0.15, 0.05])


def shares(sampling: Sampling, draws: int = 2_000) -> list[float]:
    draw = Draw(sampling)
    met = torch.bincount(torch.tensor([draw(CHANCES.log()) for _ in range(draws)]), minlength=4)
    return [float(each) for each in met / draws]


def close(found: list[float], expected: list[float]) -> bool:
    return all(abs(one - other) < 0.04 for one, other in zip(found, expected, strict=True))


def test_each_token_is_as_frequent_as_it_is_probable():
    assert close(shares(Sampling(temperature=1.0, seed=1)), CHANCES.tolist())


def test_temperature_sharpens():
    sharper = (CHANCES**2 / (CHANCES**2).sum()).tolist()
    assert close(shares(Sampling(temperature=0.5, seed=1)), sharper)


def test_only_the_nucleus_is_drawn_from():
    found = shares(Sampling(temperature=1.0, top_p=0.7, seed=1))
    assert close(found, [0.625, 0.375, 0, 0])
    assert found[2:] == [0, 0]


def test_a_nucleus_of_nothing_and_a_temperature_near_nothing_are_greedy():
    assert shares(Sampling(temperature=2.0, top_p=0.0, seed=1), 50) == [1, 0, 0, 0]
    assert shares(Sampling(temperature=1e-6, seed=1), 50) == [1, 0, 0, 0]
    assert shares(Sampling(), 50) == [1, 0, 0, 0]
