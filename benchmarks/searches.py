"""How the sweeps of a simulation choose: at random, by TPE as Ray tells it, and by our study.

A simulated sweep can only try what was recorded. What TPE proposes is therefore rounded to the
nearest recorded configuration that was not tried yet, and TPE is told of that one; the values are
always recorded ones.
"""

import math
import random
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Protocol

import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution
from optuna.trial import TrialState

from benchmarks.curves import Curve
from tune.ends import End
from tune.seeding import derive
from tune.study import Study
from tune.workloads import Space

UNLIKE = 1.0  # distance of two categories, and of a parameter that only one of two has


class Search(Protocol):
    """Chooses the rows of a table of curves, one after the other."""

    def propose(self) -> tuple[int, int]:
        """Return the number of the next trial, and its row."""

    def report(self, number: int, epoch: int, objective: float) -> None:
        """Hear of an epoch."""

    def end(self, number: int, outcome: str, objective: float) -> None:
        """Hear how a trial ended (``complete``, ``pruned`` or ``failed``), and with what."""


class Rows:
    """The rows that were not tried yet, by distance from a proposal."""

    def __init__(self, curves: Sequence[Curve], space: Space) -> None:
        """Take up the configurations of ``curves``, all of them of ``space``."""
        self.free = {row: curve.params for row, curve in enumerate(curves)}
        self.distributions: dict[str, BaseDistribution] = {}
        for curve in curves:
            trial = optuna.trial.FixedTrial(dict(curve.params))
            space.declare(trial)  # type: ignore[arg-type]  # a trial whose values are given
            self.distributions |= trial.distributions

    def take(self, params: Mapping[str, Any]) -> tuple[int, Mapping[str, Any]]:
        """Return the nearest row and its configuration; it will not be returned again."""
        row = min(self.free, key=lambda row: self._distance(params, self.free[row]))
        return row, self.free.pop(row)

    def _distance(self, one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        names = {**one, **other}
        return sum(self._apart(name, one, other) for name in names)

    def _apart(self, name: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> float:
        if name not in one or name not in other:
            return UNLIKE
        distribution: Any = self.distributions[name]
        if isinstance(distribution, CategoricalDistribution):
            return 0.0 if one[name] == other[name] else UNLIKE
        scale = math.log if distribution.log else float
        width = scale(distribution.high) - scale(distribution.low)
        return float(((scale(one[name]) - scale(other[name])) / width) ** 2)


class RandomSearch:
    """Tries the rows in random order."""

    def __init__(self, curves: Sequence[Curve], seed: int) -> None:
        """Shuffle the rows."""
        order = random.Random(seed).sample(range(len(curves)), len(curves))
        self.order = iter(enumerate(order))

    def propose(self) -> tuple[int, int]:
        """Return the next row."""
        return next(self.order)

    def report(self, number: int, epoch: int, objective: float) -> None:
        """Learn nothing."""

    def end(self, number: int, outcome: str, objective: float) -> None:
        """Learn nothing."""


class RaySearch:
    """TPE as Ray's OptunaSearch runs it.

    A stopped trial is told as COMPLETE with its last value, a failed one as FAIL, which TPE never
    looks at.
    """

    def __init__(self, curves: Sequence[Curve], space: Space, seed: int) -> None:
        """Begin a study with the sampler that OptunaSearch makes."""
        self.rows, self.space = Rows(curves, space), space
        sampler = optuna.samplers.TPESampler(seed=derive(seed) % 2**32)
        self.study = optuna.create_study(sampler=sampler)

    def propose(self) -> tuple[int, int]:
        """Ask, round to a row, and put that row into the study instead."""
        asked = self.study.ask()
        self.space.declare(asked)
        row, params = self.rows.take(asked.params)
        self.study.tell(asked, state=TrialState.FAIL)
        self.study.enqueue_trial(dict(params))
        trial = self.study.ask()
        self.space.declare(trial)
        return trial.number, row

    def report(self, number: int, epoch: int, objective: float) -> None:
        """Tell an epoch."""
        storage, trial = self.study._storage, self.study.get_trials(deepcopy=False)[number]
        storage.set_trial_intermediate_value(trial._trial_id, epoch, objective)

    def end(self, number: int, outcome: str, objective: float) -> None:
        """Tell the end as Ray does."""
        if outcome == "failed":
            self.study.tell(number, state=TrialState.FAIL)
        else:
            self.study.tell(number, objective)


class MemoryStudy(Study):
    """The study of a sweep in memory instead of a journal, without known starting points."""

    def __init__(self, space: Space, seed: int) -> None:
        """Begin a study; there is no journal for ``Study`` to open."""
        self.space, self.seed, self.fixed, self.sampler = space, seed, {}, "tpe"
        self.optuna, self._together = optuna.create_study(), nullcontext
        self._journal, self._asked = None, 0


class OurSearch:
    """What soundsweep does; each of its decisions can be taken back, to see what it is worth."""

    def __init__(
        self,
        curves: Sequence[Curve],
        space: Space,
        seed: int,
        *,
        pruned_as_complete: bool = False,
        failures_unseen: bool = False,
    ) -> None:
        """Begin a study.

        Args:
            curves: What can be tried.
            space: Their space.
            seed: Of the sweep.
            pruned_as_complete: Whether a stopped trial is told as complete with its last value.
            failures_unseen: Whether a failed trial is told as FAIL, without a constraint.
        """
        self.rows, self.study = Rows(curves, space), MemoryStudy(space, seed)
        self.pruned_as_complete, self.failures_unseen = pruned_as_complete, failures_unseen

    def propose(self) -> tuple[int, int]:
        """Ask, round to a row, and put that row into the study instead."""
        asked = self.study.propose()
        row, params = self.rows.take(asked.params)
        self.study.optuna.tell(asked.number, state=TrialState.FAIL)
        self.study.optuna.enqueue_trial(dict(params))
        return self.study.propose().number, row

    def report(self, number: int, epoch: int, objective: float) -> None:
        """Tell an epoch."""
        self.study.report(number, epoch, objective)

    def end(self, number: int, outcome: str, objective: float) -> None:
        """Tell the end as a sweep does."""
        if outcome == "failed" and self.failures_unseen:
            self.study.optuna.tell(number, state=TrialState.FAIL)
            return
        complete = outcome == "pruned" and self.pruned_as_complete
        self.study.end(number, End("complete" if complete else outcome, "replayed", {}))
