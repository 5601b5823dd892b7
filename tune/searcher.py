"""What Ray asks and tells, handed on to the sweep."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import ray
from ray.tune import Callback, Stopper
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from tune.asha import RecordedASHA
from tune.ends import DIED_TWICE
from tune.sweep import Sweep

#: Ray's words for why a trial's process is gone; of a process that died by itself it says
#: "its worker process has died".
MACHINE_LOST = ("its node has died", "is temporarily unavailable")
DRIVER_LOST = "its owner has died"
#: Failures after which Ray asks what to do: a process that died, and died again.
FAILURES = 2


class Keeper(Stopper):
    """Writes to the sweep until a write fails, for instance on a full disk, and ends the run then.

    Nothing is written after that, since it could follow half a line.
    """

    def __init__(self) -> None:
        """Expect no failure."""
        self.failure: str | None = None

    def attempt(self, write: Callable[..., Any], *arguments: Any) -> Any:
        """Return what ``write`` returns; None after a failure."""
        if self.failure is not None:
            return None
        try:
            return write(*arguments)
        except OSError as error:
            self.failure = f"the sweep cannot be written: {error.strerror or error}"
            return None

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        """End no single trial."""
        return False

    def stop_all(self) -> bool:
        """Tell whether a write failed."""
        return self.failure is not None


class StudySearcher(Searcher):
    """Asks the study for trials and tells it how they ended."""

    def __init__(self, sweep: Sweep, asha: RecordedASHA, keeper: Keeper) -> None:
        """Search on behalf of ``sweep``; ``asha`` knows which trials it stopped."""
        super().__init__(metric="objective", mode="min")
        self.sweep, self.asha, self.keeper = sweep, asha, keeper
        self.numbers: dict[str, int] = {}
        #: Trials that are to be started again; new ones would take all room that becomes free.
        self.recovering: set[str] = set()

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """Return the next trial's configuration, that there is none, or None for not yet."""
        if self.recovering:
            return None
        config = None
        if not self.sweep.hopeless():
            config = self.keeper.attempt(self.sweep.next_trial)
        if config is None:
            return str(Searcher.FINISHED)  # type: ignore[return-value]  # Ray's own signal
        self.numbers[trial_id] = config["number"]
        return dict(config)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Tell the study; a trial that Ray only put down stays unfinished, for a resume."""
        self.recovering.discard(trial_id)  # it may have died before it was started again
        number, result = self.numbers.pop(trial_id), result or {}
        if result.get("unwritable"):
            self.keeper.failure = result["unwritable"]
        elif error:
            self._end(number, "failed", DIED_TWICE)
        elif result.get("failed"):
            self._end(number, "failed", result["failed"])
        elif number in self.asha.pruned:
            reason = f"stopped by ASHA at epoch {result['epoch']}"
            self._end(number, "pruned", reason, result.get("note"))
        elif result.get("ended"):
            self._end(number, "complete", result["ended"], result.get("note"))

    def _end(self, number: int, outcome: str, reason: str, note: str | None = None) -> None:
        whole = f"{reason} ({note})" if note else reason
        self.keeper.attempt(self.sweep.end_trial, number, outcome, whole)

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: the study is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing: the study is the state."""


class EpochRecorder(Callback):
    """Records every epoch; a searcher would not be told of those after which ASHA stops.

    What happens in one step of Ray is written together. If a trial ends in it, the step after it
    begins with the next proposal, which is written along.
    """

    def __init__(self, sweep: Sweep, keeper: Keeper) -> None:
        """Record into ``sweep``."""
        self.sweep, self.keeper = sweep, keeper
        self._ended = len(sweep.ended)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **_: Any
    ) -> None:
        """Record an epoch before anything is decided upon it."""
        if "row" in result:
            self.sweep.hold()
            told = trial.config["number"], dict(result["row"]), result["device"]
            self.keeper.attempt(self.sweep.record_epoch, *told)

    def on_step_end(self, iteration: int, trials: list[Trial], **_: Any) -> None:
        """Write what happened, unless the next proposal is going to."""
        before, self._ended = self._ended, len(self.sweep.ended)
        if self._ended == before or not self.sweep.wants_more():
            self.keeper.attempt(self.sweep.settle)


class Forgetter(Callback):
    """Lets go of what Ray keeps of every ended trial's results; must be the last to be told."""

    def on_trial_complete(
        self, iteration: int, trials: list[Trial], trial: Trial, **_: Any
    ) -> None:
        """Keep the memory that a trial takes for good below 20 kB."""
        told = trial.run_metadata
        told.last_result, told.metric_analysis, told.metric_n_steps = {}, {}, {}


class LargerShare(Callback):
    """Gives a trial whose process died, perhaps for want of memory, twice the share once more.

    A second death ends the trial; a machine that is lost between the two counts as neither.
    """

    def __init__(self, keeper: Keeper, recovering: set[str]) -> None:
        """End the run through ``keeper`` if it cannot go on; tell which trials wait for room."""
        self.keeper, self.recovering = keeper, recovering

    def on_trial_recover(
        self, iteration: int, trials: list[Trial], trial: Trial, **_: Any
    ) -> None:
        """Enlarge the share before Ray starts the trial again, but not beyond a machine.

        A trial that lost its machine goes on as it was. A driver that lost its own has to end.
        Ray cannot be told here to give a trial up; so the trial is told, and ends in its next try.
        """
        self.recovering.add(trial.trial_id)
        told = Path(trial.error_file).read_text().rpartition("Failure #")[2]
        if DRIVER_LOST in told:
            self.keeper.failure = "Ray must run on the driver's machine, but died there"
        elif any(words in told for words in MACHINE_LOST):
            trial.run_metadata.num_failures -= 1  # no fault of the trial's; Ray counts it as one
        elif trial.config.get("retried"):
            trial.config = {**trial.config, "given_up": DIED_TWICE}
        else:
            asked = trial.placement_group_factory.required_resources
            trial.update_resources(larger(asked, [node["Resources"] for node in ray.nodes()]))
            trial.config = {**trial.config, "retried": True}

    def on_trial_start(self, iteration: int, trials: list[Trial], trial: Trial, **_: Any) -> None:
        """Let new trials come after it."""
        self.recovering.discard(trial.trial_id)


def larger(asked: dict[str, float], nodes: list[dict[str, float]]) -> dict[str, float]:
    """Return twice a share, or as much of it as the largest machine has.

    Args:
        asked: CPU and GPU of the first try.
        nodes: What each machine has.

    Returns:
        Shares by Ray's names of them.
    """
    wanted = {kind: 2 * share for kind, share in asked.items()}
    if "GPU" in wanted:  # a trial trains on one, and Ray has no 1.5 of them
        wanted["GPU"] = min(wanted["GPU"], 1.0)
    found = [{kind: min(wanted[kind], node.get(kind, 0.0)) for kind in wanted} for node in nodes]
    fitting = [each for each in found if all(each[kind] >= asked[kind] for kind in asked)]
    fitting = fitting or [dict(asked)]  # while Ray goes down, no machine is left
    best = max(fitting, key=lambda each: sum(each[kind] / wanted[kind] for kind in wanted))
    return {kind.lower(): share for kind, share in best.items()}
