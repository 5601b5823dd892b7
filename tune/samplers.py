"""What proposes the configurations that follow the known ones: TPE, chance or a grid."""

import heapq
import warnings
from collections.abc import Callable, Container, Mapping
from functools import partial
from typing import Any, cast

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.samplers import BaseSampler, PartialFixedSampler, RandomSampler, TPESampler
from optuna.trial import FrozenTrial, TrialState

from tune import grid

STARTUP_TRIALS = 10
#: What TPE remembers: it takes at most 25 trials for the good ones, and these are never forgotten.
LATEST, BEST = 500, 25


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
    return ForgetfulTPE(
        seed=seed % 2**32,
        n_startup_trials=STARTUP_TRIALS,
        multivariate=True,
        group=True,
        constant_liar=True,
    )


def _random(seed: int) -> BaseSampler:
    return RandomSampler(seed % 2**32)


class ForgetfulTPE(TPESampler):
    """TPE whose proposals cost about the same however long the sweep: it forgets.

    Optuna's own weighs a trial the less the older it is, unless it is among the best.
    """

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Choose what is remembered."""
        self._memory = cast(optuna.Study, Memory(study, trial.number))
        super().before_trial(study, trial)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Find the parameters of the remembered trials."""
        return super().infer_relative_search_space(self._memory, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw the parameters that the remembered trials have."""
        return super().sample_relative(self._memory, trial, search_space)

    def sample_independent(self, study: optuna.Study, *arguments: Any, **named: Any) -> Any:
        """Draw a parameter that they lack."""
        return super().sample_independent(self._memory, *arguments, **named)


class Memory:
    """A study of which only the latest and the best trials are to be seen."""

    def __init__(self, study: optuna.Study, number: int) -> None:
        """Remember ``study`` as it is when trial ``number`` is to be proposed."""
        trials = study.get_trials(deepcopy=False)
        since = max(number - LATEST, 0)
        older = (each for each in trials[:since] if each.state == TrialState.COMPLETE)
        best = heapq.nsmallest(BEST, older, key=lambda each: each.values)
        self._study, self._trials = study, best + trials[since:]

    def __getattr__(self, name: str) -> Any:
        """Be the study in all else."""
        return getattr(self._study, name)

    def _get_trials(
        self, deepcopy: bool, states: Container[TrialState], use_cache: bool
    ) -> list[FrozenTrial]:
        """Stand for Optuna's method of this name."""
        return [trial for trial in self._trials if trial.state in states]


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
