"""Errors of ``edc`` over a whole part at once, in float64. B rows, T samples."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Parameter:
    """How the errors of a room-acoustic parameter are told.

    Attributes:
        unit: Tail of the names of its errors.
        jnd: Just noticeable difference (ISO 3382-1): in the unit, or a share of the true value.
        relative: Whether ``jnd`` is a share.
    """

    unit: str
    jnd: float
    relative: bool


PARAMETERS = {
    "edt": Parameter("_s", 0.05, relative=True),
    "t20": Parameter("_s", 0.05, relative=True),
    "t30": Parameter("_s", 0.05, relative=True),
    "c50": Parameter("_db", 1.0, relative=False),
    "d50": Parameter("", 0.05, relative=False),
}


def curve_errors(predicted: Tensor, target: Tensor) -> dict[str, float]:
    """Compare curves as they are predicted, all values at once.

    Args:
        predicted: Linear energy. Shape ``[B, T]``.
        target: Likewise.

    Returns:
        ``edc_mae``, ``edc_rmse`` and ``edc_r2``.
    """
    target = target.double()
    error = predicted.double() - target
    squares = error.square().sum()
    return {
        "edc_mae": error.abs().mean().item(),
        "edc_rmse": (squares / error.numel()).sqrt().item(),
        "edc_r2": (1 - squares / (target - target.mean()).square().sum()).item(),
    }


def parameter_errors(
    name: str, predicted: Tensor, true: Tensor, prefix: str = ""
) -> dict[str, float]:
    """Compare one parameter over the rows where both its values are defined.

    Args:
        name: One of ``PARAMETERS``.
        predicted: NaN where undefined. Shape ``[B]``.
        true: Likewise.
        prefix: Put before the metrics' names.

    Returns:
        Mean (``mae``), root mean square (``rmse``) and median (``medae``) of the error with its
        unit, ``r2``, the share of rows left out (``dropped``) and the share of all rows within
        the just noticeable difference (``jnd``).
    """
    parameter = PARAMETERS[name]
    error = predicted - true
    compared = torch.where(error.isnan(), torch.nan, true)
    limit = parameter.jnd * (true.abs() if parameter.relative else 1.0)
    squares = error.square()
    values = {
        f"mae{parameter.unit}": error.abs().nanmean(),
        f"rmse{parameter.unit}": squares.nanmean().sqrt(),
        f"medae{parameter.unit}": error.abs().nanquantile(0.5),
        "r2": 1 - squares.nansum() / (compared - compared.nanmean()).square().nansum(),
        "dropped": error.isnan().double().mean(),
        "jnd": (error.abs() <= limit).double().mean(),
    }
    return {f"{prefix}{name}_{key}": value.item() for key, value in values.items()}
