"""What is there of sweeps and of run folders, and what is missing."""

from collections.abc import Mapping
from dataclasses import dataclass

from tune import table
from tune.following import Snapshot
from tune.sweep import KEPT_CHECKPOINTS


@dataclass(frozen=True)
class Completeness:
    """How much of a sweep is there; every field but the name counts trials.

    Attributes:
        sweep: ``<workload>/<sweep>``.
        asked: As many as the sweep is to hold.
        ended: As many as have ended.
        with_metrics: Have a ``metrics.csv``.
        with_weights: Have a ``best.pt``, which is kept for the best few only.
        predicted: Have predictions of test data, left by ``tune.evaluate``.
        complete: Ended without failing, and have every file that is kept of them.
    """

    sweep: str
    asked: int
    ended: int
    with_metrics: int
    with_weights: int
    predicted: int
    complete: int


@dataclass(frozen=True)
class Audit:
    """What is there of a run.

    Attributes:
        run: Its folder, relative to the directory that was asked for.
        present: Whether there is each of its files, by kind.
        note: Why it could not be scored, or what its metadata lack; may be empty.
    """

    run: str
    present: Mapping[str, bool]
    note: str

    @property
    def complete(self) -> bool:
        """Whether everything is there, and whole."""
        return all(self.present.values()) and not self.note


def audit(sweep: Snapshot) -> Completeness:
    """Count which of a sweep's trials are complete."""
    numbers = {trial.number for trial in sweep.found}
    directories = {number: sweep.layout.trial(number) for number in numbers}
    metrics = {number for number in numbers if (directories[number] / "metrics.csv").exists()}
    weights = {number for number in numbers if (directories[number] / "best.pt").exists()}
    scored = {trial.number for trial in table.best(sweep.ended, len(sweep.ended))}
    kept = {trial.number for trial in table.best(sweep.ended, KEPT_CHECKPOINTS)}
    return Completeness(
        sweep=sweep.name,
        asked=max(sweep.trials, len(numbers)),
        ended=len(sweep.ended),
        with_metrics=len(metrics),
        with_weights=len(weights),
        predicted=_predicted(sweep),
        complete=len((scored & metrics) - (kept - weights)),
    )


def _predicted(sweep: Snapshot) -> int:
    """Count the trials that were retrained and scored on test data."""
    pattern = "evaluation/*/*/seed-*/predictions.npy"
    labels = {path.parts[-3] for path in sweep.layout.directory.glob(pattern)}
    return len({label for label in labels if label != "ensemble"})
