"""Losses of ``edc``."""

import pytest
import torch
from torch import Tensor

from models import edc_losses
from models.edc_losses import Curves

RATE_HZ = 250.0


def decays(num_samples: int = 500) -> Tensor:
    """Four exponential decays, ``[4, T]``."""
    time_s = torch.arange(num_samples) / RATE_HZ
    return 10 ** (-6 * time_s / torch.tensor([[0.3], [0.5], [0.8], [1.5]]))


def example(scale: Tensor | None = None) -> Curves:
    """Decays and a prediction of each, 20 % too slow."""
    target = decays()
    return Curves(target**0.8, target, torch.ones(1) if scale is None else scale, RATE_HZ)


def test_scaled_errors_do_not_depend_on_the_shift() -> None:
    curves = example(torch.rand(500) + 0.5)
    shift = torch.randn(500)
    scaled = [(curve - shift) / curves.scale for curve in (curves.predicted, curves.target)]
    torch.testing.assert_close(curves.error(), scaled[0] - scaled[1])


def test_mean_squared_error_is_that_of_the_scaled_curves() -> None:
    scale = torch.full((500,), 0.5)
    torch.testing.assert_close(edc_losses.mse(example(scale)), 4 * edc_losses.mse(example()))


def test_response_loss_adds_the_error_of_the_steps() -> None:
    curves = example()
    steps = (curves.predicted.diff(dim=1) - curves.target.diff(dim=1)).square().mean(1)
    expected = edc_losses.mse(curves) + 0.7 * steps
    torch.testing.assert_close(edc_losses.edc_rir(curves, rir_beta=0.7), expected)


def test_response_loss_ignores_a_constant_offset_of_the_steps() -> None:
    target = decays()
    curves = Curves(target + 0.1, target, torch.ones(1), RATE_HZ)
    torch.testing.assert_close(edc_losses.edc_rir(curves, 1.0), edc_losses.mse(curves))


def test_weights_act_where_the_parameters_are_read_off() -> None:
    target = decays()
    level = 10 * torch.log10(target)
    expected = torch.ones_like(target)
    expected[:, :12] = 2.0
    expected = torch.where(level >= -10, expected.clamp(min=3.0), expected)
    expected = torch.where((level <= -5) & (level >= -25), expected.clamp(min=4.0), expected)
    curves = Curves(target + 1, target, torch.ones(1), RATE_HZ)
    torch.testing.assert_close(edc_losses.weighted_edc(curves, 3.0, 4.0, 2.0), expected.mean(1))


def test_equal_weights_of_one_leave_the_mean_squared_error() -> None:
    curves = example()
    torch.testing.assert_close(
        edc_losses.weighted_edc(curves, 1.0, 1.0, 1.0), edc_losses.mse(curves)
    )


@pytest.mark.parametrize("weight", ["edt_weight", "t20_weight", "c50_weight"])
def test_every_weight_acts_on_standardised_curves_as_on_linear_ones(weight: str) -> None:
    scale = torch.full((500,), 0.05)
    loss = edc_losses.weighted_edc(example(scale), **{weight: 4.0})
    assert (loss > edc_losses.weighted_edc(example(scale))).all()
    torch.testing.assert_close(
        loss * scale[0] ** 2, edc_losses.weighted_edc(example(), **{weight: 4.0})
    )


def test_level_loss_adds_the_squared_error_in_db() -> None:
    predicted, target = torch.full((1, 9), 1e-3), torch.full((1, 9), 1e-4)
    curves = Curves(predicted, target, torch.ones(1), RATE_HZ)
    expected = 100 * 0.0009**2 + 0.02 * 10**2
    assert edc_losses.db(curves, db_weight=0.02).item() == pytest.approx(expected)


def test_level_loss_ends_at_minus_sixty_db() -> None:
    target = decays()
    predicted = torch.where(target < 1e-6, -target, target)
    loss = edc_losses.db(Curves(predicted, target, torch.ones(1), RATE_HZ))
    assert loss.max() < 1e-9


def head_loss(error_s: float, error_db: float) -> Tensor:
    """Loss of one row whose T20 and C50 are off by given amounts, with weights 100 and 50."""
    output = {"t20": torch.tensor([0.5 + error_s]), "c50": torch.tensor([3 + error_db])}
    labels = {"iso_t20": torch.tensor([0.5], dtype=torch.float64), "iso_c50": torch.tensor([3.0])}
    return edc_losses.heads(output, labels, 100.0, 50.0)


def test_head_losses_are_huber_for_t20_and_squared_for_c50() -> None:
    assert head_loss(0.06, 0.0).item() == pytest.approx(100 * 0.5 * 0.06**2, rel=1e-5)
    assert head_loss(0.5, 0.0).item() == pytest.approx(100 * 0.1 * (0.5 - 0.05), rel=1e-5)
    assert head_loss(0.0, 2.0).item() == pytest.approx(50 * 4)


def test_an_undefined_label_is_masked_and_not_taken_as_zero() -> None:
    t20 = torch.tensor([0.7], requires_grad=True)
    output = {"t20": t20, "c50": torch.tensor([4.0])}
    labels = {"iso_t20": torch.tensor([torch.nan]), "iso_c50": torch.tensor([3.0])}
    loss = edc_losses.heads(output, labels, 100.0, 50.0)
    loss.sum().backward()
    assert loss.item() == pytest.approx(50)
    assert t20.grad is not None
    assert t20.grad.item() == 0
