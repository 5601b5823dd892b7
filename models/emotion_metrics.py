"""Agreement of predicted with rated emotion, in float64 with population moments.

n values; C clips, 6 segments, 2 dimensions (valence, arousal).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

DIMENSIONS = ("valence", "arousal")
NAN = float("nan")


def mae(truth: Array, prediction: Array) -> float:
    """Return the mean absolute error."""
    return float(np.mean(np.abs(truth - prediction)))


def rmse(truth: Array, prediction: Array) -> float:
    """Return the root mean square error."""
    return float(np.sqrt(np.mean((truth - prediction) ** 2)))


def r2(truth: Array, prediction: Array) -> float:
    """Return the share of variance explained; NaN where the truth is constant."""
    variance = np.var(truth)
    return float(1 - np.mean((truth - prediction) ** 2) / variance) if variance > 0 else NAN


def pearson(truth: Array, prediction: Array) -> float:
    """Return the linear correlation; NaN where either is constant."""
    deviation = np.std(truth) * np.std(prediction)
    return float(_covariance(truth, prediction) / deviation) if deviation > 0 else NAN


def spearman(truth: Array, prediction: Array) -> float:
    """Return the correlation of ranks, ties sharing the average rank."""
    return pearson(_average_ranks(truth), _average_ranks(prediction))


def ccc(truth: Array, prediction: Array) -> float:
    """Return the concordance correlation (Lin, 1989); 0 for a constant prediction."""
    distance = np.var(truth) + np.var(prediction) + (truth.mean() - prediction.mean()) ** 2
    return 0.0 if distance == 0 else float(2 * _covariance(truth, prediction) / distance)


def _covariance(truth: Array, prediction: Array) -> float:
    return float(np.mean((truth - truth.mean()) * (prediction - prediction.mean())))


def _average_ranks(values: Array) -> Array:
    """Rank values from 1; equal ones share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[inverse]


Metric = Callable[[Array, Array], float]
AGREEMENT: dict[str, Metric] = {
    "mae": mae,
    "rmse": rmse,
    "r2": r2,
    "pearson": pearson,
    "spearman": spearman,
    "ccc": ccc,
}
BY_POSITION = ("mae", "r2", "ccc")


def agreement(truth: Array, prediction: Array, names: tuple[str, ...] = ()) -> dict[str, float]:
    """Take some measures of agreement, or all.

    Args:
        truth: What was rated. Shape ``[n]``.
        prediction: What was predicted. Shape ``[n]``.
        names: Keys of ``AGREEMENT``; all if empty.

    Returns:
        Values by name; all are NaN if one prediction is.
    """
    names = names or tuple(AGREEMENT)
    if not np.isfinite(prediction).all():
        return dict.fromkeys(names, NAN)
    return {name: AGREEMENT[name](truth, prediction) for name in names}


def by_level(prediction: Array, rating: Array, segment_rating: Array) -> dict[str, float]:
    """Score clips, segments, and the segments of each position.

    Args:
        prediction: Shape ``[C, 6, 2]``.
        rating: Of the clip. Shape ``[C, 2]``.
        segment_rating: Of each segment. Shape ``[C, 6, 2]``.

    Returns:
        ``clip_*``, ``segment_*`` and ``segment<k>_*``, e.g. ``segment5_valence_r2``.
    """
    scores: dict[str, float] = {}
    for d, dimension in enumerate(DIMENSIONS):
        said, rated = prediction[..., d], segment_rating[..., d]
        levels = {
            "clip": agreement(rating[:, d], said.mean(axis=1)),
            "segment": agreement(rated.ravel(), said.ravel()),
        }
        for k in range(said.shape[1]):
            levels[f"segment{k}"] = agreement(rated[:, k], said[:, k], BY_POSITION)
        for level, values in levels.items():
            scores |= {f"{level}_{dimension}_{name}": value for name, value in values.items()}
    return scores


def over_time(prediction: Array, isolated: Array, rating: Array) -> dict[str, float]:
    """Measure what the past does to predictions.

    Args:
        prediction: Of clips heard in order. Shape ``[C, 6, 2]``.
        isolated: Of the same segments, each heard without a past. Shape ``[C, 6, 2]``.
        rating: Of the clip. Shape ``[C, 2]``.

    Returns:
        ``within_clip_std_*`` over the segments of a clip (its mean and deviation over clips),
        ``feedback_effect_<k>``, the mean change due to the past, and ``context_gain``, what the
        past adds to the concordance of clip valence.
    """
    scores = {}
    for d, dimension in enumerate(DIMENSIONS):
        deviation = prediction[..., d].std(axis=1)
        scores[f"within_clip_std_{dimension}_mean"] = float(deviation.mean())
        scores[f"within_clip_std_{dimension}_std"] = float(deviation.std())
    effect = np.abs(prediction - isolated).mean(axis=(0, 2))
    scores |= {f"feedback_effect_{k}": float(value) for k, value in enumerate(effect)}
    valence = rating[:, 0]
    scores["context_gain"] = ccc(valence, prediction[..., 0].mean(axis=1)) - ccc(
        valence, isolated[..., 0].mean(axis=1)
    )
    return scores
