"""The workload's own picture: what the winner predicts of the validation part.

Nothing else of a report needs torch, so this runs in a process of its own, beside the rest; the
imports lie inside the functions for that reason.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from optuna.trial import FrozenTrial

    from tune.layout import Layout


def predictions(place: "Layout", trial: "FrozenTrial", figure: "Figure") -> None:
    """Let the workload draw a trial's predictions of the validation part.

    Args:
        place: The sweep.
        trial: Its winner; its ``best.pt`` is still there.
        figure: Is drawn into.
    """
    import torch

    from tune.restoring import restore
    from tune.routing import named

    predictor = restore(place, trial)
    workload, loaded = predictor.workload, predictor.data
    assert workload.draw is not None
    batch = loaded.validation.batch(torch.arange(len(loaded.validation)))
    facts = named(workload.draw, {**loaded.facts, "model": predictor.model})
    workload.draw(figure, predictor.predict(loaded.validation), batch, **facts)
