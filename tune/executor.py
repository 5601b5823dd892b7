"""Ray Tune as the executor: runs a sweep's trials side by side until none is left."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import ray.tune as ray_tune
from ray.tune import Callback
from ray.tune.experiment import Trial

from search_spaces.contract import Budget
from tune import parcel, ray_internals
from tune.asha import RecordedASHA
from tune.errors import StorageFailure
from tune.interrupts import Interrupts
from tune.resources import Resources
from tune.searcher import (
    FAILURES,
    EpochRecorder,
    Forgetter,
    Keeper,
    LargerShare,
    StudySearcher,
)
from tune.sweep import Sweep
from tune.trainable import TrialTrainable


@dataclass(frozen=True)
class Job:
    """What all trials of a sweep share.

    Attributes:
        workload: Its name.
        root: The user's data, or None.
        budget: Epochs, patience and ASHA's settings.
        resources: A trial's shares and the number of slots.
        seconds: Time budget of this run, or None.
        reuse: Whether a trial process is reused; Ray's dashboard then shows only its first trial.
        timeout_s: Longest that a trial may train, or None.
        elsewhere: Whether other machines train too, which may lack the user's data.
        again: The command that goes on with the sweep.
    """

    workload: str
    root: Path | None
    budget: Budget
    resources: Resources
    seconds: float | None
    reuse: bool
    again: str
    timeout_s: float | None = None
    elsewhere: bool = False


class GracefulEnd(Callback):
    """Takes the signals over from Ray Tune while trials run."""

    def __init__(self, interrupts: Interrupts) -> None:
        """Leave them to ``interrupts``."""
        self.interrupts = interrupts

    def setup(self, **info: Any) -> None:
        """Replace the handlers that Ray Tune has just installed."""
        self.interrupts.end_gracefully()

    def on_experiment_end(self, trials: list[Trial], **info: Any) -> None:
        """Listen no more."""
        self.interrupts.stop_listening()


def execute(
    sweep: Sweep, job: Job, interrupts: Interrupts, followers: Sequence[Callback] = ()
) -> None:
    """Run trials until the sweep holds as many as asked.

    Args:
        sweep: The sweep.
        job: What its trials share.
        interrupts: End the run early.
        followers: Are told of everything that was recorded.

    Raises:
        StorageFailure: If the results cannot be written any more; what was recorded is kept.
    """
    asha, keeper = RecordedASHA(job.budget, sweep.history()), Keeper()
    searcher = StudySearcher(sweep, asha, keeper)
    with tempfile.TemporaryDirectory(prefix="soundsweep-") as scratch, ExitStack() as at_last:
        at_last.callback(keeper.attempt, sweep.settle)  # what waits is written, however this ends
        ray_internals.run_leaner(scratch)
        ray_tune.run(
            TrialTrainable,
            name="ray",
            config={"job": _shared(job)},
            storage_path=scratch,
            search_alg=searcher,
            scheduler=asha,
            num_samples=-1,
            max_concurrent_trials=job.resources.slots,
            resources_per_trial={"cpu": job.resources.cpus, "gpu": job.resources.gpus},
            time_budget_s=job.seconds,
            stop=keeper,
            max_failures=FAILURES,
            reuse_actors=job.reuse,
            callbacks=[
                EpochRecorder(sweep, keeper),
                LargerShare(keeper, searcher.recovering),
                GracefulEnd(interrupts),
                *followers,
                Forgetter(),
            ],
            trial_dirname_creator=_directory_name,
            raise_on_failed_trial=False,
            verbose=0,
            _remote=False,  # else a driver outside the cluster would be sent inside
        )
    if keeper.failure is not None:
        raise StorageFailure(
            f"{keeper.failure}; what is recorded is kept, go on with: {job.again}"
        )


def _directory_name(trial: Trial) -> str:
    return str(trial.config["number"])


def _shared(job: Job) -> dict[str, Any]:
    """Return what every trial process is told."""
    return {
        "workload": job.workload,
        "root": job.root,
        "parcel": parcel.pack(job.root, ray.put) if job.root and job.elsewhere else None,
        "epochs": job.budget.epochs,
        "patience": job.budget.patience,
        "threads": max(int(job.resources.cpus), 1),
        "timeout_s": job.timeout_s,
    }
