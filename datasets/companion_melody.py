"""Data of ``companion_melody``: the embedding of an emotion, and the notes of a melody."""

from functools import partial

import numpy as np
from numpy.random import Generator

from datasets import companion_data
from datasets.companion_data import Task
from datasets.companion_latent import EMBEDDING_SIZE, Array, Latent, latent, noisy_embedding
from datasets.companion_skyline import NUM_NOTES, NUM_PITCHES, multi_hot, read
from datasets.companion_table import Rules, Table

#: How well each pitch class above the tonic fits, in major and in minor.
MAJOR = (1, 0.02, 0.6, 0.02, 0.8, 0.5, 0.03, 0.95, 0.02, 0.55, 0.02, 0.35)
MINOR = (1, 0.02, 0.5, 0.85, 0.02, 0.5, 0.03, 0.95, 0.45, 0.03, 0.4, 0.1)


def generate(rng: Generator, num_samples: int) -> Table:
    """Draw melodies of 24 notes from a distribution of pitches that follows the emotion.

    Args:
        rng: Of the data set.
        num_samples: Samples.

    Returns:
        Inputs ``[n, 64]``; targets ``[n, 128]``, 1 for every pitch that sounds.
    """
    drawn = latent(rng, num_samples)
    inputs = noisy_embedding(rng, drawn)
    cumulated = probabilities(drawn).cumsum(axis=1)
    cumulated /= cumulated[:, -1:]
    chances = rng.random((num_samples, NUM_NOTES))
    # the first pitch whose cumulated probability exceeds the chance
    found = zip(cumulated, chances, strict=True)
    pitches = np.stack([np.searchsorted(row, chance, side="right") for row, chance in found])
    return Table(inputs, multi_hot(pitches))


def probabilities(drawn: Latent) -> Array:
    """Return the probability of every pitch, up to a factor. Shape ``[n, 128]``."""
    v, a = drawn.valence[:, None], drawn.arousal[:, None]
    pitch = np.arange(NUM_PITCHES)
    major = 1 / (1 + np.exp(-6 * v))
    tonic = np.where(v * a > 0.05, 0, np.where(a > 0, 2, 7))
    degree = (pitch - tonic) % 12
    scale = major * np.array(MAJOR)[degree] + (1 - major) * np.array(MINOR)[degree]
    height = (pitch - 62 - 9 * a - 3 * v) / (5 + 2 * (a + 1))
    weighted: Array = scale * np.exp(-0.5 * height**2)
    return weighted


TASK = Task("melody", Rules(EMBEDDING_SIZE, NUM_PITCHES, (0, 1)), 43, generate, read)

load = partial(companion_data.load, TASK)
load_test = partial(companion_data.load_test, TASK)
