"""Figures of a sweep, drawn from its records."""

from collections.abc import Callable, Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from optuna.trial import FrozenTrial

from tune import table
from tune.study import outcome
from tune.workloads import Space

matplotlib.use("agg")

BASELINE_TRIAL = 0
COLOURS = {"complete": "#1b6ca8", "pruned": "#9aa5b1", "failed": "#c0392b", "running": "#e67e22"}
BASELINE_COLOUR = "#d35400"


def learning_curves(space: Space, trials: Sequence[FrozenTrial], axes: Axes) -> None:
    """Draw every trial's best objective so far over its epochs, the pruned ones faded."""
    for trial in trials:
        values = sorted(trial.intermediate_values.items())
        if not values:
            continue
        state = outcome(trial)
        style = {"color": COLOURS[state], "linewidth": 1.0, "alpha": 0.9}
        if state == "pruned":
            style |= {"alpha": 0.5}
        if trial.number == BASELINE_TRIAL:
            style |= {"color": BASELINE_COLOUR, "linewidth": 2.2, "label": "published baseline"}
        axes.plot(*zip(*values, strict=True), **style)  # type: ignore[arg-type]  # a mixed style
        axes.plot(*values[-1], marker="o", markersize=3, color=style["color"])
    _finish(space, axes, "epoch", "learning curves (grey: stopped by ASHA)")


def best_so_far(space: Space, trials: Sequence[FrozenTrial], axes: Axes) -> None:
    """Draw each trial's objective, and the best one up to it, over the trial's number."""
    told = sorted(table.best(trials, len(trials)), key=lambda trial: trial.number)
    numbers = [trial.number for trial in told]
    values = np.array([trial.value for trial in told], dtype=float)
    best = np.minimum.accumulate(values)
    axes.scatter(numbers, values, s=14, c=[COLOURS[outcome(trial)] for trial in told])
    axes.step(numbers, best, where="post", color="black", linewidth=1.5, label="best so far")
    _finish(space, axes, "trial", "objective of every trial")


def _finish(space: Space, axes: Axes, label: str, title: str) -> None:
    if space.targets:
        axes.axhline(1.0, color="#2e8b57", linestyle="--", linewidth=1, label="all targets met")
        axes.set_yscale("log")
        axes.set_ylabel("objective: worst ratio to a target")
    else:
        axes.set_ylabel(f"objective: {space.metric}")
    axes.set_xlabel(label)
    axes.set_title(title, fontsize=10)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=8, frameon=False)
    axes.spines[["top", "right"]].set_visible(False)


def training(rows: Sequence[dict[str, float]], axes: Axes, title: str) -> None:
    """Draw a trial's training loss and validation value over its epochs, on log scales.

    Args:
        rows: Its ``metrics.csv``.
        axes: Is drawn into; a second scale on its right takes the validation value.
        title: Of the drawing.
    """
    epochs = [row["epoch"] for row in rows]
    axes.plot(epochs, [row["train_loss"] for row in rows], color="#1b6ca8")
    axes.set_ylabel("training loss", color="#1b6ca8")
    right = axes.twinx()
    right.plot(epochs, [row["value"] for row in rows], color=BASELINE_COLOUR)
    right.set_ylabel("validation objective", color=BASELINE_COLOUR)
    for each, name in ((axes, "train_loss"), (right, "value")):
        if min(row[name] for row in rows) > 0:
            each.set_yscale("log")
    axes.set_xlabel("epoch")
    axes.set_title(title, fontsize=10)


def overview(space: Space, trials: Sequence[FrozenTrial], path: Path) -> None:
    """Write both figures side by side as one PNG.

    Args:
        space: The workload's space.
        trials: Its trials.
        path: The PNG.
    """
    figure = wide()
    drawings: list[Callable[[Space, Sequence[FrozenTrial], Axes], None]]
    drawings = [learning_curves, best_so_far]
    for draw, axes in zip(drawings, figure.subplots(1, 2), strict=True):
        draw(space, trials, axes)
    write(figure, path)


def wide() -> Figure:
    """Return an empty figure of the report's size."""
    return Figure(figsize=(10, 4), layout="constrained")


def write(figure: Figure, path: Path) -> None:
    """Write a figure as PNG."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=130)
