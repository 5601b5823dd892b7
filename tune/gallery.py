"""The pictures of a sweep's report: what there is to draw, and the words under each."""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import dataclass
from functools import partial

from optuna.trial import FrozenTrial

from tune import figures_course, figures_parameters, figures_targets, gallery_winner, importance
from tune.figures_interactive import Interactive, prepare
from tune.following import Snapshot
from tune.pictures import Drawn, Picture, drawn

FEWEST_TRIALS = 4  # fewer say nothing about a parameter


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
    trials = figures_course.scored(sweep)
    if len(trials) < FEWEST_TRIALS:
        return Parameters(trials, {})
    study = importance.as_study(trials)
    return Parameters(trials, importance.importances(study))


def winner(sweep: Snapshot, beside: Executor) -> Iterator[Future[list[Drawn]]]:
    """Begin to draw the winner's training, and what it predicts if its weights are kept.

    Args:
        sweep: The sweep.
        beside: Draws them.

    Yields:
        Pictures to come.
    """
    for number in [standing.number for standing in sweep.standings()[:1]]:
        yield beside.submit(gallery_winner.draw_training, sweep.layout, number)
        if (sweep.layout.trial(number) / "best.pt").exists():
            params = sweep.found[number].params
            yield beside.submit(gallery_winner.draw_predictions, sweep.layout, number, params)


def draw(
    sweep: Snapshot, ranked: Parameters, winner: Sequence[Future[list[Drawn]]]
) -> Iterator[Drawn]:
    """Draw what the sweep has to show, into ``figures/`` of the sweep.

    Args:
        sweep: The sweep.
        ranked: Its parameters.
        winner: The pictures of its winner, to come.

    Yields:
        Every picture, once its PNG is written.
    """
    for picture in pictures(sweep, ranked):
        yield drawn(picture, sweep.layout)
    try:
        for pending in winner:
            yield from pending.result()
    except BrokenExecutor:
        reason = "Could not be drawn: the process died (out of memory?)"
        yield Drawn("Further pictures of the winner", reason, None)


def interactive(sweep: Snapshot, ranked: Parameters) -> Interactive | None:
    """Prepare the pictures that answer to the mouse, of the best trials, if there are enough."""
    if not ranked.importances:
        return None
    best = ranked.trials[: figures_parameters.MOST_LINES]
    return prepare(best, ranked.shown, logarithmic=bool(sweep.space.targets))


def pictures(sweep: Snapshot, ranked: Parameters) -> Iterator[Picture]:
    """Yield every picture for which the sweep has something to show, but those of the winner."""
    if sweep.found:
        yield from _course(sweep)
    if sweep.standings() and sweep.space.targets:
        yield from _targets(sweep)
    if ranked.importances:
        yield from _parameters(sweep, ranked)


def _course(sweep: Snapshot) -> Iterator[Picture]:
    yield Picture(
        "best_so_far",
        "Best so far",
        "Each dot is a trial at the value it had reached when it ended; grey ones were stopped "
        "early.",
        partial(figures_course.best_so_far, sweep),
    )
    yield Picture(
        "learning_curves",
        "Learning curves",
        "Best objective so far of every trial, epoch by epoch; those stopped early are faded.",
        partial(figures_course.learning_curves, sweep),
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
