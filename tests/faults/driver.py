"""What Ray does with a sweep, one trial after the other and in this process."""

import dataclasses
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from tune.ends import outcome
from tune.layout import Layout
from tune.study import Study
from tune.sweep import Sweep
from tune.trainable import TrialTrainable
from tune.workloads import Space

JOB = {"workload": "toy", "root": None, "epochs": 4, "patience": 15, "threads": 1}


def opened(
    path: Path, space: Space, trials: int = 6, fixed: dict[str, Any] | None = None
) -> Sweep:
    """Begin the sweep in a directory, or take it up again."""
    path.mkdir(exist_ok=True)
    budget = dataclasses.asdict(dataclasses.replace(space.budget, trials=trials))
    study = Study(path / "study.journal", space, 7, fixed or {})
    return Sweep(Layout(path), study, {"seed": 7, "fixed": fixed or {}, "budget": budget})


def process(config: dict[str, Any], **job: Any) -> TrialTrainable:
    """Start the process of a trial, or rather its object."""
    trainable = TrialTrainable.__new__(TrialTrainable)
    trainable.setup(config | {"job": JOB | job})
    return trainable


def until_done(trainable: TrialTrainable) -> list[dict[str, Any]]:
    """Train to the end; return what was told to Ray."""
    results: list[dict[str, Any]] = []
    while not results or not results[-1]["done"]:
        results.append(trainable.step())
    return results


def invent(sweep: Sweep) -> None:
    """Run a sweep to its end, with values that cost nothing to compute."""
    while (job := sweep.next_trial()) is not None:
        rate = job["params"]["optim/lr"] + job["params"]["forward/dropout"]
        for epoch in (1, 2):
            row = {"epoch": epoch, "value": rate / epoch, "objective": rate / epoch}
            row |= {"best_epoch": epoch, "seconds": 1.0, "mse": rate / epoch}
            sweep.record_epoch(job["number"], row)
        sweep.end_trial(job["number"], "complete", "reached its last epoch")


def train(sweep: Sweep) -> None:
    """Run a sweep to its end."""
    while (job := sweep.next_trial()) is not None:
        for result in until_done(process(job)):
            if "row" in result:
                sweep.record_epoch(job["number"], result["row"])
        failed = result.get("failed")
        kind = "failed" if failed else "complete"
        sweep.end_trial(job["number"], kind, failed or result["ended"])


def told(trial: FrozenTrial) -> tuple[object, ...]:
    """Return everything of a trial that must be the same, whatever happened on the way."""
    return trial.number, trial.params, trial.intermediate_values, trial.value, outcome(trial)
