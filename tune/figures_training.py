"""Figures of single trials, epoch by epoch: the baseline's and the winner's training."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tune import records
from tune.figures import (
    BASELINE_COLOUR,
    BASELINE_TRIAL,
    COLOURS,
    bare,
    epochs_below,
    legend,
    logarithmic,
)
from tune.layout import Layout
from tune.workloads import Space

LOSS_COLOUR = COLOURS["complete"]
MOST_SCORES = 4
Rows = Sequence[dict[str, float]]


def training(place: Layout, winner: int, figure: Figure) -> None:
    """Draw the training of the baseline beside that of the winner.

    Args:
        place: Their sweep.
        winner: The winner's number.
        figure: Is drawn into.
    """
    pair = {"published baseline": BASELINE_TRIAL, "winner": winner}
    for axes, (title, number) in zip(figure.subplots(1, 2), pair.items(), strict=True):
        axes.set_title(f"{title} (trial {number})", fontsize=10)
        rows = epochs(place, number)
        if rows:
            losses(rows, axes)


def losses(rows: Rows, axes: Axes) -> None:
    """Draw a trial's training loss and validation objective over its epochs, on log scales.

    Args:
        rows: Its ``metrics.csv``.
        axes: Is drawn into; a second scale on its right takes the validation objective.
    """
    right = axes.twinx()
    drawings = {"train_loss": (axes, LOSS_COLOUR), "value": (right, BASELINE_COLOUR)}
    for name, (each, colour) in drawings.items():
        values = [row[name] for row in rows]
        each.plot([row["epoch"] for row in rows], values, color=colour)
        if min(values) > 0:
            logarithmic(each)
    axes.set_ylabel("training loss", color=LOSS_COLOUR)
    right.set_ylabel("validation objective", color=BASELINE_COLOUR)
    epochs_below(axes)
    bare(axes)


def winner(rows: Rows, space: Space, figure: Figure) -> None:
    """Draw the generalisation gap, the learning rate and, if there are any, scores of the winner.

    Args:
        rows: Its ``metrics.csv``.
        space: Knows which scores there are.
        figure: Is drawn into.
    """
    names = scores(rows, space)
    gap, rate, *rest = figure.subplots(1, 3 if names else 2)
    generalisation(rows, gap)
    numbers = [row["epoch"] for row in rows]
    rate.plot(numbers, [row["lr"] for row in rows], color=LOSS_COLOUR)
    logarithmic(rate)
    rate.set_ylabel("learning rate")
    for axes in rest:
        for name in names:
            axes.plot(numbers, [row[name] for row in rows], label=name)
        axes.set_ylabel("on validation, more is better")
        legend(axes)
    for axes in (gap, rate, *rest):
        epochs_below(axes)
        bare(axes)


def scores(rows: Rows, space: Space) -> list[str]:
    """Return the metrics of at most 1 of which more is better, such as accuracy.

    Args:
        rows: A trial's ``metrics.csv``.
        space: Knows which way is better.

    Returns:
        Their names; the first few of many.
    """
    rising = [name for name in rows[0] if space.rises(name)]
    return [name for name in rising if all(row[name] <= 1 for row in rows)][:MOST_SCORES]


def generalisation(rows: Rows, axes: Axes) -> None:
    """Draw how far training loss and validation objective have come, and what lies between them.

    Args:
        rows: A trial's ``metrics.csv``.
        axes: Is drawn into.
    """
    numbers = [row["epoch"] for row in rows]
    trained, validated = (
        progress([row[name] for row in rows]) for name in ("train_loss", "value")
    )
    axes.plot(numbers, 100 * trained, color=LOSS_COLOUR, label="training loss")
    axes.plot(numbers, 100 * validated, color=BASELINE_COLOUR, label="validation objective")
    axes.fill_between(
        numbers, 100 * trained, 100 * validated, color=BASELINE_COLOUR, alpha=0.15, label="gap"
    )
    axes.axvline(rows[-1]["best_epoch"], color="black", linewidth=1, linestyle=":", label="best")
    axes.set_ylabel("% of its whole way down")
    legend(axes)


def progress(values: Sequence[float]) -> np.ndarray:
    """Return how far a falling quantity has come from its first value to its lowest one.

    Training loss and validation objective have different units; this makes them comparable.

    Args:
        values: One an epoch.

    Returns:
        0 at the first epoch, 1 at the lowest, and 0 throughout if it never falls.
    """
    levels = np.asarray(values, dtype=float)
    whole = levels[0] - levels.min()
    return (levels[0] - levels) / whole if whole > 0 else np.zeros_like(levels)


def epochs(place: Layout, number: int) -> list[dict[str, float]]:
    """Return the rows of a trial's ``metrics.csv``."""
    return records.read_rows(place.trial(number) / "metrics.csv")
