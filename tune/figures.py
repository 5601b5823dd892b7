"""Figures of a sweep's course, and what all figures of a report share."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import LogFormatter
from optuna.trial import FrozenTrial
from PIL import Image

from tune import table
from tune.ends import outcome
from tune.following import Snapshot

BASELINE_TRIAL = 0
COLOURS = {"complete": "#1b6ca8", "pruned": "#9aa5b1", "failed": "#c0392b", "running": "#8e44ad"}
STATES = ("pruned", "failed", "running", "complete")  # as drawn, the last ones on top
BASELINE_COLOUR = "#d35400"
TARGET_COLOUR = "#2e8b57"
DPI = 120


def wide(height_in: float = 4.0) -> Figure:
    """Return an empty figure of the report's width."""
    return Figure(figsize=(10, height_in), dpi=DPI, layout="constrained")


def write(figure: Figure, path: Path) -> None:
    """Write a figure as PNG of 256 colours: a third of the size, in half the time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]  # Matplotlib leaves it without types
    pixels = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]  # so
    drawn = Image.fromarray(pixels).convert("RGB")
    drawn.quantize(method=Image.Quantize.FASTOCTREE).save(path)


def literal(text: object, length: int = 24) -> str:
    """Return a text as Matplotlib shows it letter by letter, cut to ``length``.

    Names and values come out of a journal: a dollar sign in them begins no formula.
    """
    shown = f"{text:.4g}" if isinstance(text, float) else str(text)
    shown = shown if len(shown) <= length else f"{shown[: length - 1]}…"
    return shown.replace("$", r"\$")


def scored(sweep: Snapshot) -> list[FrozenTrial]:
    """Return the trials that ended with an objective and did not fail, best first."""
    return table.best(sweep.ended, len(sweep.ended))


def objectives(trials: Sequence[FrozenTrial]) -> np.ndarray:
    """Return the objectives of trials that have one."""
    return np.array([trial.value for trial in trials], dtype=float)


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
    _finish(sweep, axes, "epoch")
    axes.locator_params("x", integer=True)
    legend(axes)


def _curves(axes: Axes, curves: Sequence[np.ndarray], state: str) -> None:
    """Draw the curves of all trials in the same state, the fainter the more there are."""
    alpha = 0.3 if state == "pruned" else max(0.3, 0.9 - len(curves) / 300)
    label = f"{state} ({len(curves)})"
    lines = LineCollection(curves, color=COLOURS[state], linewidth=1.0, alpha=alpha, label=label)
    axes.add_collection(lines)
    epochs, values = np.array([points[-1] for points in curves]).T
    axes.scatter(epochs, values, s=6, color=COLOURS[state], alpha=alpha)


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


class WrittenOut(LogFormatter):
    """Numbers on a logarithmic axis, written out where that is shorter: 0.3, not 3e-01."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        """Return the label at ``x``, or nothing where it would crowd its neighbours."""
        return f"{x:g}" if super().__call__(x, pos) else ""


def logarithmic(axes: Axes, which: Literal["x", "y"] = "y") -> None:
    """Make an axis logarithmic."""
    axes.set(**{f"{which}scale": "log"})
    axis = axes.xaxis if which == "x" else axes.yaxis
    axis.set_major_formatter(WrittenOut())
    axis.set_minor_formatter(WrittenOut(labelOnlyBase=False))


def bare(axes: Axes) -> None:
    """Leave out the lines above and to the right of a drawing."""
    axes.spines[["top", "right"]].set_visible(False)


def legend(axes: Axes) -> None:
    """Say what the lines are, if there are any; drawn over points, it stays readable."""
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, framealpha=0.8, edgecolor="none")


def _finish(sweep: Snapshot, axes: Axes, label: str) -> None:
    objective_axis(sweep, axes)
    axes.set_xlabel(label)
