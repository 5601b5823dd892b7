"""Synthetic soundscapes with a known cause of every rating: the default data of ``emotion``.

Natural and mechanical sounds follow each other for six seconds. Rumble and whistle are
ambiguous: what they mean depends on what was heard before (thunder or lorry, bird or kettle).
The data say nothing about real listeners.

C clips, k = 0..5 segments of one second. Only ``random`` and ``standard_normal`` are drawn, in a
fixed order, since numpy keeps these streams stable between versions.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from datasets.emotion_features import (
    CLIP_SAMPLES,
    SAMPLE_RATE_HZ,
    SEGMENT_SAMPLES,
    SEGMENTS,
    hann,
)

Signal = NDArray[np.float64]

VERSION = 1  # of the generator; a new one makes every cached file anew
AMBIGUOUS_PROBABILITY = 0.65
MIXED_PROBABILITY = 0.5
KAPPA = 1.2  # how strongly the past colours an ambiguous sound; 0 is the control without a past
NATURAL, MECHANICAL, MIXED, AMBIGUOUS = (0, 1), (2, 3, 4), (0, 1, 2, 3, 4), (5, 6)

TIME_S = np.arange(SEGMENT_SAMPLES) / SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Clip:
    """One soundscape: what plays in each second, and how it sounds.

    Attributes:
        sources: Index into ``SOURCES`` for each segment.
        signal: Sound at 32 kHz within +-1. Shape ``[192000]``.
    """

    sources: tuple[int, ...]
    signal: Signal

    def segment_power(self) -> Signal:
        """Return the mean power of each segment, full scale 1. Shape ``[6]``."""
        power: Signal = np.mean(self.signal.reshape(SEGMENTS, -1) ** 2, axis=1)
        return power


@dataclass(frozen=True)
class Source:
    """A sound, the valence that it has by itself (0 where the past decides) and its arousal."""

    render: Callable[[Generator], Signal]
    valence: float
    arousal: float


def _unit_rms(signal: Signal) -> Signal:
    """Scale a signal to root mean square 1."""
    scaled: Signal = signal / np.sqrt(np.mean(signal**2))
    return scaled


def _sine(frequency_hz: float, phase_cycles: float = 0.0) -> Signal:
    """Return a sine over one segment. Shape ``[32000]``."""
    return np.sin(2 * np.pi * (frequency_hz * TIME_S + phase_cycles))


def noise(
    generator: Generator, exponent: float, low_hz: float, high_hz: float, samples: int
) -> Signal:
    """Draw noise with a power spectrum of 1/f^exponent between two frequencies.

    Args:
        generator: Source of the phases.
        exponent: Slope of the power spectrum; 0 is white.
        low_hz: Lower edge of the band.
        high_hz: Upper edge of the band.
        samples: Length at 32 kHz; even.

    Returns:
        Noise of root mean square 1. Shape ``[samples]``.
    """
    frequency_hz = np.fft.rfftfreq(samples, 1 / SAMPLE_RATE_HZ)
    band = (frequency_hz >= low_hz) & (frequency_hz <= high_hz)
    amplitude = band * np.maximum(frequency_hz, 20) ** (-exponent / 2)
    phase = 2 * np.pi * generator.random(len(frequency_hz))
    return _unit_rms(np.fft.irfft(amplitude * np.exp(1j * phase), samples))


def _water(generator: Generator) -> Signal:
    rate, phase = generator.random(2)
    swell = 1 + 0.5 * _sine(0.3 + 0.7 * rate, phase)
    return noise(generator, 0.6, 300, 10_000, SEGMENT_SAMPLES) * swell


def _bird(generator: Generator) -> Signal:
    signal = np.zeros(SEGMENT_SAMPLES)
    for _ in range(3 + int(5 * generator.random())):
        duration, start, pitch, glide = generator.random(4)
        samples = 1500 + int(2500 * duration)
        onset = int(28_000 * start)
        time_s = TIME_S[:samples]
        cycles = (2500 + 3500 * pitch) * time_s + 8000 * (2 * glide - 1) * time_s**2
        signal[onset : onset + samples] += hann(samples) * np.sin(2 * np.pi * cycles)
    return signal


def _engine(generator: Generator) -> Signal:
    pitch, roughness, *phases = generator.random(26)
    signal = np.zeros(SEGMENT_SAMPLES)
    for harmonic, phase in enumerate(phases, start=1):
        signal += _sine(harmonic * (60 + 60 * pitch), phase) / harmonic
    return signal * (1 + 0.6 * np.sign(_sine(25 + 15 * roughness)))


def _alarm(generator: Generator) -> Signal:
    pitch, rate, roughness = generator.random(3)
    gate = _sine(3 + 3 * rate) > 0
    return _sine(1800 + 1400 * pitch) * gate * (1 + 0.8 * _sine(50 + 20 * roughness))


def _impact(generator: Generator) -> Signal:
    signal = np.zeros(SEGMENT_SAMPLES)
    for _ in range(2 + int(4 * generator.random())):
        start, decay = generator.random(2)
        samples = np.arange(6000)
        onset = int(26_000 * start)
        burst = generator.standard_normal(6000) * np.exp(-samples / (300 + 900 * decay))
        signal[onset : onset + 6000] += burst
    return signal


def _rumble(generator: Generator) -> Signal:
    rate, phase = generator.random(2)
    return noise(generator, 2, 30, 250, SEGMENT_SAMPLES) * (1 + 0.4 * _sine(0.5 + rate, phase))


def _whistle(generator: Generator) -> Signal:
    pitch, vibrato = generator.random(2)
    wobble = (25 + 50 * vibrato) * np.cos(10 * np.pi * TIME_S)
    tone: Signal = np.sin(2 * np.pi * (2200 + 2000 * pitch) * TIME_S + wobble)
    return hann(SEGMENT_SAMPLES) * tone


SOURCES = (
    Source(_water, 0.7, 0.1),
    Source(_bird, 0.9, 0.25),
    Source(_engine, -0.7, 0.35),
    Source(_alarm, -0.9, 0.8),
    Source(_impact, -0.3, 0.6),
    Source(_rumble, 0.0, 0.3),
    Source(_whistle, 0.0, 0.4),
)


def _pool(draw: float) -> tuple[int, ...]:
    """Choose the clear sounds of a clip: natural, mechanical or both."""
    if draw < (1 - MIXED_PROBABILITY) / 2:
        return NATURAL
    return MECHANICAL if draw < 1 - MIXED_PROBABILITY else MIXED


def render(seed: int, index: int) -> Clip:
    """Make one soundscape.

    Args:
        seed: Seed of the data set.
        index: Number of the clip within it.

    Returns:
        The clip; the same two numbers always give the same one.
    """
    generator = np.random.default_rng([seed, index])
    theme, loudness, colour = generator.random(3)
    level_db = -50 + 32 * loudness
    bed = noise(generator, 0.5 + 1.5 * colour, 40, 12_000, CLIP_SAMPLES)
    signal = bed * 10 ** ((level_db - 12) / 20)
    sources: list[int] = []
    for segment in np.split(signal, SEGMENTS):
        ambiguity, choice = generator.random(2)
        offset_db = 5 * generator.standard_normal()
        ambiguous = sources and ambiguity < AMBIGUOUS_PROBABILITY
        pool = AMBIGUOUS if ambiguous else _pool(theme)
        sources.append(pool[int(len(pool) * choice)])
        sound = _unit_rms(SOURCES[sources[-1]].render(generator))
        segment += sound * 10 ** ((level_db + offset_db) / 20)
    return Clip(tuple(sources), np.clip(signal, -1, 1))
