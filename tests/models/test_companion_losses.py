"""Losses of the companion networks."""

import math

import pytest
import torch

from models import (
    companion_dynamics,
    companion_emotion,
    companion_groove,
    companion_harmony,
    companion_melody,
)
from models.companion_losses import cross_entropy, divergence, squared_error


def test_squared_error_is_the_mean_over_the_outputs_of_a_row() -> None:
    found = squared_error(torch.tensor([[0.0, 2.0], [1.0, 1.0]]), {"target": torch.ones(2, 2)})
    assert found.tolist() == [1.0, 0.0]


def test_cross_entropy_by_hand() -> None:
    target = torch.tensor([[1.0, 0.0]])
    found = cross_entropy(torch.tensor([[0.8, 0.4]]), {"target": target})
    assert float(found) == pytest.approx(-(math.log(0.8) + math.log(0.6)) / 2)


def test_logarithms_of_the_cross_entropy_stop_at_minus_100() -> None:
    found = cross_entropy(torch.tensor([[0.0, 1.0]]), {"target": torch.tensor([[1.0, 0.0]])})
    assert found.tolist() == [100.0]


def test_divergence_by_hand() -> None:
    target = torch.tensor([[0.25, 0.75, 0.0]])
    found = divergence(torch.tensor([[0.5, 0.25, 0.25]]), {"target": target})
    assert float(found) == pytest.approx(0.25 * math.log(0.5) + 0.75 * math.log(3), abs=1e-6)


def test_divergence_of_a_distribution_from_itself_is_zero() -> None:
    target = torch.softmax(torch.randn(5, 64, generator=torch.Generator().manual_seed(0)), dim=1)
    torch.testing.assert_close(
        divergence(target, {"target": target}), torch.zeros(5), atol=1e-5, rtol=0
    )


def test_divergence_is_finite_where_a_true_class_has_no_probability() -> None:
    output = torch.tensor([[1.0, 0.0]], requires_grad=True)
    loss = divergence(output, {"target": torch.tensor([[0.0, 1.0]])})
    loss.sum().backward()
    assert float(loss.detach()) == pytest.approx(-math.log(1e-8))
    assert output.grad is not None
    assert output.grad.isfinite().all()


def test_every_workload_has_its_loss() -> None:
    assert companion_melody.loss is cross_entropy
    assert companion_harmony.loss is divergence
    for model in (companion_emotion, companion_dynamics, companion_groove):
        assert model.loss is squared_error
