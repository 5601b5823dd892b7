"""Tones in noise: the recorded or generated series, and the windows cut from it.

K tones, N samples, L steps of a window, n windows.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from datasets.contract import DataFormatError

Array = NDArray[Any]
Columns = dict[str, Array]

BLOCKS = 10
RESOLUTION_HZ = Fraction(1, 1000)  # to which the common period of the tones is found


@dataclass(frozen=True)
class Series:
    """K tones sampled uniformly, and their noisy mixture.

    Attributes:
        mixture: What the filter hears. Shape ``[N]``.
        tones: The clean components. Shape ``[K, N]``.
        frequencies_hz: One a tone.
        sample_rate_hz: Reciprocal of the true spacing, which need not be the nominal one.
        noise_std: Standard deviation of the noise on the mean of the tones, or None if the
            mixture is not made that way.
    """

    mixture: Array
    tones: Array
    frequencies_hz: Sequence[float]
    sample_rate_hz: float
    noise_std: float | None

    @property
    def clean(self) -> Array:
        """The mixture without its noise: the mean of the tones. Shape ``[N]``."""
        mean: Array = self.tones.mean(axis=0)
        return mean

    @property
    def period_samples(self) -> int:
        """Samples after which all tones repeat together."""
        beat = math.gcd(*(round(value / RESOLUTION_HZ) for value in self.frequencies_hz))
        return round(self.sample_rate_hz / (beat * RESOLUTION_HZ))


def check_tones(
    frequencies_hz: Sequence[float],
    phases_rad: Sequence[float],
    sample_rate_hz: float,
    source: str,
) -> None:
    """Reject tones that the sampling cannot carry.

    Args:
        frequencies_hz: One a tone.
        phases_rad: One a tone.
        sample_rate_hz: Number of samples a second.
        source: Where they come from, for the message.

    Raises:
        DataFormatError: If a frequency is not below half the sample rate, there is no tone, or
            frequencies and phases differ in number.
    """
    if len(frequencies_hz) != len(phases_rad) or len(frequencies_hz) == 0:
        raise DataFormatError(
            f"frequencies and phases must have one entry a tone, got {len(frequencies_hz)} and "
            f"{len(phases_rad)} in {source}"
        )
    for frequency in frequencies_hz:
        if not RESOLUTION_HZ <= frequency < sample_rate_hz / 2:
            raise DataFormatError(
                f"frequencies must lie between {float(RESOLUTION_HZ)} Hz and half the sample rate "
                f"of {sample_rate_hz:g} Hz, got {frequency:g} Hz in {source}"
            )


def series(  # noqa: PLR0913  the signature is the schema of `data/`
    noise_seed: int,
    *,
    frequencies_hz: Sequence[float] = (1.0, 3.0, 5.0, 7.0),
    phases_rad: Sequence[float] = (0.0, math.pi / 4, math.pi / 2, 3 * math.pi / 4),
    noise_std: float = 0.1,
    duration_s: float = 10.0,
    sample_rate_hz: float = 1000.0,
) -> Series:
    """Generate the mean of sinusoids of amplitude 1 in white Gaussian noise.

    The samples run from 0 to ``duration_s`` inclusive, so their spacing is a little more than
    the reciprocal of ``sample_rate_hz``: so does the published project.

    Args:
        noise_seed: Seed of NumPy's legacy stream, which NumPy has frozen.
        frequencies_hz: One a tone.
        phases_rad: One a tone, at time 0.
        noise_std: Standard deviation of the noise, above 0.
        duration_s: Time of the last sample.
        sample_rate_hz: Number of samples a second.

    Returns:
        The series.

    Raises:
        ValueError: If a value is out of range; the message names it.
    """
    check_tones(frequencies_hz, phases_rad, sample_rate_hz, "data/frequencies_hz")
    if noise_std <= 0:
        raise ValueError(f"noise_std must be above 0, got {noise_std:g}")
    if duration_s <= 0:
        raise ValueError(f"duration_s must be above 0, got {duration_s:g}")
    time_s = np.linspace(0.0, duration_s, round(duration_s * sample_rate_hz))
    angle = 2 * np.pi * np.outer(frequencies_hz, time_s) + np.reshape(phases_rad, (-1, 1))
    tones = np.sin(angle)
    noise = np.random.RandomState(noise_seed).standard_normal(len(time_s))
    return Series(
        mixture=tones.mean(axis=0) + noise_std * noise,
        tones=tones,
        frequencies_hz=frequencies_hz,
        sample_rate_hz=(len(time_s) - 1) / duration_s,
        noise_std=noise_std,
    )


def spans(num_samples: int, seq_len: int, stride: int) -> Array:
    """Return the samples of every window, the last of which ends within ``stride`` of the end.

    Args:
        num_samples: Length of the series.
        seq_len: Samples of a window.
        stride: Samples between the starts of neighbours.

    Returns:
        Indices, ``(N - L) // stride + 1`` rows. Shape ``[n, L]``, int64.

    Raises:
        ValueError: If a window is empty or longer than the series, or the stride is below 1.
    """
    if not 1 <= seq_len <= num_samples:
        raise ValueError(f"seq_len must lie between 1 and {num_samples} samples, got {seq_len}")
    if stride < 1:
        raise ValueError(f"stride must be at least 1, got {stride}")
    starts: Array = np.arange(0, num_samples - seq_len + 1, stride)
    return starts[:, None] + np.arange(seq_len)


def blocks(samples: Array, num_samples: int, first_block: int = 0) -> Array:
    """Divide a series into ``BLOCKS`` blocks of time: windows of two blocks share no noise.

    Args:
        samples: Indices of every window. Shape ``[n, L]``.
        num_samples: Length of the series.
        first_block: Number of its first block.

    Returns:
        Number of the block that each window lies in, -1 if it reaches into two. Shape ``[n]``.
    """
    begin, end = (samples[:, step] * BLOCKS // num_samples for step in (0, -1))
    return np.where(begin == end, first_block + begin, -1)


def windows(series: Series, seq_len: int, stride: int, first_block: int = 0) -> Columns:
    """Cut windows, each as often as there are tones, to be asked for one tone after the other.

    Args:
        series: What to cut.
        seq_len: Samples of a window.
        stride: Samples between the starts of neighbours.
        first_block: Number of the first block of ``blocks``.

    Returns:
        ``inputs`` (mixture, then the selector as one-hot, the same at every step)
        ``[n K, L, 1 + K]``, ``target`` ``[n K, L, 1]``, ``selector`` ``[n K]`` and ``block`` (of
        ``blocks``) ``[n K]`` int64, and, if the noise is known, ``clean`` (mixture without noise)
        ``[n K, L, 1]``; all others float32.
    """
    num_tones, num_samples = series.tones.shape
    samples = spans(num_samples, seq_len, stride)
    selector = np.tile(np.arange(num_tones), len(samples))
    mixture = np.repeat(series.mixture[samples], num_tones, axis=0).astype(np.float32)
    one_hot = np.eye(num_tones, dtype=np.float32)[selector]
    channels = np.broadcast_to(one_hot[:, None, :], (*mixture.shape, num_tones))
    target = series.tones[:, samples].swapaxes(0, 1).reshape(-1, seq_len, 1)
    columns = {
        "inputs": np.concatenate([mixture[..., None], channels], axis=-1),
        "target": target.astype(np.float32),
        "selector": selector,
        "block": np.repeat(blocks(samples, num_samples, first_block), num_tones),
    }
    if series.noise_std is not None:
        clean = np.repeat(series.clean[samples], num_tones, axis=0)[..., None]
        columns["clean"] = clean.astype(np.float32)
    return columns
