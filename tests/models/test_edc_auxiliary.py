"""The auxiliary loss of ``edc``, and its differentiable T20 and C50."""

import math

import pytest
import torch
from torch import Tensor

from datasets import edc
from models import decay
from models.edc_auxiliary import CLARITIES, aux_fallbacks, auxiliary, soft_t20_s
from models.edc_losses import Curves, mse

RATE_HZ = 1000.0
ANCHORS_S = [
    ("softmax", 0.5, 0.0103),
    ("softmax", 1.0, 0.0017),
    ("softmax", 2.0, 0.0008),
    ("softmax", 4.0, 0.0006),
    ("softmax", 8.0, 0.0004),
    ("count", 1 / 0.1, 0.0002),
    ("count", 1 / 0.25, 0.0004),
    ("count", 1 / 0.5, 0.0006),
]


def decays(num_samples: int = 1000) -> Tensor:
    """Four exponential decays, ``[4, T]``."""
    time_s = torch.arange(num_samples) / RATE_HZ
    return 10 ** (-6 * time_s / torch.tensor([[0.3], [0.5], [0.8], [1.2]]))


def example() -> Curves:
    """Decays and a prediction of each, 20 % too slow."""
    target = decays()
    return Curves(target**0.8, target, torch.ones(1), RATE_HZ)


@pytest.mark.slow
def test_soft_t20_nears_the_exact_one_on_the_default_data() -> None:
    curves = edc.load(points_per_second=1000).train.columns["curve"]
    exact = decay.two_point(curves, RATE_HZ)["t20"]
    for crossing, sharpness, error_s in ANCHORS_S:
        soft = soft_t20_s(curves, RATE_HZ, sharpness, crossing)
        assert (soft - exact).abs().mean().item() == pytest.approx(error_s, abs=6e-5)


@pytest.mark.parametrize(("crossing", "sharpness", "error_s"), ANCHORS_S)
def test_soft_t20_nears_the_exact_one(crossing: str, sharpness: float, error_s: float) -> None:
    curves = decays()
    soft = soft_t20_s(curves, RATE_HZ, sharpness, crossing)
    exact = torch.tensor([0.3, 0.5, 0.8, 1.2])
    assert (soft - exact).abs().max() < 3 * error_s


def test_the_loss_is_that_of_the_curve_and_half_of_each_squared_error() -> None:
    curves = example()
    t20_error = soft_t20_s(curves.predicted, RATE_HZ) - soft_t20_s(curves.target, RATE_HZ)
    clarity = CLARITIES["sums"]
    c50_error = clarity(curves.predicted, RATE_HZ) - clarity(curves.target, RATE_HZ)
    expected = mse(curves) + 0.2 * 0.5 * (t20_error.square() + c50_error.square())
    torch.testing.assert_close(auxiliary(curves, aux_weight=0.2), expected, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(("given", "limited"), [(1e-5, 0.01), (50.0, 1.0)])
def test_the_weight_of_the_terms_is_limited(given: float, limited: float) -> None:
    torch.testing.assert_close(auxiliary(example(), given), auxiliary(example(), limited))


@pytest.mark.parametrize("aux_c50", ["sums", "iso"])
def test_clarity_agrees_with_the_exact_one(aux_c50: str) -> None:
    curves = decays()
    convention = decay.origin if aux_c50 == "sums" else decay.iso
    exact = convention(curves, RATE_HZ)["c50"].float()
    torch.testing.assert_close(CLARITIES[aux_c50](curves, RATE_HZ), exact, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("aux_time", ["softmax", "count"])
@pytest.mark.parametrize("aux_c50", ["sums", "iso"])
def test_predictions_outside_the_range_of_energy_give_finite_loss_and_gradient(
    aux_time: str, aux_c50: str
) -> None:
    torch.manual_seed(0)
    predicted = (10 * torch.randn(4, 1000)).requires_grad_()
    curves = Curves(predicted, decays(), torch.ones(1), RATE_HZ)
    loss = auxiliary(curves, softmax_k=8.0, aux_time=aux_time, aux_c50=aux_c50)
    loss.sum().backward()
    assert loss.isfinite().all()
    assert predicted.grad is not None
    assert predicted.grad.isfinite().all()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_rows_without_finite_terms_are_counted(value: float) -> None:
    predicted = decays()
    predicted[1, 30] = value
    terms = soft_t20_s(predicted.clamp(1e-8, 1), RATE_HZ)
    terms = terms + CLARITIES["sums"](predicted.clamp(1e-8, 1), RATE_HZ)
    assert aux_fallbacks(predicted) == (~terms.isfinite()).sum() == int(math.isnan(value))
