"""The pictures of a sweep's report: what there is to draw, and the words under each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from matplotlib.figure import Figure
from optuna.trial import FrozenTrial

from tune import figures, figures_parameters, figures_targets, figures_training, workloads
from tune.figures_interactive import Interactive, prepare
from tune.following import Snapshot

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
    study = figures_parameters.as_study(trials)
    return Parameters(trials, figures_parameters.importances(study))


def draw(sweep: Snapshot, ranked: Parameters) -> Iterator[Drawn]:
    """Draw what the sweep has to show, into ``figures/`` of the sweep.

    Args:
        sweep: The sweep.
        ranked: Its parameters.

    Yields:
        Every picture, once its PNG is written. One that cannot be drawn says why: the data may
        lie elsewhere by now, or the code of the model may have changed.
    """
    for picture in pictures(sweep, ranked):
        path = sweep.layout.directory / "figures" / f"{picture.name}.png"
        figure = figures.wide(picture.height_in)
        try:
            picture.draw(figure)
        except (OSError, ValueError, RuntimeError) as error:
            reason = str(error).partition("\n")[0]
            yield Drawn(picture.title, f"Could not be drawn: {reason}", None)
            continue
        figures.write(figure, path)
        yield Drawn(picture.title, picture.caption, path)


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
        yield from _predictions(sweep, sweep.found[standings[0].number])


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
            "Where the blue line goes on and the orange one stays, the network learns by heart.",
            partial(figures_training.winner, sweep, winner),
        )


def _predictions(sweep: Snapshot, winner: FrozenTrial) -> Iterator[Picture]:
    """Yield the workload's own picture, if it has one and the winner's weights are kept."""
    if not (sweep.layout.trial(winner.number) / "best.pt").exists():
        return
    if workloads.get(sweep.space.name).draw is None:
        return
    from tune.drawing import predictions  # here, since nothing else of a report needs torch

    yield Picture(
        "predictions",
        "Predictions of the winner",
        "On the validation part, with the weights of its best epoch.",
        partial(predictions, sweep.layout, winner),
    )
