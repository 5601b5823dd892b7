"""The figures of a report: the sweep, the best trial's training, and the workload's picture."""

from collections.abc import Iterator
from pathlib import Path

import torch
from optuna.trial import FrozenTrial

from tune import figures, records, table, workloads
from tune.layout import Layout
from tune.restoring import restore
from tune.routing import named
from tune.study import read_trials
from tune.workloads import Space


def draw(space: Space, place: Layout) -> Iterator[Path]:
    """Draw what the sweep has so far.

    Args:
        space: The workload's space.
        place: The sweep.

    Yields:
        Every PNG written, in ``figures/`` of the sweep.
    """
    trials = read_trials(place.journal)
    folder = place.directory / "figures"
    figures.overview(space, trials, folder / "overview.png")
    yield folder / "overview.png"
    for best in table.best(trials, 1):
        yield _training(place, trials, best, folder / "training.png")
        if (place.trial(best.number) / "best.pt").exists():
            yield from _picture(space, place, best, folder / "predictions.png")


def _training(place: Layout, trials: list[FrozenTrial], best: FrozenTrial, path: Path) -> Path:
    """Draw the training of the baseline beside that of the best trial."""
    figure = figures.wide()
    pair = {"published baseline": trials[figures.BASELINE_TRIAL], "best trial": best}
    for axes, (title, trial) in zip(figure.subplots(1, 2), pair.items(), strict=True):
        rows = records.read_rows(place.trial(trial.number) / "metrics.csv")
        if rows:
            figures.training(rows, axes, f"{title} (trial {trial.number})")
    figures.write(figure, path)
    return path


def _picture(space: Space, place: Layout, best: FrozenTrial, path: Path) -> Iterator[Path]:
    """Let the workload draw the best model's predictions of the validation part."""
    workload = workloads.get(space.name)
    if workload.draw is None:
        return
    training = restore(place, best)
    loaded = training.data
    batch = loaded.validation.batch(torch.arange(len(loaded.validation)))
    figure = figures.wide()
    facts = named(workload.draw, loaded.facts)
    workload.draw(figure, training.predict(loaded.validation), batch, **facts)
    figures.write(figure, path)
    yield path
