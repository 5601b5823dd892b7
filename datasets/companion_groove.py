"""Data of ``companion_groove``: the embedding of an emotion, and the feel of a drum groove."""

from functools import partial

import numpy as np
from numpy.random import Generator

from datasets import companion_data
from datasets.companion_data import Task
from datasets.companion_drums import NUM_HITS, read
from datasets.companion_latent import (
    EMBEDDING_SIZE,
    NUM_GROOVE_FEATURES,
    Array,
    Latent,
    groove_features,
    latent,
    noisy_embedding,
)
from datasets.companion_table import Rules, Table

GRID_BEATS = (0.0, 0.25, 0.5, -0.25)
GRID_SHARES = (0.4, 0.17, 0.26, 0.17)


def generate(rng: Generator, num_samples: int) -> Table:
    """Draw grooves of 96 hits whose swing, haste and accents follow the emotion.

    Args:
        rng: Of the data set.
        num_samples: Samples.

    Returns:
        Inputs ``[n, 64]`` and targets ``[n, 32]``.
    """
    drawn = latent(rng, num_samples)
    inputs = noisy_embedding(rng, drawn)
    grid = _grid(rng, drawn, num_samples)
    v, a = drawn.valence[:, None], drawn.arousal[:, None]
    looseness = 0.012 + 0.015 * (1 - a)
    deviation = grid + 0.05 * (v + 1) * (grid == 0.5) - 0.03 * a * v
    deviation = deviation + looseness * rng.standard_normal(grid.shape)
    accent = np.select([grid == 0, grid == 0.5], [0.14, 0.02], -0.14)
    velocity = 0.48 + 0.22 * a + accent * (1 + 0.5 * v) + 0.05 * rng.standard_normal(grid.shape)
    wrapped = (deviation + 0.5) % 1 - 0.5
    return Table(inputs, groove_features(wrapped, np.clip(velocity, 0.02, 0.999)))


def _grid(rng: Generator, drawn: Latent, num_samples: int) -> Array:
    """Draw the place of every hit within its beat; arousal brings off-beat sixteenths."""
    chances = rng.random((num_samples, NUM_HITS))
    grid = np.array(GRID_BEATS)[np.searchsorted(np.cumsum(GRID_SHARES), chances, side="right")]
    is_kept = rng.random(grid.shape) < 0.25 + 0.375 * (drawn.arousal[:, None] + 1)
    kept: Array = np.where((np.abs(grid) == 0.25) & ~is_kept, 0.0, grid)
    return kept


RULES = Rules(EMBEDDING_SIZE, NUM_GROOVE_FEATURES, (-1, 1))
TASK = Task("groove", RULES, 46, generate, read)

load = partial(companion_data.load, TASK)
load_test = partial(companion_data.load_test, TASK)
