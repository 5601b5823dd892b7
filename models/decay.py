"""Room-acoustic parameters of many energy decay curves at once, in float64.

``iso`` follows ISO 3382-1: decay times from a straight line fitted to the level.
``origin`` follows the published training runs, for comparison with their figures only.
B batch, T samples. The level is ``10 log10`` of the energy decay curve, in dB.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

EARLY_S = 0.05  # early energy of C50 and D50 ends here
FLOOR = 1e-10  # energy below it counts as -100 dB


def iso(curves: Tensor, sample_rate_hz: float) -> dict[str, Tensor]:
    """Compute the parameters of ISO 3382-1.

    Args:
        curves: Energy decay curves, linear, longer than 50 ms. Shape ``[B, T]``.
        sample_rate_hz: Points a second.

    Returns:
        ``edt``, ``t20``, ``t30`` in s, ``c50`` in dB and ``d50``, each of shape ``[B]``. NaN where
        a curve does not fall far enough, or does not start above 0.
    """
    energy = cleaned(curves)
    level_db = _level_db(energy)
    late = at_time(energy, EARLY_S, sample_rate_hz).clamp(1e-4, 1 - 1e-4)
    edt, t20, t30 = _fitted_s(level_db, [0.0, -5.0, -5.0], [-10.0, -25.0, -35.0], sample_rate_hz).T
    return {
        "edt": edt,
        "t20": t20,
        "t30": t30,
        "c50": 10 * torch.log10(1 / late - 1),
        "d50": 1 - late,
    }


def two_point(curves: Tensor, sample_rate_hz: float) -> dict[str, Tensor]:
    """Compute decay times from where the level crosses two values, without a fitted line.

    Args:
        curves: Energy decay curves, linear. Shape ``[B, T]``.
        sample_rate_hz: Points a second.

    Returns:
        ``edt`` and ``t20`` in s, each of shape ``[B]``; NaN where a level is not reached.
    """
    level_db = _level_db(cleaned(curves))

    def crossing_s(limit_db: float) -> Tensor:
        after = _first_below(level_db, [limit_db])[:, 0]
        index = after.clamp(1, level_db.shape[1] - 1)
        above, below = (level_db.gather(1, i[:, None])[:, 0] for i in (index - 1, index))
        time_s = (index - (limit_db - below) / (above - below)) / sample_rate_hz
        return torch.where(after < level_db.shape[1], time_s, math.nan)

    return {"edt": 6 * crossing_s(-10.0), "t20": 3 * (crossing_s(-25.0) - crossing_s(-5.0))}


def origin(curves: Tensor, sample_rate_hz: float) -> dict[str, Tensor]:
    """Compute the parameters as the published training runs did.

    Nothing is cleaned, times are those of whole samples, and EDT is the time to -10 dB itself,
    not six times it.

    Args:
        curves: Energy decay curves, linear. Shape ``[B, T]``.
        sample_rate_hz: Points a second.

    Returns:
        ``edt`` and ``t20`` in s and ``c50`` in dB, each of shape ``[B]``; NaN where undefined.
    """
    energy = curves.double()
    level_db = _level_db(energy)
    level_db = level_db - level_db.amax(1, keepdim=True)

    def first_s(limit_db: float) -> Tensor:
        reached, index = (level_db <= limit_db).max(1)
        return torch.where(reached, index.double() / sample_rate_hz, math.nan)

    num_early = math.ceil(EARLY_S * sample_rate_hz)
    ratio = energy[:, :num_early].sum(1) / energy[:, num_early:].sum(1)
    return {
        "edt": first_s(-10.0),
        "t20": 3 * (first_s(-25.0) - first_s(-5.0)),
        "c50": 10 * torch.log10(torch.where((ratio > 0) & ratio.isfinite(), ratio, math.nan)),
    }


def cleaned(curves: Tensor) -> Tensor:
    """Turn predictions into decay curves: not negative, never rising, starting at 1.

    Args:
        curves: Linear energy. Shape ``[B, T]``.

    Returns:
        The curves in float64; all NaN where a curve does not start above 0. Shape ``[B, T]``.
    """
    falling = curves.double().clamp(min=0).cummin(1).values
    return falling / torch.where(falling[:, :1] > 0, falling[:, :1], math.nan)


def at_time(curves: Tensor, time_s: float, sample_rate_hz: float) -> Tensor:
    """Read curves at a time between two samples, by linear interpolation.

    Args:
        curves: Shape ``[B, T]``.
        time_s: From the first sample, in s.
        sample_rate_hz: Points a second.

    Returns:
        Values of shape ``[B]``.

    Raises:
        ValueError: If the curves end before ``time_s``.
    """
    position = time_s * sample_rate_hz
    index = int(position)
    if index + 1 >= curves.shape[1]:
        raise ValueError(
            f"curves must be longer than {time_s} s, got {curves.shape[1]} samples "
            f"at {sample_rate_hz} Hz"
        )
    return torch.lerp(curves[:, index], curves[:, index + 1], position - index)


def _level_db(energy: Tensor) -> Tensor:
    return 10 * torch.log10(energy.clamp(min=FLOOR))


def _first_below(level_db: Tensor, limits_db: Sequence[float]) -> Tensor:
    """Find the first samples at or below levels in falling curves; T where there are none."""
    limits = level_db.new_tensor(limits_db).expand(len(level_db), -1)
    return torch.searchsorted(-level_db, -limits.contiguous())


def _fitted_s(
    level_db: Tensor, starts_db: Sequence[float], stops_db: Sequence[float], sample_rate_hz: float
) -> Tensor:
    """Time for 60 dB along the least-squares line between each two levels of falling curves.

    Running sums make the cost independent of where each curve's interval lies. Shape ``[B, K]``
    for K intervals.
    """
    first, last = _first_below(level_db, [*starts_db, *stops_db]).chunk(2, 1)
    count = last - first + 1
    sample = torch.arange(level_db.shape[1], dtype=torch.float64, device=level_db.device)

    def total(values: Tensor) -> Tensor:
        running = torch.nn.functional.pad(values.cumsum(1), (1, 0))
        return running.gather(1, (last + 1).clamp(max=level_db.shape[1])) - running.gather(
            1, first
        )

    covariance = total(level_db * sample) - total(level_db) * (first + last) / 2
    slope_db = covariance * 12 / (count * (count**2 - 1))
    defined = (last < level_db.shape[1]) & (count >= 3)
    return torch.where(defined, -60 / (slope_db * sample_rate_hz), math.nan)
