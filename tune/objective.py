"""The one number that ranks trials: fixed for a workload, whatever is tuned."""

import math
from collections.abc import Mapping, Sequence

from search_spaces.contract import Target
from tune.errors import TrialFailure
from tune.workloads import Space


def ratio(target: Target, metrics: Mapping[str, float]) -> float:
    """Compare one metric with its target: at most 1 means met.

    ``value / at_most``, or ``(1 - value) / (1 - at_least)`` for a score bounded by 1. Rows that
    the metric left out count with the target's cap.
    """
    value = metrics[target.metric]
    dropped = metrics[target.dropped] if target.dropped else 0.0
    if dropped >= 1.0:
        value = target.cap
    elif dropped > 0.0:
        value = (1.0 - dropped) * value + dropped * target.cap
    if target.at_most is not None:
        return value / target.at_most
    assert target.at_least is not None
    return (1.0 - value) / (1.0 - target.at_least)


def ratios(targets: Sequence[Target], metrics: Mapping[str, float]) -> dict[str, float]:
    """Compare every target, by name of its metric."""
    return {target.metric: ratio(target, metrics) for target in targets}


def objective(space: Space, metrics: Mapping[str, float]) -> float:
    """Return the number to minimise: the worst ratio to a target, or the one metric.

    Args:
        space: The workload's space, with its targets or its metric and mode.
        metrics: Metrics of the validation part.

    Returns:
        The objective; at most 1 means that every target is met, if there are targets.

    Raises:
        TrialFailure: If any number that enters is not finite. (Python's ``max`` would lose a NaN.)
    """
    if space.metric is not None:
        sign = -1.0 if space.mode == "max" else 1.0
        parts = {space.metric: sign * metrics[space.metric]}
    else:
        parts = ratios(space.targets, metrics)
    for name, value in parts.items():
        if not math.isfinite(value):
            raise TrialFailure(f"{name} is {value}")
    return max(parts.values())
