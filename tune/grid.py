"""A grid over a search space, never written down: what of it is left is read off the trials.

Conditional parameters are in it only where they act. A trial off the grid takes nothing from it.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import FrozenTrial

#: The searched parameters of a trial in the order of their declaration, with range and value.
Path = list[tuple[str, BaseDistribution, Any]]


def points(distribution: Any) -> list[Any]:
    """Return the points of a parameter.

    Args:
        distribution: Its range.

    Returns:
        All choices; of a range of numbers the two ends and the middle on its own scale.
    """
    if isinstance(distribution, CategoricalDistribution):
        return list(distribution.choices)
    low, high, step = distribution.low, distribution.high, distribution.step
    middle = math.sqrt(low * high) if distribution.log else (low + high) / 2
    if step is not None:
        middle = low + round((middle - low) / step) * step
    return list(dict.fromkeys((low, middle, high)))


def path(trial: FrozenTrial, fixed: Mapping[str, Any]) -> Path:
    """Return what a trial tried.

    Args:
        trial: A proposal, which may be incomplete.
        fixed: Parameters that are not searched; they are left out.

    Returns:
        Its path.
    """
    return [
        (name, distribution, trial.params[name])
        for name, distribution in trial.distributions.items()
        if name not in fixed
    ]


def after(begun: Path, tried: Iterable[Path]) -> list[Path]:
    """Return how those paths go on that begin with ``begun``."""
    return [each[len(begun) :] for each in tried if each[: len(begun)] == begun]


def open_points(distribution: BaseDistribution, tried: Sequence[Path]) -> list[Any]:
    """Return the points of a parameter behind which something is untried.

    Args:
        distribution: Of the parameter.
        tried: Paths that begin with it.

    Returns:
        Some of its points, or none.
    """
    return [
        point
        for point in points(distribution)
        if is_open([each[1:] for each in tried if each[0][2] == point])
    ]


def is_open(tried: Sequence[Path]) -> bool:
    """Tell whether something is untried.

    Args:
        tried: Paths that come from the same place; an empty one is at its end.

    Returns:
        Whether there is no path, or one of the next parameter's points is open.
    """
    if not tried:
        return True
    return bool(tried[0]) and bool(open_points(tried[0][0][1], tried))
