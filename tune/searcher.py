"""What Ray asks and tells, handed on to the sweep."""

from typing import Any

from ray.tune import Callback
from ray.tune.experiment import Trial
from ray.tune.search import Searcher

from tune.asha import RecordedASHA
from tune.sweep import Sweep


class StudySearcher(Searcher):  # type: ignore[misc]  # Ray ships no types
    """Asks the study for trials and tells it how they ended."""

    def __init__(self, sweep: Sweep, asha: RecordedASHA) -> None:
        """Search on behalf of ``sweep``; ``asha`` knows which trials it stopped."""
        super().__init__(metric="objective", mode="min")
        self.sweep, self.asha = sweep, asha
        self.numbers: dict[str, int] = {}

    def suggest(self, trial_id: str) -> dict[str, Any] | None:
        """Return the next trial's configuration, or that there is none."""
        config = None if self.sweep.hopeless() else self.sweep.next_trial()
        if config is None:
            return str(Searcher.FINISHED)  # type: ignore[return-value]  # Ray's own signal
        self.numbers[trial_id] = config["number"]
        return config

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Tell the study; a trial that Ray only put down stays unfinished, for a resume."""
        number, result = self.numbers.pop(trial_id), result or {}
        if error:
            self.sweep.end_trial(number, "failed", "its process died twice (out of memory?)")
        elif result.get("failed"):
            self.sweep.end_trial(number, "failed", result["failed"])
        elif number in self.asha.pruned:
            self.sweep.end_trial(number, "pruned", f"stopped by ASHA at epoch {result['epoch']}")
        elif result.get("ended"):
            self.sweep.end_trial(number, "complete", result["ended"])

    def save(self, checkpoint_path: str) -> None:
        """Save nothing: the study is the state."""

    def restore(self, checkpoint_path: str) -> None:
        """Restore nothing: the study is the state."""


class EpochRecorder(Callback):  # type: ignore[misc]  # Ray ships no types
    """Records every epoch; a searcher would not be told of those after which ASHA stops."""

    def __init__(self, sweep: Sweep) -> None:
        """Record into ``sweep``."""
        self.sweep = sweep

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **_: Any
    ) -> None:
        """Record an epoch before anything is decided upon it."""
        if "row" in result:
            self.sweep.record_epoch(trial.config["number"], result["row"])
