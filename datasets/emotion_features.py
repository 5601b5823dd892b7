"""Front end of ``emotion``: log-mel levels of one-second segments, as in PANNs' Cnn6.

C clips, S segments, T 101 frames, M 64 mel bins. Origin of the constants: Kong et al., PANNs
(arXiv:1912.10211), at 32 kHz.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 32_000
SEGMENTS = 6
SEGMENT_SAMPLES = SAMPLE_RATE_HZ  # one second
CLIP_SAMPLES = SEGMENTS * SEGMENT_SAMPLES
WINDOW_SAMPLES = 1024
HOP_SAMPLES = 320
FRAMES = 1 + SEGMENT_SAMPLES // HOP_SAMPLES
MEL_BINS = 64
MEL_RANGE_HZ = (50.0, 14_000.0)
POWER_FLOOR = 1e-10  # -100 dB
DYNAMIC_RANGE_DB = 80.0
DB_REFERENCES = ("absolute", "max")


def log_mel(clips: NDArray[np.floating], db_ref: str = "absolute") -> NDArray[np.float32]:
    """Measure the level of each mel bin over time, each second on its own.

    Args:
        clips: Sound at 32 kHz, full scale 1. Shape ``[C, 192000]``.
        db_ref: ``absolute`` refers levels to 1.0. ``max`` refers them to the segment's own
            maximum and floors them at -80 dB, which removes loudness.

    Returns:
        Levels in dB. Shape ``[C, 6, 101, 64]``.

    Raises:
        ValueError: If ``db_ref`` is unknown or a clip is not six seconds long.
    """
    if db_ref not in DB_REFERENCES:
        raise ValueError(f"db_ref must be one of {', '.join(DB_REFERENCES)}, got '{db_ref}'")
    if clips.ndim != 2 or clips.shape[1] != CLIP_SAMPLES:
        raise ValueError(f"clips must have shape (C, {CLIP_SAMPLES}), got {clips.shape}")
    segments = clips.reshape(-1, SEGMENT_SAMPLES)
    level_db = np.stack([_segment_level_db(segment) for segment in segments])
    level_db = level_db.reshape(-1, SEGMENTS, FRAMES, MEL_BINS)
    if db_ref == "max":
        level_db -= level_db.max(axis=(2, 3), keepdims=True)
        level_db = np.maximum(level_db, -DYNAMIC_RANGE_DB)
    return level_db.astype(np.float32)


def _segment_level_db(segment: NDArray[np.floating]) -> NDArray[np.float64]:
    """Measure one segment ``[32000]``; levels in dB, shape ``[101, 64]``."""
    padded = np.pad(segment, WINDOW_SAMPLES // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW_SAMPLES)[::HOP_SAMPLES]
    power = np.abs(np.fft.rfft(frames * _window())) ** 2
    mel_power = power @ mel_filters().T
    return 10 * np.log10(np.maximum(mel_power, POWER_FLOOR))


def hann(length: int) -> NDArray[np.float64]:
    """Return the periodic Hann window. Shape ``[length]``."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)


@cache
def _window() -> NDArray[np.float64]:
    """Return the analysis window. Shape ``[1024]``."""
    return hann(WINDOW_SAMPLES)


@cache
def mel_filters() -> NDArray[np.float64]:
    """Build triangles of equal area, spaced on Slaney's mel scale (Auditory Toolbox, 1998).

    Returns:
        Weight of each FFT bin in each mel bin, in 1/Hz. Shape ``[64, 513]``.
    """
    lowest, highest = _hz_to_mel(np.array(MEL_RANGE_HZ))
    edges = _mel_to_hz(np.linspace(lowest, highest, MEL_BINS + 2))
    bins_hz = np.fft.rfftfreq(WINDOW_SAMPLES, 1 / SAMPLE_RATE_HZ)
    lower, centre, upper = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rise = (bins_hz - lower) / (centre - lower)
    fall = (upper - bins_hz) / (upper - centre)
    return np.maximum(0, np.minimum(rise, fall)) * 2 / (upper - lower)


def _hz_to_mel(frequency_hz: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert Hz to Slaney's mel: linear below 1 kHz, logarithmic above."""
    logarithmic = 15 + 27 * np.log(np.maximum(frequency_hz, 1000) / 1000) / np.log(6.4)
    return np.where(frequency_hz < 1000, 3 * frequency_hz / 200, logarithmic)


def _mel_to_hz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    """Convert Slaney's mel to Hz."""
    return np.where(mel < 15, 200 * mel / 3, 1000 * np.exp((mel - 15) * np.log(6.4) / 27))
