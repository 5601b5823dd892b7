"""The pictures of a sweep's report: what there is to draw, and the words under each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure
from optuna.trial import FrozenTrial

from tune import (
    drawing,
    figures,
    figures_parameters,
    figures_targets,
    figures_training,
    importance,
    workloads,
)
from tune.figures_interactive import Interactive, prepare
from tune.following import Snapshot
from tune.layout import Layout
from tune.quiet import libraries_muted

PREDICTIONS = "Predictions of the winner"
FEWEST_TRIALS = 4  # fewer say nothing about a parameter


@dataclass(frozen=True)
class Picture:
    """A picture of the report.

    Attributes:
        name: Of its file, without ending.
        title: Its heading.
        caption: What it shows, and how to read it.
        draw: Draws it into an empty figure.
        height_in: Of the figure.
    """

    name: str
    title: str
    caption: str
    draw: Callable[[Figure], None]
    height_in: float = 4.0


@dataclass(frozen=True)
class Drawn:
    """A picture as it stands in the report.

    Attributes:
        title: Its heading.
        caption: What it shows, or why it could not be drawn.
        path: Its PNG, or None if it could not be drawn.
    """

    title: str
    caption: str
    path: Path | None


@dataclass(frozen=True)
class Parameters:
    """What the pictures of the parameters show.

    Attributes:
        trials: Those with a value, best first.
        importances: How much each parameter matters, the most important first; empty if there are
            too few trials to say.
    """

    trials: Sequence[FrozenTrial]
    importances: Mapping[str, float]

    @property
    def shown(self) -> list[str]:
        """The names of the most important ones."""
        return list(self.importances)[: figures_parameters.SHOWN]


def parameters(sweep: Snapshot) -> Parameters:
    """Rank the parameters of a sweep."""
    trials = figures.scored(sweep)
    if len(trials) < FEWEST_TRIALS:
        return Parameters(trials, {})
    study = importance.as_study(trials)
    return Parameters(trials, importance.importances(study))


def predictions(sweep: Snapshot, beside: Executor) -> "Future[Drawn | None] | None":
    """Begin to draw what the winner predicts, if its weights are kept.

    Args:
        sweep: The sweep.
        beside: Draws it.

    Returns:
        The workload's own picture to come; it is None if the workload has none.
    """
    standings = sweep.standings()
    if not standings or not (sweep.layout.trial(standings[0].number) / "best.pt").exists():
        return None
    winner = sweep.found[standings[0].number]
    return beside.submit(draw_predictions, sweep.layout, winner)


def draw(
    sweep: Snapshot, ranked: Parameters, predictions: "Future[Drawn | None] | None"
) -> Iterator[Drawn]:
    """Draw what the sweep has to show, into ``figures/`` of the sweep.

    Args:
        sweep: The sweep.
        ranked: Its parameters.
        predictions: The workload's own picture, if there is one to come.

    Yields:
        Every picture, once its PNG is written.
    """
    for picture in pictures(sweep, ranked):
        yield _drawn(picture, sweep.layout)
    try:
        last = predictions.result() if predictions else None
    except BrokenExecutor:
        last = Drawn(PREDICTIONS, "Could not be drawn: the process died (out of memory?)", None)
    if last:
        yield last


def draw_predictions(place: Layout, winner: FrozenTrial) -> Drawn | None:
    """Draw the workload's own picture.

    Args:
        place: The sweep.
        winner: Its winner, whose weights are kept.

    Returns:
        The picture, or None if the workload has none.
    """
    with libraries_muted():
        if workloads.get(place.describe()["workload"]).draw is None:
            return None
        return _drawn(_predictions(place, winner), place)


def _drawn(picture: Picture, place: Layout) -> Drawn:
    """Draw a picture. If it cannot be drawn, it says why.

    The data may lie elsewhere by now, or the code of the model may have changed.
    """
    path = place.directory / "figures" / f"{picture.name}.png"
    figure = figures.wide(picture.height_in)
    try:
        picture.draw(figure)
    except (OSError, ValueError, RuntimeError) as error:
        reason = str(error).partition("\n")[0]
        return Drawn(picture.title, f"Could not be drawn: {reason}", None)
    figures.write(figure, path)
    return Drawn(picture.title, picture.caption, path)


def interactive(sweep: Snapshot, ranked: Parameters) -> Interactive | None:
    """Prepare the pictures that answer to the mouse, of the best trials, if there are enough."""
    if not ranked.importances:
        return None
    best = ranked.trials[: figures_parameters.MOST_LINES]
    return prepare(best, ranked.shown, logarithmic=bool(sweep.space.targets))


def pictures(sweep: Snapshot, ranked: Parameters) -> Iterator[Picture]:
    """Yield every picture for which the sweep has something to show."""
    standings = sweep.standings()
    if sweep.found:
        yield from _course(sweep)
    if standings and sweep.space.targets:
        yield from _targets(sweep)
    if ranked.importances:
        yield from _parameters(sweep, ranked)
    if standings:
        yield from _training(sweep, standings[0].number)


def _course(sweep: Snapshot) -> Iterator[Picture]:
    yield Picture(
        "best_so_far",
        "Best so far",
        "Each dot is a trial at the value it had reached when it ended; grey ones were stopped "
        "early.",
        partial(figures.best_so_far, sweep),
    )
    yield Picture(
        "learning_curves",
        "Learning curves",
        "Best objective so far of every trial, epoch by epoch; those stopped early are faded.",
        partial(figures.learning_curves, sweep),
    )


def _targets(sweep: Snapshot) -> Iterator[Picture]:
    yield Picture(
        "targets",
        "Targets",
        "A ratio of at most 1 meets its target. Right: how many of the trials meet it.",
        partial(figures_targets.targets, sweep),
    )
    yield Picture(
        "pareto",
        "Pareto front of the targets",
        "A line is a trial. On the front are those that no other trial beats in every target at "
        "once; where its lines cross, one target is gained at the cost of another.",
        partial(figures_targets.pareto, sweep),
    )


def _parameters(sweep: Snapshot, ranked: Parameters) -> Iterator[Picture]:
    yield Picture(
        "importance",
        "Importance of the parameters",
        "By PED-ANOVA over all trials that did not fail, those stopped early with the value they "
        "had reached. A sweep of a few dozen trials gives a hint rather than a proof.",
        partial(figures_parameters.importance, ranked.importances),
        1.2 + 0.22 * min(len(ranked.importances), figures_parameters.BARS),
    )
    yield Picture(
        "parallel_coordinates",
        "Parallel coordinates",
        "Each trial is a line through the most important parameters; from purple, the best, to "
        "yellow.",
        partial(figures_parameters.parallel, sweep, ranked.trials, ranked.shown),
        4.6,
    )
    yield Picture(
        "slices",
        "Slices",
        "Objective over each of the most important parameters. Star: winner; diamond: baseline; "
        "grey: stopped early.",
        partial(figures_parameters.slices, sweep, ranked.trials, ranked.shown),
        4.6,
    )


def _training(sweep: Snapshot, winner: int) -> Iterator[Picture]:
    yield Picture(
        "training",
        "Training of baseline and winner",
        "Training loss (left scale) and validation objective (right scale), epoch by epoch.",
        partial(figures_training.training, sweep, winner),
    )
    if figures_training.epochs(sweep, winner):
        yield Picture(
            "winner",
            "Generalisation gap and learning rate of the winner",
            "How far training loss and validation objective have come of their whole way down. "
            "Where the blue line goes on and the orange one stays, the network learns by heart. "
            "Right, where there are any: scores such as accuracy, of which more is better.",
            partial(figures_training.winner, sweep, winner),
        )


def _predictions(place: Layout, winner: FrozenTrial) -> Picture:
    return Picture(
        "predictions",
        PREDICTIONS,
        "On the validation part, with the weights of its best epoch.",
        partial(drawing.predictions, place, winner),
    )
