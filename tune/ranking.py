"""Trials of several sweeps in one order, and what tells them apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tune import records, table
from tune.errors import UserError
from tune.following import Snapshot
from tune.objective import ratios
from tune.sweep import KEPT_CHECKPOINTS
from tune.workloads import Space

BEST = "best/"  # begins the columns of ``tune.table.row`` that hold the best epoch's metrics


@dataclass(frozen=True)
class Entry:
    """A trial among those of other sweeps.

    Attributes:
        sweep: ``<workload>/<sweep>``.
        space: The workload's space.
        row: The trial's ``tune.table.row``.
        params: Its configuration.
    """

    sweep: str
    space: Space
    row: records.Row
    params: dict[str, Any]

    @property
    def values(self) -> dict[str, float | None]:
        """The objective and the metrics of the best epoch, by name; None where missing."""
        metrics = {
            key.removeprefix(BEST): value
            for key, value in self.row.items()
            if key.startswith(BEST)
        }
        return {"objective": self.row["objective"], **metrics}


@dataclass(frozen=True)
class Completeness:
    """How much of a sweep is there; every field but the name counts trials.

    Attributes:
        sweep: ``<workload>/<sweep>``.
        asked: As many as the sweep is to hold.
        ended: As many as have ended.
        with_metrics: Have a ``metrics.csv``.
        with_weights: Have a ``best.pt``, which is kept for the best few only.
        complete: Ended without failing, and have every file that is kept of them.
    """

    sweep: str
    asked: int
    ended: int
    with_metrics: int
    with_weights: int
    complete: int


def entries(sweep: Snapshot) -> list[Entry]:
    """Return the trials of a sweep."""
    return [
        Entry(
            sweep.name,
            sweep.space,
            table.row(trial, sweep.layout, sweep.description),
            sweep.fixed | trial.params,
        )
        for trial in sweep.found
    ]


def audit(sweep: Snapshot) -> Completeness:
    """Count which of a sweep's trials are complete."""
    numbers = {trial.number for trial in sweep.found}
    directories = {number: sweep.layout.trial(number) for number in numbers}
    metrics = {number for number in numbers if (directories[number] / "metrics.csv").exists()}
    weights = {number for number in numbers if (directories[number] / "best.pt").exists()}
    scored = {trial.number for trial in table.best(sweep.ended, len(sweep.ended))}
    kept = {trial.number for trial in table.best(sweep.ended, KEPT_CHECKPOINTS)}
    complete = len((scored & metrics) - (kept - weights))
    asked = max(sweep.trials, len(numbers))
    return Completeness(sweep.name, asked, len(sweep.ended), len(metrics), len(weights), complete)


def ranked(found: Sequence[Entry], metric: str) -> list[Entry]:
    """Sort trials by a metric, best first.

    Args:
        found: Trials of any sweeps.
        metric: ``objective``, or a metric of one of the workloads.

    Returns:
        The trials: largest first where more of the metric is asked for, else smallest first; then
        those that failed or have no such number.

    Raises:
        UserError: If no trial has the metric; lists the known ones.
    """
    known = dict.fromkeys(name for entry in found for name in entry.values)
    if found and metric not in known:
        raise UserError(f"--sort-by must be one of {', '.join(known)}, got {metric}")
    sign = -1.0 if any(rises(entry.space, metric) for entry in found) else 1.0

    def place(entry: Entry) -> tuple[bool, float, str, int]:
        value = entry.values.get(metric)
        if entry.row["state"] == "failed" or value is None or math.isnan(value):
            return True, 0.0, entry.sweep, entry.row["number"]
        return False, sign * value, entry.sweep, entry.row["number"]

    return sorted(found, key=place)


def rises(space: Space, metric: str) -> bool:
    """Tell whether more of a metric is better."""
    if metric == space.metric:
        return space.mode == "max"
    targeted = any(each.metric == metric and each.at_least is not None for each in space.targets)
    return targeted or any(f"_{metric}_".find(f"_{word}_") >= 0 for word in space.rising)


def judged(found: Sequence[Entry]) -> list[str]:
    """Return the metrics by which the workloads are judged: their targets, or the one metric."""
    names: dict[str, None] = {}
    for entry in found:
        names |= dict.fromkeys(target.metric for target in entry.space.targets)
        names |= {entry.space.metric: None} if entry.space.metric else {}
    return list(names)


def met(entry: Entry) -> set[str]:
    """Return the metrics whose target a trial meets at its best epoch."""
    values = {name: value for name, value in entry.values.items() if value is not None}
    present = [
        target
        for target in entry.space.targets
        if {target.metric, target.dropped or target.metric} <= values.keys()
    ]
    return {name for name, value in ratios(present, values).items() if value <= 1}


def differing(found: Sequence[Entry]) -> list[str]:
    """Return the parameters that are not the same in all trials; a missing one differs."""
    names = dict.fromkeys(name for entry in found for name in entry.params)
    return [
        name for name in names if len({repr(entry.params.get(name, ...)) for entry in found}) > 1
    ]
