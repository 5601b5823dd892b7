"""Data of ``companion_harmony``: an emotion and the last two chords, and the next chord."""

from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from datasets import companion_data
from datasets.companion_chords import NUM_CLASSES, NUM_TONAL, QUALITIES, context
from datasets.companion_data import Task
from datasets.companion_latent import EMBEDDING_SIZE, Array, Latent, latent, noisy_embedding
from datasets.companion_progressions import read
from datasets.companion_table import Rules, Table

#: How willingly the root moves up by 0 to 11 semitones.
MOTION = (-0.3, -1.2, 0.5, 0.0, 0.0, 1.6, -1.5, 1.1, 0.1, 0.6, 0.1, -1.0)
FOURTH = 5  # semitones; where a dominant seventh resolves to

Classes = NDArray[np.int64]


def generate(rng: Generator, num_samples: int) -> Table:
    """Draw two chords, and how likely every chord follows them in an emotion.

    Args:
        rng: Of the data set.
        num_samples: Samples.

    Returns:
        Inputs ``[n, 128]``, the embedding before the context; targets ``[n, 64]``, a distribution
        drawn around the likely one.
    """
    drawn = latent(rng, num_samples)
    embedded = noisy_embedding(rng, drawn)
    previous = rng.integers(0, NUM_TONAL, num_samples)
    before = rng.integers(0, NUM_TONAL, num_samples)
    likely = probabilities(drawn, previous, before)
    gamma = rng.standard_gamma(NUM_TONAL * likely + 1e-4)
    target = np.zeros((num_samples, NUM_CLASSES))
    target[:, :NUM_TONAL] = gamma / gamma.sum(axis=1, keepdims=True)
    return Table(np.concatenate([embedded, context(previous, before)], axis=1), target)


def probabilities(drawn: Latent, previous: Classes, before: Classes) -> Array:
    """Say how likely every chord with a root follows two others.

    Args:
        drawn: With the emotion of each sample.
        previous: Class of the last chord. Shape ``[n]``.
        before: Class of the chord before it. Shape ``[n]``.

    Returns:
        Probabilities. Shape ``[n, 60]``.
    """
    v, a = drawn.valence[:, None], drawn.arousal[:, None]
    root, quality = np.divmod(np.arange(NUM_TONAL), len(QUALITIES))
    is_minor = np.isin(quality, (QUALITIES.index("m"), QUALITIES.index("m7")))
    has_seventh = quality >= QUALITIES.index("7")
    previous_root, previous_quality = np.divmod(previous[:, None], len(QUALITIES))
    interval = (root - previous_root) % 12
    resolves = (previous_quality == QUALITIES.index("7")) & (interval == FOURTH)
    logit = 1.4 * np.array(MOTION)[interval] + np.where(is_minor, -1.6 * v, 1.6 * v)
    logit += np.where(has_seventh, 1.2 * a, -0.4 * a)
    logit += 0.9 * (root == before[:, None] // len(QUALITIES)) + 1.5 * resolves
    power = np.exp(logit - logit.max(axis=1, keepdims=True))
    likely: Array = power / power.sum(axis=1, keepdims=True)
    return likely


RULES = Rules(EMBEDDING_SIZE + NUM_CLASSES, NUM_CLASSES, (0, 1), sums_to_one=True)
TASK = Task("harmony", RULES, 44, generate, read)

load = partial(companion_data.load, TASK)
load_test = partial(companion_data.load_test, TASK)
