"""Figures of the parameters: how much each matters, and which of its values did well."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from optuna.distributions import BaseDistribution, CategoricalDistribution, IntDistribution
from optuna.trial import FrozenTrial

from tune.ends import outcome
from tune.figures import BASELINE_COLOUR, BASELINE_TRIAL, COLOURS, bare, literal
from tune.figures_course import objective_axis, objective_name, objectives
from tune.following import Snapshot

SHOWN = 8  # parameters in a picture of several: the most important ones
BARS = 20
NAMED_CHOICES = 8
MOST_LINES = 300  # evenly by rank; more are not told apart by eye
#: Under a text that lines run through.
GROUND = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5}
UNSET = -0.12  # height of a parameter that a trial does not have, below its axis


def importance(found: Mapping[str, float], figure: Figure) -> None:
    """Draw how much each parameter matters."""
    axes = figure.subplots()
    names = list(found)[:BARS]
    bars = axes.barh(range(len(names)), [100 * found[name] for name in names], color="#1b6ca8")
    axes.bar_label(bars, fmt="%.0f", padding=3, fontsize=8)
    axes.set_yticks(range(len(names)), [literal(name) for name in names], fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("% of what decides whether a trial is among the best (PED-ANOVA)")
    bare(axes)


def slices(
    sweep: Snapshot, trials: Sequence[FrozenTrial], names: Sequence[str], figure: Figure
) -> None:
    """Draw every trial's objective over each of the most important parameters.

    Args:
        sweep: The sweep.
        trials: Its scored trials, best first.
        names: The parameters, most important first.
        figure: Is drawn into.
    """
    rows = math.ceil(len(names) / 4)
    grid = figure.subplots(rows, min(len(names), 4), sharey=True, squeeze=False)
    for axes, name in zip(grid.flat, names, strict=False):
        _slice(axes, [trial for trial in trials if name in trial.params], name, trials[0])
    for axes in grid.flat[len(names) :]:
        axes.set_visible(False)
    for axes in grid.flat[: len(names)]:
        objective_axis(sweep, axes)
    for axes in grid[:, 1:].flat:
        axes.set_ylabel("")


def _slice(axes: Axes, trials: Sequence[FrozenTrial], name: str, winner: FrozenTrial) -> None:
    distribution = trials[0].distributions[name]
    places = np.array([place(trial, name) for trial in trials])
    values = objectives(trials)
    if isinstance(distribution, CategoricalDistribution):
        _label(axes, distribution.choices)
        places += np.random.default_rng(0).uniform(-0.2, 0.2, len(places))  # side by side
    elif getattr(distribution, "log", False):
        ticks = np.linspace(places.min(), places.max(), 3)
        axes.set_xticks(ticks, [f"{10**tick:.3g}" for tick in ticks])
    else:
        axes.locator_params("x", integer=isinstance(distribution, IntDistribution))
    colours = [COLOURS[outcome(trial)] for trial in trials]
    size = float(np.clip(3000 / len(trials), 9, 30))
    axes.scatter(places, values, s=size, c=colours, alpha=0.7, linewidths=0)
    for trial, at, value in zip(trials, places, values, strict=True):
        if trial.number == BASELINE_TRIAL:
            axes.scatter(at, value, s=45, color=BASELINE_COLOUR, marker="D", zorder=3)
        if trial.number == winner.number:
            axes.scatter(at, value, s=120, color="black", marker="*", zorder=4)
    axes.set_title(literal(name, 30), fontsize=9)
    axes.tick_params(labelsize=7)
    bare(axes)


def _label(axes: Axes, choices: Sequence[object]) -> None:
    """Name the choices of a slice, or count them where their names would cover each other."""
    if len(choices) > NAMED_CHOICES:
        axes.set_xticks([])
        axes.set_xlabel(f"{len(choices)} choices", fontsize=7)
        return
    labels = [literal(choice, 12) for choice in choices]
    axes.set_xticks(range(len(labels)), labels)
    if max(map(len, labels)) > 4:
        axes.tick_params("x", rotation=30)


def parallel(
    sweep: Snapshot, trials: Sequence[FrozenTrial], names: Sequence[str], figure: Figure
) -> None:
    """Draw every trial as a line through its most important parameters to its objective.

    Args:
        sweep: The sweep.
        trials: Its scored trials, best first.
        names: The parameters, most important first.
        figure: Is drawn into.
    """
    axes = figure.subplots()
    heights = [_heights(axes, at, trials, name) for at, name in enumerate(names)]
    order = np.linspace(0.0, 1.0, len(trials))  # 0 for the best
    heights.append(1 - order)
    lines = [list(enumerate(line)) for line in zip(*heights, strict=True)]
    step = math.ceil(len(lines) / MOST_LINES)
    drawn = LineCollection(lines[::-step], cmap="viridis", array=order[::-step], linewidths=0.9)
    drawn.set_alpha(min(1.0, 0.2 + 30 / len(trials)))
    axes.add_collection(drawn)
    axes.plot(*zip(*lines[0], strict=True), color=COLOURS["failed"], linewidth=2.2, label="winner")
    _ends(axes, len(names), literal(trials[-1].value), literal(trials[0].value))
    labels = [literal(name) for name in names] + [f"rank by\n{objective_name(sweep)}"]
    axes.set_xticks(range(len(labels)), labels, fontsize=8, rotation=15)
    axes.vlines(range(len(labels)), 0, 1, color="black", linewidth=0.8)
    axes.set_yticks([UNSET], ["not set"], fontsize=8)
    axes.set_ylim(UNSET - 0.06, 1.1)
    axes.spines[:].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="lower right")


def _heights(axes: Axes, at: int, trials: Sequence[FrozenTrial], name: str) -> np.ndarray:
    """Place the trials on the axis of a parameter, 0 to 1, and label it."""
    having = [trial for trial in trials if name in trial.params]
    places = np.array([place(trial, name) for trial in having])
    distribution = having[0].distributions[name]
    low, high = bounds(distribution, places)
    scaled = {
        trial.number: (each - low) / (high - low) if high > low else 0.5
        for trial, each in zip(having, places, strict=True)
    }
    if isinstance(distribution, CategoricalDistribution):
        for number, choice in enumerate(distribution.choices):
            height = number / (high - low) if high > low else 0.5
            text = literal(choice, 12)
            axes.text(at + 0.04, height, text, fontsize=7, va="center", bbox=GROUND)
    else:
        ends = [trial.params[name] for trial in having]
        _ends(axes, at, literal(float(min(ends))), literal(float(max(ends))))
    return np.array([scaled.get(trial.number, UNSET) for trial in trials])


def _ends(axes: Axes, at: int, low: str, high: str) -> None:
    axes.text(at, -0.02, low, fontsize=7, ha="center", va="top", bbox=GROUND)
    axes.text(at, 1.02, high, fontsize=7, ha="center", va="bottom")


def bounds(distribution: BaseDistribution, places: np.ndarray) -> tuple[float, float]:
    """Return the ends of a parameter's axis: of all choices, or of the numbers that were tried."""
    if isinstance(distribution, CategoricalDistribution):
        return 0.0, float(len(distribution.choices) - 1)
    return float(places.min()), float(places.max())


def place(trial: FrozenTrial, name: str) -> float:
    """Return where a trial's value lies on its parameter's axis.

    Args:
        trial: The trial.
        name: The parameter, which it has.

    Returns:
        The number of the choice, the decimal logarithm of a parameter searched on a log scale, or
        the value itself.
    """
    distribution, value = trial.distributions[name], trial.params[name]
    if isinstance(distribution, CategoricalDistribution):
        return float(distribution.to_internal_repr(value))
    return math.log10(value) if getattr(distribution, "log", False) else float(value)
