"""The pictures of the winner: its training, and what it predicts.

A report draws them in a process of their own, beside the rest: predictions take torch, which is
slow to load. Nothing here needs Optuna, so that this process does not load that as well.
"""

import warnings
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from matplotlib.figure import Figure

from tune import figures_training, workloads
from tune.layout import Layout
from tune.pictures import Drawn, Picture, drawn


def draw_training(place: Layout, number: int) -> list[Drawn]:
    """Draw how the winner was trained, beside the baseline.

    Args:
        place: The sweep.
        number: Of its winner.

    Returns:
        The pictures.
    """
    with warnings.catch_warnings(action="ignore"):
        return [drawn(picture, place) for picture in _training(place, number)]


def _training(place: Layout, number: int) -> Iterator[Picture]:
    yield Picture(
        "training",
        "Training of baseline and winner",
        "Training loss (left scale) and validation objective (right scale), epoch by epoch.",
        partial(figures_training.training, place, number),
    )
    rows = figures_training.epochs(place, number)
    if rows:
        yield Picture(
            "winner",
            "Generalisation gap and learning rate of the winner",
            "How far training loss and validation objective have come of their whole way down. "
            "Where the blue line goes on and the orange one stays, the network learns by heart. "
            "Right, where there are any: scores such as accuracy, of which more is better.",
            partial(figures_training.winner, rows, workloads.space(place.describe()["workload"])),
        )


def draw_predictions(place: Layout, number: int, params: Mapping[str, Any]) -> list[Drawn]:
    """Draw the workload's own picture.

    Args:
        place: The sweep.
        number: Of its winner, whose weights are kept.
        params: What the winner was proposed.

    Returns:
        The picture, if the workload has one.
    """
    if workloads.get(place.describe()["workload"]).draw is None:
        return []
    picture = Picture(
        "predictions",
        "Predictions of the winner",
        "On the validation part, with the weights of its best epoch.",
        partial(_predictions, place, number, params),
    )
    with warnings.catch_warnings(action="ignore"):
        return [drawn(picture, place)]


def _predictions(place: Layout, number: int, params: Mapping[str, Any], figure: Figure) -> None:
    import torch

    from tune.restoring import restore
    from tune.routing import named

    predictor = restore(place, number, params)
    workload, loaded = predictor.workload, predictor.data
    assert workload.draw is not None
    batch = loaded.validation.batch(torch.arange(len(loaded.validation)))
    facts = named(workload.draw, {**loaded.facts, "model": predictor.model})
    workload.draw(figure, predictor.predict(loaded.validation), batch, **facts)
