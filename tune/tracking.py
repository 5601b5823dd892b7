"""Tells a logger of Ray Tune about a sweep's trials as people know them.

Ray's own trials are named after their process, count epochs from the last resume, and hold paths
and seeds among their parameters.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.logger import LoggerCallback

from tune.arguments import without_password
from tune.layout import Layout
from tune.sweep import Sweep


def name(place: Layout) -> str:
    """Return the name of a sweep among those of all workloads."""
    return f"{place.directory.parent.name}/{place.directory.name}"


@dataclass(eq=False)
class Run:
    """One trial of a sweep, with what Ray's loggers read of a trial of their own.

    Attributes:
        number: The trial's number.
        trial_id: Differs from that of any other trial of any other sweep.
        experiment_dir_name: The sweep, ``<workload>/<name>``.
        config: The trial's parameters.
        local_path: The trial's directory.
    """

    number: int
    trial_id: str
    experiment_dir_name: str
    config: dict[str, Any]
    local_path: str

    def __str__(self) -> str:
        """Return the name that people see."""
        return f"trial {self.number}"


class Tracker(Callback):
    """Tells a logger each epoch once, however often a sweep is resumed.

    A logger that fails is given up: no sweep ends for it.
    """

    def __init__(
        self,
        flag: str,
        logger: LoggerCallback,
        sweep: Sweep,
        failures: tuple[type[Exception], ...],
    ) -> None:
        """Follow ``sweep``.

        Args:
            flag: The command-line flag that asked for it.
            logger: What is told.
            sweep: The sweep.
            failures: What the logger raises when it cannot write.
        """
        self.flag, self.logger, self.sweep, self.failures = flag, logger, sweep, failures
        self.runs: dict[int, Run] = {}
        self.told: dict[int, int] = {}
        self.failed = False

    def setup(self, **info: Any) -> None:
        """Prepare the logger."""
        self._attempt(self.logger.setup)

    def on_trial_start(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """Begin or continue a run; Ray starts a trial again whose process died."""
        number = trial.config["number"]
        if number not in self.runs:
            self.runs[number] = self._run(trial.config)
            self.told.setdefault(number, trial.config["recorded"])
        self._attempt(self.logger.log_trial_start, self.runs[number])

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **_: Any
    ) -> None:
        """Tell an epoch, unless it comes again from a checkpoint."""
        number, row = trial.config["number"], dict(result.get("row", {}))
        epoch = int(row.pop("epoch", 0))
        if epoch > self.told[number]:
            self.told[number] = epoch
            told = {"training_iteration": epoch, **row}
            self._attempt(self.logger.log_trial_result, iteration, self.runs[number], told)

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """End a run; a configuration that cannot be trained has failed."""
        self._end(trial.config["number"], "failed" in trial.last_result)

    def on_trial_error(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        """End the run of a trial whose process died twice."""
        self._end(trial.config["number"], failed=True)

    def on_experiment_end(self, trials: list[Trial], **info: Any) -> None:
        """End the runs that an interruption has left open, and let the logger finish."""
        for number in list(self.runs):
            self._end(number, failed=False)
        self._attempt(self.logger.on_experiment_end, trials)

    def _end(self, number: int, failed: bool) -> None:
        run = self.runs.pop(number, None)
        if run:
            self._attempt(self.logger.log_trial_end, run, failed)

    def _run(self, config: dict[str, Any]) -> Run:
        number, directory = config["number"], config["directory"]
        begun = self.sweep.study.trials()[number].datetime_start
        trial_id = f"{begun:%Y%m%d%H%M%S%f}-{number}"
        return Run(number, trial_id, name(self.sweep.layout), config["params"], directory)

    def _attempt(self, action: Callable[..., Any], *arguments: Any) -> None:
        if self.failed:
            return
        try:
            action(*arguments)
        except self.failures as error:
            self.failed = True
            reason = without_password(str(error)).partition("\n")[0]
            message = f"warning: {self.flag} fails ({reason}); the sweep goes on without it"
            print(message, file=sys.stderr, flush=True)
