"""Shift and scale of columns, fitted on the rows given and on no others."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]

_SMALLEST = 1e-6  # a column that varies less is shifted only


def fit(rows: Floats, kind: str) -> tuple[Floats, Floats]:
    """Fit ``(value - shift) / scale``.

    Args:
        rows: Training rows. Shape ``[n, F]``.
        kind: ``none`` (shift 0, scale 1), ``standard`` (mean and standard deviation), ``minmax``
            (minimum and range) or ``robust`` (median and interquartile range).

    Returns:
        Shift and scale of each column, a scale below 1e-6 replaced by 1. Both of shape ``[F]``.

    Raises:
        ValueError: If ``kind`` is unknown.
    """
    if kind not in _FITS:
        raise ValueError(f"scaler must be one of {', '.join(_FITS)}, got '{kind}'")
    shift, scale = _FITS[kind](rows)
    scale = np.where(scale < _SMALLEST, 1.0, scale)
    return shift.astype(np.float32), scale.astype(np.float32)


def _none(rows: Floats) -> tuple[Floats, Floats]:
    return np.zeros_like(rows[0]), np.ones_like(rows[0])


def _standard(rows: Floats) -> tuple[Floats, Floats]:
    return rows.mean(axis=0, dtype=np.float64), rows.std(axis=0, dtype=np.float64)


def _minmax(rows: Floats) -> tuple[Floats, Floats]:
    lowest = rows.min(axis=0)
    return lowest, rows.max(axis=0) - lowest


def _robust(rows: Floats) -> tuple[Floats, Floats]:
    lower, median, upper = np.percentile(rows, [25, 50, 75], axis=0)
    return median, upper - lower


_FITS: dict[str, Callable[[Floats], tuple[Floats, Floats]]] = {
    "none": _none,
    "standard": _standard,
    "minmax": _minmax,
    "robust": _robust,
}
