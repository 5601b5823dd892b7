"""What the five ``companion_*`` data sets share: the emotion, its embedding, groove features.

A sample of the embedded data begins with a latent of eight normal numbers. Two of them are an
emotion (valence and arousal), the others nuisances; each workload observes it in its own way.

n samples, H hits of a drum performance.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.floating[Any]]

EMBEDDING_SIZE = 64
EMBEDDING_SEED = 7
EMBEDDING_NOISE = 0.05
NUM_BINS = 14  # of each histogram of a groove
NUM_GROOVE_FEATURES = 4 + 2 * NUM_BINS


@dataclass(frozen=True)
class Latent:
    """What lies behind the samples of every workload.

    Attributes:
        z: Standard normal. Shape ``[n, 8]``.
        valence: In (-1, 1). Shape ``[n]``.
        arousal: In (-1, 1), correlated with valence by .29 as in music corpora. Shape ``[n]``.
    """

    z: Array
    valence: Array
    arousal: Array


def latent(rng: Generator, num_samples: int) -> Latent:
    """Draw the latent of some samples; the first draw from their generator."""
    z = rng.standard_normal((num_samples, 8))
    return Latent(z, np.tanh(0.9 * z[:, 0]), np.tanh(0.9 * (0.3 * z[:, 0] + 0.954 * z[:, 1])))


def embedding(valence: ArrayLike, arousal: ArrayLike) -> Array:
    """Embed emotions; the first half of the values follows valence, the second arousal.

    ``E_i = tanh(k_i m + q_i (m^2 - .33) + x_i m o + b_i)``, where m is the half's own dimension
    and o the other one.

    Args:
        valence: In [-1, 1]. Shape ``[n]`` or a number.
        arousal: As ``valence``.

    Returns:
        Values in (-1, 1). Shape ``[n, 64]``, or ``[64]`` for numbers.
    """
    rng = np.random.default_rng(EMBEDDING_SEED)
    bounds = ((0.6, 1.6), (-0.6, 0.6), (-0.4, 0.4), (-0.3, 0.3))
    slope, bend, mixing, offset = (rng.uniform(*bound, EMBEDDING_SIZE) for bound in bounds)
    both = np.stack([np.asarray(valence), np.asarray(arousal)], axis=-1)
    half = EMBEDDING_SIZE // 2
    own, other = both.repeat(half, axis=-1), both[..., ::-1].repeat(half, axis=-1)
    embedded: Array = np.tanh(slope * own + bend * (own**2 - 0.33) + mixing * own * other + offset)
    return embedded


def noisy_embedding(rng: Generator, drawn: Latent) -> Array:
    """Embed the emotion of each sample, with a noise of .05. Shape ``[n, 64]``."""
    embedded = embedding(drawn.valence, drawn.arousal)
    return embedded + EMBEDDING_NOISE * rng.standard_normal(embedded.shape)


def groove_features(deviation_beats: Array, velocity: Array) -> Array:
    """Describe how drum hits deviate from the beat, and how loud they are.

    Args:
        deviation_beats: From the nearest beat, in -.5..<.5. Shape ``[..., H]``.
        velocity: In 0..1. Shape ``[..., H]``.

    Returns:
        Mean and standard deviation of the deviation, its histogram over -.5..<.5 as shares, and
        the same of the velocity over 0..1. Shape ``[..., 32]``.
    """
    described = [
        part
        for values, lowest in ((deviation_beats, -0.5), (velocity, 0.0))
        for part in (_moments(values), _histogram(values - lowest))
    ]
    return np.concatenate(described, axis=-1)


def _moments(values: Array) -> Array:
    return np.stack([values.mean(axis=-1), values.std(axis=-1)], axis=-1)


def _histogram(values: Array) -> Array:
    """Share values in 0..1 among the bins; what lies outside goes to the first or last one."""
    bins = np.clip(np.floor(values * NUM_BINS), 0, NUM_BINS - 1)
    return np.stack([(bins == number).mean(axis=-1) for number in range(NUM_BINS)], axis=-1)
