"""Figures of a sweep's course, and what they share with those of its parameters."""

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from optuna.trial import FrozenTrial

from tune import table
from tune.ends import outcome
from tune.figures import (
    BASELINE_COLOUR,
    BASELINE_TRIAL,
    COLOURS,
    TARGET_COLOUR,
    bare,
    epochs_below,
    legend,
    logarithmic,
)
from tune.following import Snapshot

STATES = ("pruned", "failed", "running", "complete")  # as drawn, the last ones on top


def best_so_far(sweep: Snapshot, figure: Figure) -> None:
    """Draw every trial's objective and the best one up to it, over trials and over wall time."""
    trials = sorted(scored(sweep), key=lambda trial: trial.datetime_complete or datetime.min)
    over_trials, over_time = figure.subplots(1, 2, sharey=True)
    numbers = list(range(1, len(trials) + 1))
    _best(sweep, over_trials, trials, numbers)
    _finish(sweep, over_trials, "trials that ended with a value")
    over_trials.locator_params("x", integer=True)
    unit, scale_s = _unit(max(_elapsed_s(sweep, trials), default=0.0))
    _best(sweep, over_time, trials, [elapsed / scale_s for elapsed in _elapsed_s(sweep, trials)])
    _finish(sweep, over_time, f"wall time in {unit}, pauses included")
    over_time.set_ylabel("")
    legend(over_trials)


def _best(
    sweep: Snapshot, axes: Axes, trials: Sequence[FrozenTrial], positions: Sequence[float]
) -> None:
    values = objectives(trials)
    colours = [COLOURS[outcome(trial)] for trial in trials]
    axes.scatter(positions, values, s=14, c=colours, alpha=0.8)
    if trials:
        best = np.minimum.accumulate(values)
        axes.step(positions, best, where="post", color="black", linewidth=1.6, label="best so far")
    for trial, value in zip(trials, values, strict=True):
        if trial.number == BASELINE_TRIAL:
            axes.axhline(value, color=BASELINE_COLOUR, linewidth=1, label="baseline")


def _elapsed_s(sweep: Snapshot, trials: Sequence[FrozenTrial]) -> list[float]:
    """Return when each trial ended, in s after the first one of the sweep began."""
    start = min((each.datetime_start or datetime.max for each in sweep.found), default=None)
    ends = [trial.datetime_complete for trial in trials]
    return [(end - start).total_seconds() for end in ends if end is not None and start is not None]


def _unit(longest_s: float) -> tuple[str, float]:
    """Return the unit in which a duration is easy to read, and its length in s."""
    if longest_s > 2 * 3600:
        return "hours", 3600.0
    return ("minutes", 60.0) if longest_s > 2 * 60 else ("seconds", 1.0)


def learning_curves(sweep: Snapshot, figure: Figure) -> None:
    """Draw every trial's best objective so far over its epochs, the pruned ones faded."""
    axes = figure.subplots()
    curves: dict[str, list[np.ndarray]] = {state: [] for state in STATES}
    for trial in sweep.found:
        points = np.array(sorted(trial.intermediate_values.items()))
        if len(points) and trial.number == BASELINE_TRIAL:
            axes.plot(*points.T, color=BASELINE_COLOUR, linewidth=2.2, label="baseline", zorder=3)
        elif len(points):
            curves[outcome(trial)].append(points)
    for state in [state for state in STATES if curves[state]]:
        _curves(axes, curves[state], state)
    axes.autoscale_view()
    objective_axis(sweep, axes)
    epochs_below(axes)
    legend(axes)


def _curves(axes: Axes, curves: Sequence[np.ndarray], state: str) -> None:
    """Draw the curves of all trials in the same state, the fainter the more there are."""
    alpha = 0.3 if state == "pruned" else max(0.3, 0.9 - len(curves) / 300)
    label = f"{state} ({len(curves)})"
    lines = LineCollection(curves, color=COLOURS[state], linewidth=1.0, alpha=alpha, label=label)
    axes.add_collection(lines)
    epochs, values = np.array([points[-1] for points in curves]).T
    axes.scatter(epochs, values, s=6, color=COLOURS[state], alpha=alpha)


def scored(sweep: Snapshot) -> list[FrozenTrial]:
    """Return the trials that ended with an objective and did not fail, best first."""
    return table.best(sweep.ended, len(sweep.ended))


def objectives(trials: Sequence[FrozenTrial]) -> np.ndarray:
    """Return the objectives of trials that have one."""
    return np.array([trial.value for trial in trials], dtype=float)


def objective_axis(sweep: Snapshot, axes: Axes) -> None:
    """Label a vertical axis of objectives; with targets it is logarithmic and marks 1."""
    if sweep.space.targets:
        axes.axhline(1.0, color=TARGET_COLOUR, linestyle="--", linewidth=1, label="targets met")
        logarithmic(axes)
    axes.set_ylabel(objective_name(sweep))
    bare(axes)


def objective_name(sweep: Snapshot) -> str:
    """Say what the objective of a sweep is; the smaller the better."""
    if sweep.space.targets:
        return "worst ratio to a target"
    return f"{'-' if sweep.space.mode == 'max' else ''}{sweep.space.metric}"


def _finish(sweep: Snapshot, axes: Axes, label: str) -> None:
    objective_axis(sweep, axes)
    axes.set_xlabel(label)
