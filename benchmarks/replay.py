"""Replays a sweep on recorded learning curves, with any number of simulated workers.

The clock of a replay is made of recorded seconds: trials run side by side as if every worker had
the core that the curve was recorded on, and deciding takes no time.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from benchmarks.contestants import OURS
from benchmarks.curves import Curve
from benchmarks.searches import OurSearch, RandomSearch, RaySearch, Search
from search_spaces.contract import Budget
from tune.asha import RecordedASHA
from tune.stopping import EarlyStopping
from tune.workloads import Space


@dataclass(frozen=True)
class Method:
    """A way to sweep.

    Attributes:
        search: ``random``, ``ray`` or ``ours``.
        asha: Whether ASHA stops trials.
        rungs_lost: Whether its rungs are empty again after half the trials, as after a resume
            that does not rebuild them.
        told: Keywords of ``OurSearch``: decisions taken back.
    """

    search: str
    asha: bool = True
    rungs_lost: bool = False
    told: dict[str, bool] = field(default_factory=dict)

    @property
    def taken_back(self) -> bool:
        """Whether one of soundsweep's decisions is taken back."""
        return self.rungs_lost or bool(self.told)


#: What is compared, and soundsweep with one of its decisions taken back each.
METHODS = {
    OURS: Method("ours"),
    "random": Method("random", asha=False),
    "ASHA": Method("random"),
    "TPE + ASHA as in Ray": Method("ray"),
    "ours, pruned told as complete": Method("ours", told={"pruned_as_complete": True}),
    "ours, failures unseen": Method("ours", told={"failures_unseen": True}),
    "ours, rungs lost halfway": Method("ours", rungs_lost=True),
}


def search(method: Method, curves: Sequence[Curve], space: Space, seed: int) -> Search:
    """Begin a search."""
    if method.search == "random":
        return RandomSearch(curves, seed)
    if method.search == "ray":
        return RaySearch(curves, space, seed)
    return OurSearch(curves, space, seed, **method.told)


@dataclass
class Trial:
    """A trial of a replay: its curve, the best value so far, and when it stops improving."""

    curve: Curve
    stopping: EarlyStopping
    epoch: int = 0
    best: float = float("inf")

    def next_epoch(self) -> float | None:
        """Advance an epoch; return the best value so far, or None if the training failed."""
        self.epoch += 1
        if self.epoch > len(self.curve.values):
            return None
        value = self.curve.values[self.epoch - 1]
        self.best = min(self.best, value)
        self.stopping.update(value)
        return self.best

    @property
    def complete(self) -> bool:
        """Whether the training is over."""
        over = self.epoch == len(self.curve.values) and self.curve.failed is None
        return over or self.stopping.waited >= self.stopping.patience


class Replay:
    """One simulated sweep."""

    def __init__(
        self, method: Method, curves: Sequence[Curve], space: Space, budget: Budget, seed: int
    ) -> None:
        """Begin a sweep of ``budget.trials`` trials over ``curves``."""
        self.method, self.curves, self.budget = method, curves, budget
        self.search = search(method, curves, space, seed)
        self.asha = RecordedASHA(budget, [])
        self.running: dict[int, Trial] = {}
        self.begun = self.ended = 0
        self.events: list[tuple[float, int]] = []

    def run(self, workers: int) -> Iterator[tuple[float, float]]:
        """Run to the end; yield the time and the objective of every epoch."""
        for _ in range(min(workers, self.budget.trials)):
            self._begin(0.0)
        while self.events:
            now, number = heapq.heappop(self.events)
            objective = self.running[number].next_epoch()
            if objective is not None:
                yield now, objective
            outcome = self._outcome(number, objective)
            if outcome is None:
                self._schedule(now, number)
            else:
                self._end(number, outcome)
                self._begin(now)

    def _begin(self, now: float) -> None:
        if self.begun == self.budget.trials:
            return
        self.begun += 1
        number, row = self.search.propose()
        stopping = EarlyStopping(self.budget.patience)
        self.running[number] = Trial(self.curves[row], stopping)
        self.asha.on_trial_add(None, _named(number))
        self._schedule(now, number)

    def _schedule(self, now: float, number: int) -> None:
        trial = self.running[number]
        heapq.heappush(self.events, (now + trial.curve.seconds[trial.epoch], number))

    def _outcome(self, number: int, objective: float | None) -> str | None:
        """Return how a trial ends after this epoch, or None if it goes on."""
        if objective is None:
            return "failed"
        trial = self.running[number]
        self.search.report(number, trial.epoch, objective)
        result = {"epoch": trial.epoch, "objective": objective}
        judged = self.asha.on_trial_result(None, _named(number), result)
        if trial.complete:
            return "complete"
        return "pruned" if judged == "STOP" and self.method.asha else None

    def _end(self, number: int, outcome: str) -> None:
        self.search.end(number, outcome, self.running.pop(number).best)
        self.ended += 1
        if self.method.rungs_lost and self.ended == self.budget.trials // 2:
            self.asha = RecordedASHA(self.budget, [])
            for running in self.running:
                self.asha.on_trial_add(None, _named(running))


def _named(number: int) -> Any:
    """Name a trial as Ray does; the first is one, since ASHA spares trial 0, the baseline."""
    return SimpleNamespace(trial_id=str(number), config={"number": number + 1})
