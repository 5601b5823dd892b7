"""Data of ``companion_dynamics``: the context of a moment, and how expressively it is played."""

from functools import partial

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from datasets import companion_data
from datasets.companion_data import Task
from datasets.companion_latent import Array, latent
from datasets.companion_performances import NUM_BEATS, NUM_CONTEXT, NUM_EXPRESSION, read
from datasets.companion_table import Rules, Table

TEACHER_SEED = 11
NUM_HIDDEN = 24
NUM_HEARD = 20  # of the context; the teacher ignores the rest, which is noise


def generate(rng: Generator, num_samples: int) -> Table:
    """Draw contexts, and the expression that a fixed teacher gives them.

    Args:
        rng: Of the data set.
        num_samples: Samples.

    Returns:
        Inputs ``[n, 32]`` in -1..1 and targets ``[n, 16]`` in 0..1.
    """
    drawn = latent(rng, num_samples)
    phase = rng.uniform(0, 2 * np.pi, num_samples)
    beat = rng.integers(0, NUM_BEATS, num_samples)
    further = [rng.uniform(-1, 1, num_samples) for _ in range(2)]
    columns = [drawn.valence, drawn.arousal, *further, np.sin(phase), np.cos(phase)]
    one_hot, noise = np.eye(NUM_BEATS)[beat], rng.uniform(-1, 1, (num_samples, 12))
    inputs = np.concatenate(
        [np.stack(columns, axis=1), one_hot, np.tanh(drawn.z[:, 2:]), noise], axis=1
    )
    played = 1 / (1 + np.exp(-_teach(inputs, np.isin(beat, (0, 4)))))
    played = played + 0.04 * rng.standard_normal(played.shape)
    return Table(inputs, np.clip(played, 0, 1))


def _teach(inputs: Array, is_strong: NDArray[np.bool_]) -> Array:
    """Return the logits of the expression; the first four follow the emotion by hand.

    Args:
        inputs: Contexts. Shape ``[n, 32]``.
        is_strong: Whether the beat is the first or the fifth of eight. Shape ``[n]``.

    Returns:
        Logits. Shape ``[n, 16]``.
    """
    rng = np.random.default_rng(TEACHER_SEED)
    first = 0.6 * rng.standard_normal((NUM_CONTEXT, NUM_HIDDEN))
    bias = 0.3 * rng.standard_normal(NUM_HIDDEN)
    second = 0.55 * rng.standard_normal((NUM_HIDDEN, NUM_EXPRESSION))
    first[NUM_HEARD:] = 0
    logit: Array = np.tanh(inputs @ first + bias) @ second
    v, a, sine = inputs[:, 0], inputs[:, 1], inputs[:, 4]
    logit[:, 0] = 1.6 * a + 0.7 * sine + 0.5 * is_strong - 0.2
    logit[:, 1] = -0.8 + 0.9 * np.abs(a) * (1 + 0.5 * v)
    logit[:, 2] = logit[:, 0] + 0.8
    logit[:, 3] = logit[:, 0] - (1 + 0.4 * a)
    return logit


TASK = Task("dynamics", Rules(NUM_CONTEXT, NUM_EXPRESSION, (0, 1)), 45, generate, read)

load = partial(companion_data.load, TASK)
load_test = partial(companion_data.load_test, TASK)
