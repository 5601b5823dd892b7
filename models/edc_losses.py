"""Losses of ``edc``, one value a row; their strengths are numbers read at call time.

The error of the curve is taken in the scaled units of the data set. Levels and masks always come
from the linear curve: a scaled one is negative in places and has no level.
B batch, T samples.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from models.decay import EARLY_S
from models.functional import Number, rowwise


@dataclass(frozen=True)
class Curves:
    """Predicted and true energy decay curves, linear, and what gives them units.

    Attributes:
        predicted: Shape ``[B, T]``.
        target: Shape ``[B, T]``.
        scale: Of the data set's scaler for each time point. Shape ``[T]``, or ``[1]``.
        sample_rate_hz: Points a second.
    """

    predicted: Tensor
    target: Tensor
    scale: Tensor
    sample_rate_hz: float

    def error(self) -> Tensor:
        """Difference in scaled units; the scaler's shift cancels. Shape ``[B, T]``."""
        return (self.predicted - self.target) / self.scale


def level_db(curve: Tensor) -> Tensor:
    """Level of a linear curve relative to its maximum, in dB. Shape of ``curve``, ``[B, T]``."""
    level = 10 * torch.log10(curve.clamp(min=1e-8))
    return level - level.amax(1, keepdim=True)


def mse(curves: Curves) -> Tensor:
    """Mean squared error. Shape ``[B]``."""
    return curves.error().square().mean(1)


def edc_rir(curves: Curves, rir_beta: Number = 0.5) -> Tensor:
    """Add the error of the curve's steps, which are the energy of the impulse response.

    Args:
        curves: Prediction and target.
        rir_beta: Strength of the second term.

    Returns:
        Loss of each row. Shape ``[B]``.
    """
    step_error = curves.error().diff(dim=1).square().mean(1)
    return mse(curves) + rowwise(rir_beta, step_error) * step_error


def weighted_edc(
    curves: Curves,
    edt_weight: Number = 1.5,
    t20_weight: Number = 1.5,
    c50_weight: Number = 1.5,
) -> Tensor:
    """Weigh the squared error more where EDT, T20 and C50 are read off the target.

    Args:
        curves: Prediction and target.
        edt_weight: Least weight above -10 dB.
        t20_weight: Least weight between -5 and -25 dB.
        c50_weight: Weight of the first 50 ms.

    Returns:
        Loss of each row; not divided by the sum of the weights, as published. Shape ``[B]``.
    """
    level = level_db(curves.target)
    sample = torch.arange(level.shape[1], device=level.device)
    early = sample < int(EARLY_S * curves.sample_rate_hz)
    weight = torch.where(early, rowwise(c50_weight, level), 1.0)
    for inside, least_weight in (
        (level >= -10, edt_weight),
        ((level <= -5) & (level >= -25), t20_weight),
    ):
        raised = torch.maximum(weight, rowwise(least_weight, level))
        weight = torch.where(inside, raised, weight)
    return (weight * curves.error().square()).mean(1)


def db(curves: Curves, db_weight: Number = 0.01) -> Tensor:
    """Squared error of the linear curve, times 100, and of its level above -60 dB.

    Only a head that keeps the curve positive can follow the second term.

    Args:
        curves: Prediction and target.
        db_weight: Strength of the second term, per square dB.

    Returns:
        Loss of each row. Shape ``[B]``.
    """
    ratio = curves.predicted.clamp(min=1e-6) / curves.target.clamp(min=1e-6)
    level_error = (10 * torch.log10(ratio)).square().mean(1)
    curve_error = (curves.predicted - curves.target).square().mean(1)
    return 100 * curve_error + rowwise(db_weight, level_error) * level_error


def heads(
    output: Mapping[str, Tensor],
    labels: Mapping[str, Tensor],
    t20_weight: Number,
    c50_weight: Number,
) -> Tensor:
    """Error of the T20 and C50 that ``multihead`` predicts beside the curve.

    Args:
        output: ``t20`` in s and ``c50`` in dB, each of shape ``[B]``.
        labels: ``iso_t20`` and ``iso_c50`` likewise; NaN where undefined, which costs nothing.
        t20_weight: Strength of the Huber loss of T20, quadratic below 0.1 s.
        c50_weight: Strength of the squared error of C50.

    Returns:
        Loss of each row. Shape ``[B]``.
    """
    t20_error_s, c50_error_db = (
        torch.where(label.isnan(), 0.0, predicted - label.to(predicted.dtype))
        for predicted, label in (
            (output["t20"], labels["iso_t20"]),
            (output["c50"], labels["iso_c50"]),
        )
    )
    huber = functional.huber_loss(
        t20_error_s, torch.zeros_like(t20_error_s), reduction="none", delta=0.1
    )
    return rowwise(t20_weight, huber) * huber + rowwise(c50_weight, huber) * c50_error_db.square()
