"""Trials of several sweeps, and other runs, in one order, and what tells them apart."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tune import records, table
from tune.errors import UserError
from tune.following import Snapshot
from tune.objective import ratios
from tune.workloads import Space

#: Begin the columns that hold metrics: of a trial at its best epoch, and of a run on test data.
SCORES = ("best/", "test/")


@dataclass(frozen=True)
class Entry:
    """A trial, or a run folder, among others.

    Attributes:
        sweep: ``<workload>/<sweep>``, or the directory of the run folders.
        space: The workload's space; None for a run that does not say its workload.
        row: The trial's ``tune.table.row``, or the like of the run.
        params: Its configuration.
        part: What it was scored on.
    """

    sweep: str
    space: Space | None
    row: records.Row
    params: dict[str, Any]
    part: str = "validation"

    @property
    def values(self) -> dict[str, float | None]:
        """The objective and the metrics, by name; None where missing."""
        metrics = {
            key.partition("/")[2]: value
            for key, value in self.row.items()
            if key.startswith(SCORES)
        }
        return {"objective": self.row["objective"], **metrics}


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


def ranked(found: Sequence[Entry], metric: str) -> list[Entry]:
    """Sort trials by a metric, best first.

    Args:
        found: Trials of any sweeps.
        metric: ``objective``, or a metric of one of the workloads.

    Returns:
        The trials: largest first where more of the metric is asked for, else smallest first; then
        those that failed or have no such number. Of equals, the first given comes first.

    Raises:
        UserError: If no trial has the metric; lists the known ones.
    """
    known = dict.fromkeys(name for entry in found for name in entry.values)
    if found and metric not in known:
        raise UserError(f"--sort-by must be one of {', '.join(known)}, got {metric}")
    sign = -1.0 if any(entry.space and entry.space.rises(metric) for entry in found) else 1.0

    def place(entry: Entry) -> tuple[bool, float]:
        value = entry.values.get(metric)
        if entry.row["state"] == "failed" or value is None or math.isnan(value):
            return True, 0.0
        return False, sign * value

    return sorted(found, key=place)


def judged(found: Sequence[Entry]) -> list[str]:
    """Return the metrics by which the workloads are judged: their targets, or the one metric."""
    names: dict[str, None] = {}
    for space in (entry.space for entry in found if entry.space):
        names |= dict.fromkeys(target.metric for target in space.targets)
        names |= {space.metric: None} if space.metric else {}
    return list(names)


def met(entry: Entry) -> set[str]:
    """Return the metrics whose target a trial or run meets."""
    values = {name: value for name, value in entry.values.items() if value is not None}
    present = [
        target
        for target in (entry.space.targets if entry.space else ())
        if {target.metric, target.dropped or target.metric} <= values.keys()
    ]
    return {name for name, value in ratios(present, values).items() if value <= 1}


def differing(found: Sequence[Entry]) -> list[str]:
    """Return the parameters that are not the same in all trials; a missing one differs."""
    names = dict.fromkeys(name for entry in found for name in entry.params)
    return [
        name for name in names if len({repr(entry.params.get(name, ...)) for entry in found}) > 1
    ]
