"""Figures of the targets: which are met, by how many trials, and what speaks against what."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from tune.figures import (
    BASELINE_COLOUR,
    BASELINE_TRIAL,
    COLOURS,
    TARGET_COLOUR,
    bare,
    legend,
    logarithmic,
)
from tune.following import Snapshot
from tune.objective import ratios
from tune.sweep import Standing

FRONT_LINES, OTHER_LINES = 40, 300  # more are not told apart by eye


def targets(sweep: Snapshot, figure: Figure) -> None:
    """Draw the ratio to every target, and how many of the trials meet it."""
    standings = sweep.standings()
    found, names = matrix(sweep, standings), [target.metric for target in sweep.space.targets]
    ratio, share = figure.subplots(1, 2, sharey=True)
    positions = np.arange(len(names))
    for row, standing in zip(found, standings, strict=True):
        if standing.number == BASELINE_TRIAL:
            ratio.barh(positions + 0.2, row, 0.36, color=BASELINE_COLOUR, label="baseline")
    ratio.barh(positions - 0.2, found[0], 0.36, color=COLOURS["complete"], label="winner")
    ratio.axvline(1.0, color=TARGET_COLOUR, linestyle="--", label="target")
    logarithmic(ratio, "x")
    ratio.set_xlabel("ratio to the target: at most 1 is met")
    ratio.set_yticks(positions, names)
    ratio.invert_yaxis()
    legend(ratio)
    share.barh(positions, 100 * (found <= 1).mean(axis=0), 0.6, color=TARGET_COLOUR)
    share.set_xlim(0, 100)
    share.set_xlabel("% of the trials that meet it")
    for axes in (ratio, share):
        bare(axes)


def pareto(sweep: Snapshot, figure: Figure) -> None:
    """Draw the Pareto front: the trials that no other beats in every target at once."""
    standings = sweep.standings()
    found, names = matrix(sweep, standings), [target.metric for target in sweep.space.targets]
    axes = figure.subplots()
    positions = np.arange(len(names))
    on_front = front(found)
    _lines(axes, found[~on_front][:OTHER_LINES], color=COLOURS["pruned"], alpha=0.12)
    _lines(axes, found[on_front][:FRONT_LINES], color=COLOURS["complete"], alpha=0.5)
    for row, standing in zip(found, standings, strict=True):
        if standing.number == BASELINE_TRIAL:
            axes.plot(positions, row, color=BASELINE_COLOUR, linewidth=2.2, label="baseline")
    axes.plot(positions, found[0], color="black", linewidth=2.2, label="winner")
    axes.axhline(1.0, color=TARGET_COLOUR, linestyle="--", label="target")
    axes.plot([], [], color=COLOURS["complete"], label=f"Pareto front ({on_front.sum()})")
    logarithmic(axes)
    axes.set_ylabel("ratio to the target")
    axes.set_xticks(positions, names)
    legend(axes)
    bare(axes)


def _lines(axes: Axes, ratios: np.ndarray, **style: Any) -> None:
    """Draw a line a trial."""
    lines = [list(enumerate(row)) for row in ratios]
    axes.add_collection(LineCollection(lines, linewidths=1.5, **style))


def matrix(sweep: Snapshot, standings: Sequence[Standing]) -> np.ndarray:
    """Return the ratio to each target. Shape ``[trials, targets]``."""
    rows = [list(ratios(sweep.space.targets, each.metrics).values()) for each in standings]
    return np.array(rows, dtype=float)


def front(ratios: np.ndarray) -> np.ndarray:
    """Tell which trials are on the Pareto front.

    Args:
        ratios: To each target, the smaller the better. Shape ``[trials, targets]``.

    Returns:
        True where no other trial is as good in every target and better in one.
    """
    beaten = [((ratios <= row).all(axis=1) & (ratios < row).any(axis=1)).any() for row in ratios]
    return ~np.array(beaten, dtype=bool)
