"""Data of ``companion_emotion``: 128 mel features of a piece of music, and its emotion."""

from functools import partial

import numpy as np
from numpy.random import Generator

from datasets import companion_data
from datasets.companion_data import Task
from datasets.companion_deam import read
from datasets.companion_latent import EMBEDDING_SIZE, Array, Latent, embedding, latent
from datasets.companion_table import Rules, Table

NUM_BANDS = 128

#: Of three peaks of the spectrum: centre, its move with valence and with arousal, width, height,
#: and the sign of the interaction of both.
PEAKS = (
    (0.12, 0.03, 0.0, 0.05, 0.22, 1),
    (0.30, 0.07, 0.05, 0.07, 0.18, -1),
    (0.55, -0.06, 0.12, 0.09, 0.14, 1),
)


def generate(rng: Generator, num_samples: int) -> Table:
    """Draw mel spectra whose level, slope and peaks follow an emotion.

    Args:
        rng: Of the data set.
        num_samples: Samples.

    Returns:
        Inputs ``[n, 128]`` and targets ``[n, 64]``, both in -1..1.
    """
    drawn = latent(rng, num_samples)
    heard = _level(drawn) + 0.10 * rng.standard_normal((num_samples, NUM_BANDS))
    felt = embedding(drawn.valence, drawn.arousal)
    felt = felt + 0.05 * rng.standard_normal(felt.shape)
    return Table(np.clip(heard, -1, 1), np.clip(felt, -1, 1))


def _level(drawn: Latent) -> Array:
    """Return the level of every band, without its noise. Shape ``[n, 128]``."""
    u = np.arange(NUM_BANDS) / (NUM_BANDS - 1)
    v, a, z = drawn.valence[:, None], drawn.arousal[:, None], drawn.z[:, :, None]
    level: Array = (-0.45 + 0.22 * a) + (-0.55 + 0.25 * a + 0.06 * z[:, 2]) * u
    for j, (centre, by_valence, by_arousal, width, height, sign) in enumerate(PEAKS):
        moved = centre + by_valence * v + by_arousal * a + 0.02 * z[:, 3 + j]
        strength = height * (1 + 0.35 * sign * v * a + 0.15 * z[:, 6])
        level = level + strength * np.exp(-0.5 * ((u - moved) / width) ** 2)
    ripples = np.clip(8 + 6 * z[:, 7], 2, 20)
    return level + 0.05 * np.cos(2 * np.pi * u * ripples + z[:, 5])


TASK = Task("emotion", Rules(NUM_BANDS, EMBEDDING_SIZE, (-1, 1)), 42, generate, read)

load = partial(companion_data.load, TASK)
load_test = partial(companion_data.load_test, TASK)
