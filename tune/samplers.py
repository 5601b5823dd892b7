"""What proposes the configurations that follow the known ones: TPE, chance or a grid."""

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, PartialFixedSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial

from tune import grid

STARTUP_TRIALS = 10


def make(kind: str, seed: int, fixed: Mapping[str, Any]) -> BaseSampler:
    """Make the sampler of one proposal.

    Args:
        kind: One of ``SAMPLERS``.
        seed: Of this proposal alone.
        fixed: Parameters that are not searched, by name.

    Returns:
        The sampler; it gives fixed parameters their values.
    """
    makers: dict[str, Callable[[int], BaseSampler]]
    makers = {"tpe": _tpe, "random": _random, "grid": partial(Grid, fixed=fixed)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = makers[kind](seed)
        return PartialFixedSampler(dict(fixed), sampler) if fixed else sampler


def _tpe(seed: int) -> BaseSampler:
    return TPESampler(
        seed=seed % 2**32,
        n_startup_trials=STARTUP_TRIALS,
        multivariate=True,
        group=True,
        constant_liar=True,
    )


def _random(seed: int) -> BaseSampler:
    return RandomSampler(seed % 2**32)


class Grid(RandomSampler):
    """Draws the points of a grid in random order, each once."""

    def __init__(self, seed: int, fixed: Mapping[str, Any]) -> None:
        """Draw one proposal from ``seed``; ``fixed`` parameters have no points."""
        super().__init__(seed % 2**32)
        self.fixed = fixed

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Draw a point of a parameter behind which something is untried, if there is one."""
        earlier = study.get_trials(deepcopy=False)[: trial.number]
        tried = [grid.path(each, self.fixed) for each in earlier]
        tried = grid.after(grid.path(trial, self.fixed), tried)
        left = grid.open_points(param_distribution, tried) or grid.points(param_distribution)
        choice = CategoricalDistribution(left)
        return super().sample_independent(study, trial, param_name, choice)
