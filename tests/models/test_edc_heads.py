"""Heads of ``edc``."""

import pytest
import torch

from models import decay
from models.edc_heads import Linear, Monotone


@pytest.mark.parametrize("rate_hz", [250, 1000, 48_000])
def test_a_monotone_head_starts_training_at_a_typical_decay(rate_hz: int) -> None:
    curve = Monotone(rate_hz)(torch.zeros(1, rate_hz))
    assert decay.iso(curve, rate_hz)["t20"].item() == pytest.approx(0.76, abs=1e-3)


def test_a_monotone_curve_starts_at_one_and_never_rises() -> None:
    torch.manual_seed(0)
    curve = Monotone(1000)(20 * torch.randn(50, 300))
    assert (curve[:, 0] == 1).all()
    assert (curve >= 0).all()
    assert (curve.diff(dim=1) <= 0).all()


def test_a_monotone_curve_is_the_product_of_the_rates_before_each_sample() -> None:
    head = Monotone(1000)
    z = torch.randn(1, 3)
    rate = torch.nn.functional.softplus(z[0] + head.offset)
    expected = torch.stack((torch.tensor(1.0), (-rate[0]).exp(), (-rate[0] - rate[1]).exp()))
    torch.testing.assert_close(head(z)[0], expected)
    assert head.offset == pytest.approx(-4.00, abs=0.01)


def test_a_linear_head_undoes_the_scaling() -> None:
    curve = torch.rand(5, 7)
    shift, scale = curve.mean(0), curve.std(0)
    torch.testing.assert_close(Linear(shift, scale)((curve - shift) / scale), curve)


def test_heads_have_no_weights() -> None:
    for head in (Linear(torch.zeros(7), torch.ones(7)), Monotone(1000)):
        assert not list(head.parameters())
