"""ASHA whose rungs are rebuilt from the recorded values, so that a resumed sweep judges alike."""

from collections.abc import Iterable
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import AsyncHyperBandScheduler, TrialScheduler

from search_spaces.contract import Budget

BASELINE_TRIAL = 0  # never stopped: what tuning gained can only be told over a whole baseline


class RecordedASHA(AsyncHyperBandScheduler):
    """Asynchronous successive halving over epochs, on an objective to minimise."""

    def __init__(self, budget: Budget, history: Iterable[tuple[int, int, float]]) -> None:
        """Set up the rungs and fill them.

        Args:
            budget: Epochs, grace period and reduction factor.
            history: Trial number, epoch and objective of every recorded epoch.
        """
        super().__init__(
            time_attr="epoch",
            metric="objective",
            mode="min",
            max_t=budget.epochs,
            grace_period=min(budget.grace_epochs, budget.epochs),
            reduction_factor=budget.reduction,
            stop_last_trials=False,
        )
        self.pruned: set[int] = set()
        rungs = self._brackets[0]._rungs  # the highest first
        for number, epoch, objective in history:
            reached: dict[int, float] = next(
                (seen for milestone, seen in rungs if epoch >= milestone), {}
            )
            reached.setdefault(number, -objective)

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        """Give the rungs of an earlier run's trial the name by which Ray calls it now."""
        self._trial_info[trial.trial_id] = self._brackets[0]
        for _, recorded in self._brackets[0]._rungs:
            if trial.config["number"] in recorded:
                recorded[trial.trial_id] = recorded.pop(trial.config["number"])

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Judge an epoch's objective; the baseline is recorded but never stopped."""
        decision = str(super().on_trial_result(tune_controller, trial, result))
        if decision == TrialScheduler.STOP and trial.config["number"] == BASELINE_TRIAL:
            return str(TrialScheduler.CONTINUE)
        if decision == TrialScheduler.STOP:
            self.pruned.add(trial.config["number"])
        return decision

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """Let the newest trial have a process that has become free.

        Ray would give it to the oldest one that waits, and end the process that starts for that.
        """
        newest = tune_controller.get_trials()[-1:]
        return next((trial for trial in newest if trial.status == Trial.PENDING), None)

    def rungs(self) -> dict[int, list[float]]:
        """Return the sorted objectives recorded at each rung's epoch."""
        rungs = self._brackets[0]._rungs
        return {int(epoch): sorted(-value for value in seen.values()) for epoch, seen in rungs}
