"""The best model of a trial, as it was at its best epoch, with the data it was ranked on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tune import checkpoints, data, workloads
from tune.errors import UserError
from tune.layout import Layout
from tune.predictor import Predictor


def checkpoint(place: Layout, number: int) -> Path:
    """Find the best weights of a trial.

    Args:
        place: The sweep.
        number: Of one of its trials.

    Returns:
        The checkpoint's path.

    Raises:
        UserError: If it is gone: only those of the best trials are kept.
    """
    path = place.trial(number) / "best.pt"
    if not path.exists():
        raise UserError(f"{path} must hold the best weights, but is gone; train them again")
    return path


def restore(place: Layout, number: int, params: Mapping[str, Any]) -> Predictor:
    """Build a trial's model again, with the weights of its best epoch.

    Args:
        place: The sweep.
        number: Of one of its trials.
        params: What the trial was proposed.

    Returns:
        The model, on its own data.
    """
    state = checkpoints.load(checkpoint(place, number))
    description = place.describe()
    config = {**description["fixed"], **params}
    root = None if description["root"] is None else Path(description["root"])
    name = description["workload"]
    loaded = data.load(name, root, config)
    predictor = Predictor(workloads.get(name), config, loaded)
    predictor.model.load_state_dict(state["model"])
    predictor.model.eval()
    return predictor
