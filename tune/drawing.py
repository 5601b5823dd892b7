"""The workload's own picture: what the winner predicts of the validation part."""

import torch
from matplotlib.figure import Figure
from optuna.trial import FrozenTrial

from tune.layout import Layout
from tune.restoring import restore
from tune.routing import named


def predictions(place: Layout, trial: FrozenTrial, figure: Figure) -> None:
    """Let the workload draw a trial's predictions of the validation part.

    Args:
        place: The sweep.
        trial: Its winner; its ``best.pt`` is still there.
        figure: Is drawn into.
    """
    training = restore(place, trial)
    workload, loaded = training.workload, training.data
    assert workload.draw is not None
    batch = loaded.validation.batch(torch.arange(len(loaded.validation)))
    facts = named(workload.draw, {**loaded.facts, "model": training.model})
    workload.draw(figure, training.predict(loaded.validation), batch, **facts)
