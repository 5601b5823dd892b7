"""The auxiliary loss of ``edc``: T20 and C50 in forms that have gradients. B batch, T samples."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from models.decay import EARLY_S, at_time
from models.edc_losses import Curves, level_db, mse
from models.functional import Number, rowwise

LARGEST_TERM = 1e4  # so that no row rules its batch


def auxiliary(
    curves: Curves,
    aux_weight: Number = 0.1,
    softmax_k: Number = 1.0,
    aux_time: str = "softmax",
    aux_c50: str = "sums",
) -> Tensor:
    """Add the squared errors of T20, in square seconds, and of C50, in square dB.

    Args:
        curves: Prediction and target, both limited to [1e-8, 1] first.
        aux_weight: Strength of the two terms, limited to [0.01, 1].
        softmax_k: Sharpness of T20's crossings, per dB.
        aux_time: How a crossing is found, one of ``CROSSINGS``.
        aux_c50: How C50 is found, one of ``CLARITIES``.

    Returns:
        Loss of each row; that of the curve alone where a term is not finite. Shape ``[B]``.
    """
    predicted, target = (curve.clamp(1e-8, 1) for curve in (curves.predicted, curves.target))
    curve_error = mse(replace(curves, predicted=predicted, target=target)).clamp(max=LARGEST_TERM)

    def term(parameter: Callable[[Tensor], Tensor]) -> Tensor:
        return (parameter(predicted) - parameter(target)).square().clamp(max=LARGEST_TERM)

    rate_hz = curves.sample_rate_hz
    t20_error = term(lambda curve: soft_t20_s(curve, rate_hz, softmax_k, aux_time))
    c50_error = term(lambda curve: CLARITIES[aux_c50](curve, rate_hz))
    terms = 0.5 * t20_error + 0.5 * c50_error
    weight = rowwise(aux_weight, terms).clamp(0.01, 1)
    return torch.where(terms.isfinite(), curve_error + weight * terms, curve_error)


def aux_fallbacks(predicted: Tensor) -> int:
    """Count the rows where ``auxiliary`` leaves out its terms.

    Every value is limited before the terms are taken, so only NaN can make them not finite.

    Args:
        predicted: Predicted curves. Shape ``[B, T]``.

    Returns:
        Number of rows.
    """
    return int(predicted.isnan().any(1).sum())


def soft_t20_s(
    curve: Tensor, sample_rate_hz: float, sharpness: Number = 1.0, crossing: str = "softmax"
) -> Tensor:
    """T20 from the times at which the level crosses -5 and -25 dB, limited to 5 s.

    Args:
        curve: Linear energy decay. Shape ``[B, T]``.
        sample_rate_hz: Points a second.
        sharpness: Per dB; the estimate nears the exact one as it grows.
        crossing: One of ``CROSSINGS``.

    Returns:
        Time in s. Shape ``[B]``.
    """
    level = level_db(curve).clamp(min=-60)
    first, last = (
        CROSSINGS[crossing](level - limit_db, rowwise(sharpness, level)) / sample_rate_hz
        for limit_db in (-5.0, -25.0)
    )
    return (3 * (last - first).clamp(0, 5)).clamp(max=5)


def _softmax_crossing(distance_db: Tensor, sharpness: Tensor) -> Tensor:
    """Mean sample index, weighed by how near each level is."""
    sample = torch.arange(distance_db.shape[1], device=distance_db.device)
    return ((-sharpness * distance_db.abs()).softmax(1) * sample).sum(1)


def _count_crossing(distance_db: Tensor, sharpness: Tensor) -> Tensor:
    """Number of samples above the level."""
    return (sharpness * distance_db).sigmoid().sum(1) - 0.5


def _clarity_of_sums(curve: Tensor, sample_rate_hz: float) -> Tensor:
    """C50 as the published runs take it: from sums of the curve, not of the response."""
    num_early = int(EARLY_S * sample_rate_hz)
    early, late = (
        part.sum(1).clamp(min=1e-8) for part in (curve[:, :num_early], curve[:, num_early:])
    )
    return _limited_db(early / late)


def _clarity_of_energy(curve: Tensor, sample_rate_hz: float) -> Tensor:
    """C50 of ISO 3382-1, for curves that start at 1."""
    return _limited_db(1 / at_time(curve, EARLY_S, sample_rate_hz) - 1)


def _limited_db(ratio: Tensor) -> Tensor:
    return (10 * torch.log10(ratio.clamp(1e-6, 1e6))).clamp(-50, 50)


CROSSINGS = {"softmax": _softmax_crossing, "count": _count_crossing}
CLARITIES = {"sums": _clarity_of_sums, "iso": _clarity_of_energy}
