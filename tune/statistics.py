"""What repeated trainings say: means, spreads, and whether a difference is one."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import stats

CONFIDENCE = 0.95


def summarise(values: Sequence[float]) -> dict[str, float]:
    """Return ``mean`` and ``std`` (of a sample); NaN for too few values."""
    sample = np.asarray(values, dtype=float)
    mean = float(np.mean(sample)) if len(sample) else math.nan
    std = float(np.std(sample, ddof=1)) if len(sample) > 1 else math.nan
    return {"mean": mean, "std": std}


def compare(ours: Sequence[float], theirs: Sequence[float], seed: int) -> dict[str, Any]:
    """Compare two configurations trained on the same seeds.

    Args:
        ours: A metric of one, a value a seed.
        theirs: The same of the other, in the same order.
        seed: Of the bootstrap.

    Returns:
        ``difference`` (mean of ours minus theirs), ``p_value`` of the paired t-test, two-sided,
        and ``interval``, the bootstrapped 95 % interval of the difference; the last two are NaN
        with fewer than two seeds or without any spread, the first without any seed.
    """
    differences = np.asarray(ours, dtype=float) - np.asarray(theirs, dtype=float)
    result: dict[str, Any] = {"difference": summarise(differences.tolist())["mean"]}
    if len(differences) < 2 or np.ptp(differences) == 0:
        return result | {"p_value": math.nan, "interval": [math.nan] * 2}
    test = stats.ttest_rel(ours, theirs)
    drawn = stats.bootstrap(
        (differences,),
        np.mean,
        confidence_level=CONFIDENCE,
        method="percentile",
        rng=np.random.default_rng(seed),
    )
    interval = drawn.confidence_interval
    result["p_value"] = float(test.pvalue)
    return result | {"interval": [float(interval.low), float(interval.high)]}
