"""Closed-form acoustics of a room from its 16 features, without training.

The formulas are Eyring's (1930, https://doi.org/10.1121/1.1915175), with air absorption.
"""

import numpy as np
from numpy.typing import NDArray

from datasets.edc_images import AIR_PER_M, BAND_WEIGHTS, SPEED_OF_SOUND_M_S, Floats

_DECAY_S = np.linspace(0, 2, 20)
_FLOOR = 1e-10  # -100 dB, below anything that a room parameter depends on


def with_physics(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Append what the formulas say of each room.

    ln of volume and of surface, their ratio, source-receiver distance and its ln, ln of the seven
    Eyring times, and 20 samples over 0..2 s of the Eyring decay curve in dB / 30. The delay of the
    direct sound is the distance up to a constant factor, so it needs no column of its own.

    Args:
        features: Box, source, receiver and absorption. Shape ``[N, 16]``.

    Returns:
        The 16 features and 32 more. Shape ``[N, 48]``.
    """
    volume_m3, surface_m2, distance_m = _measures(features)
    decay_db = 10 * np.log10(np.maximum(eyring_curve(features, _DECAY_S), _FLOOR))
    columns = (
        features,
        np.log(volume_m3),
        np.log(surface_m2),
        volume_m3 / surface_m2,
        distance_m,
        np.log(distance_m),
        np.log(eyring_times_s(features)),
        decay_db / 30,
    )
    return np.hstack(columns).astype(np.float32)


def eyring_times_s(features: NDArray[np.float32]) -> Floats:
    """Reverberation time of each band: ``0.161 V / (-S ln(1 - alpha) + 4 m V)``.

    Args:
        features: Box, source, receiver and absorption. Shape ``[N, 16]``.

    Returns:
        Seconds for a decay by 60 dB at 125 Hz .. 8 kHz. Shape ``[N, 7]``.
    """
    volume_m3, surface_m2, _ = _measures(features)
    absorbed_m2 = -surface_m2 * np.log1p(-features[:, 9:].astype(np.float64))
    return 0.161 * volume_m3 / (absorbed_m2 + 4 * AIR_PER_M * volume_m3)


def eyring_curve(features: NDArray[np.float32], times_s: Floats) -> Floats:
    """Energy decay curve of the direct sound and a diffuse field that starts with it.

    The formula line that a trained model has to beat. Per band, with ``k`` the decay rate and
    ``d`` the distance, ``E(t) = c / (4 pi V k) exp(-k max(t, d/c))
    + [t <= d/c] exp(-m d) / (4 pi d)^2``.

    Args:
        features: Box, source, receiver and absorption. Shape ``[N, 16]``.
        times_s: Times from the emission. Shape ``[T]``.

    Returns:
        Linear curves, 1 until the direct sound arrives. Shape ``[N, T]``.
    """
    volume_m3, surface_m2, distance_m = _measures(features)
    lost = -np.log1p(-features[:, 9:].astype(np.float64))
    rate_per_s = SPEED_OF_SOUND_M_S * (surface_m2 * lost / (4 * volume_m3) + AIR_PER_M)
    field = SPEED_OF_SOUND_M_S * BAND_WEIGHTS / (4 * np.pi * volume_m3 * rate_per_s)
    direct = (BAND_WEIGHTS * np.exp(-AIR_PER_M * distance_m)).sum(axis=1, keepdims=True)
    direct /= (4 * np.pi * distance_m) ** 2

    delay_s = distance_m / SPEED_OF_SOUND_M_S
    since_s = np.maximum(times_s, delay_s)
    start = direct + (field * np.exp(-rate_per_s * delay_s)).sum(axis=1, keepdims=True)
    energy: Floats = direct * (times_s <= delay_s)
    for band in range(len(BAND_WEIGHTS)):  # one at a time: all at once take seven times the memory
        energy += field[:, band, None] * np.exp(-rate_per_s[:, band, None] * since_s)
    curve: Floats = energy / start
    return curve


def _measures(features: NDArray[np.float32]) -> tuple[Floats, Floats, Floats]:
    """Volume, surface and source-receiver distance, each of shape ``[N, 1]``."""
    box, source, receiver = np.split(features[:, :9].astype(np.float64), 3, axis=1)
    length, width, height = np.split(box, 3, axis=1)
    surface_m2 = 2 * (length * width + width * height + height * length)
    distance_m = np.linalg.norm(source - receiver, axis=1, keepdims=True)
    return length * width * height, surface_m2, distance_m
