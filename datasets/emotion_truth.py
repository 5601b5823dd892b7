"""What a synthetic soundscape is worth: valence, arousal, and the ratings drawn from them.

The valence of an ambiguous sound is that of what was heard before, so a model that hears one
second at a time cannot know it: the context-free oracle bounds such a model in expectation.

C clips, k = 0..5 segments; both are the axes of every array ``[C, 6]``.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from datasets.emotion_features import SEGMENTS
from datasets.emotion_soundscapes import AMBIGUOUS, SOURCES

Array = NDArray[np.float64]

LOUDNESS_FLOOR = 1e-12  # power; keeps the logarithm of silence finite
SEGMENT_WEIGHTS = np.linspace(0.7, 1.3, SEGMENTS) / SEGMENTS  # the end of a clip counts more
VALENCE_NOISE, AROUSAL_NOISE = 0.35, 0.25  # of a rating, relative to the truth's deviation
RATING_STREAM = 1_000_000  # no clip has this number, so its random stream is free


@dataclass(frozen=True)
class Truth:
    """Valence and arousal of every segment, in arbitrary units. Shapes ``[C, 6]``.

    Attributes:
        valence: As heard by a listener who remembers.
        context_free: Valence with ambiguous sounds taken as neutral.
        arousal: Activation; it remembers loudness only.
    """

    valence: Array
    context_free: Array
    arousal: Array


def loudness(power: Array) -> Array:
    """Map mean power (full scale 1) to loudness: 0 at -50 dB, 1 at -10 dB, at most 1.2."""
    return np.clip((10 * np.log10(power + LOUDNESS_FLOOR) + 50) / 40, 0, 1.2)


def truth(sources: NDArray[np.int64], loudness: Array, kappa: float) -> Truth:
    """Derive what each segment is worth from what plays and how loud it is.

    Args:
        sources: Index into ``SOURCES``. Shape ``[C, 6]``.
        loudness: From ``loudness``. Shape ``[C, 6]``.
        kappa: Strength of the past on ambiguous sounds.

    Returns:
        Valence and arousal of each segment.
    """
    own = np.array([source.valence for source in SOURCES])[sources]
    heard = np.where(np.isin(sources, AMBIGUOUS), kappa * _past(own, sources), own)
    return Truth(
        valence=_colour(heard, loudness),
        context_free=_colour(own, loudness),
        arousal=_arousal(sources, loudness),
    )


def _colour(valence: Array, loudness: Array) -> Array:
    """Let loudness strengthen the valence of a sound, and annoy."""
    return valence * (0.5 + 0.5 * loudness) - 0.5 * loudness


def _past(own: Array, sources: NDArray[np.int64]) -> Array:
    """Average the clear sounds heard up to each segment; within +-1. Shape ``[C, 6]``."""
    context = own[:, 0]
    past = [context]
    for k in range(1, SEGMENTS):
        clear = ~np.isin(sources[:, k], AMBIGUOUS)
        context = np.where(clear, 0.7 * context + 0.3 * own[:, k], context)
        past.append(context)
    return np.clip(2 * np.stack(past, axis=1), -1, 1)


def _arousal(sources: NDArray[np.int64], loudness: Array) -> Array:
    """Add loudness, the sound's own arousal, and surprise: louder than what went before."""
    mean = loudness[:, 0]
    jumps = []
    for level in loudness.T:
        jumps.append(np.maximum(0, level - mean))
        mean = 0.6 * mean + 0.4 * level
    own = np.array([source.arousal for source in SOURCES])[sources]
    arousal: Array = 1.2 * loudness + 0.4 * own + 1.2 * np.stack(jumps, axis=1)
    return arousal


def rank_rating(values: Array) -> Array:
    """Spread values evenly over +1 (largest) to -1 (smallest), as the real ratings are."""
    order = np.argsort(-values, kind="stable")
    ratings = np.empty(len(values))
    ratings[order] = np.linspace(1, -1, len(values))
    return ratings


def clip_valence(segments: Array) -> Array:
    """Weigh the valence of the segments. ``[C, 6]`` to ``[C]``."""
    return segments @ SEGMENT_WEIGHTS


def clip_arousal(segments: Array) -> Array:
    """Weigh the arousal of the segments; the peak counts as well. ``[C, 6]`` to ``[C]``."""
    arousal: Array = 0.8 * (segments @ SEGMENT_WEIGHTS) + 0.2 * segments.max(axis=1)
    return arousal


def columns(truth: Truth, seed: int) -> dict[str, Array]:
    """Draw the ratings of all clips and state what an oracle would have predicted.

    Args:
        truth: Valence and arousal of the segments.
        seed: Seed of the data set.

    Returns:
        Arrays ``[C, 6]`` by name: ``valence`` and ``arousal`` are the clip's noisy rating,
        ``*_seg`` the segment's label on the same scale, ``*_oracle`` and ``*_context_free`` the
        noise-free prediction with and without a past.
    """
    generator = np.random.default_rng([seed, RATING_STREAM])
    valence, arousal = clip_valence(truth.valence), clip_arousal(truth.arousal)
    rated_valence = rank_rating(_noisy(valence, VALENCE_NOISE, generator))
    rated_arousal = rank_rating(_noisy(arousal, AROUSAL_NOISE, generator))
    scale, offset = np.polyfit(valence, rated_valence, 1)
    arousal_scale, arousal_offset = np.polyfit(truth.arousal @ SEGMENT_WEIGHTS, rated_arousal, 1)
    clips = {
        "valence": rated_valence,
        "arousal": rated_arousal,
        "valence_oracle": rank_rating(valence),
        "arousal_oracle": rank_rating(arousal),
        "valence_context_free": rank_rating(clip_valence(truth.context_free)),
    }
    return {name: np.repeat(value[:, None], SEGMENTS, axis=1) for name, value in clips.items()} | {
        "valence_seg": offset + scale * truth.valence,
        "valence_seg_context_free": offset + scale * truth.context_free,
        "arousal_seg": arousal_offset + arousal_scale * truth.arousal,
    }


def _noisy(values: Array, share: float, generator: np.random.Generator) -> Array:
    """Add noise of ``share`` times the deviation of the values."""
    return values + share * np.std(values) * generator.standard_normal(len(values))
