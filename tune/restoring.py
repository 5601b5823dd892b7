"""The best model of a trial, as it was at its best epoch, with the data it was ranked on."""

from pathlib import Path

from optuna.trial import FrozenTrial

from tune import checkpoints, data, workloads
from tune.errors import UserError
from tune.layout import Layout
from tune.training import Plan, Training


def checkpoint(place: Layout, trial: FrozenTrial) -> Path:
    """Find the best weights of a trial.

    Args:
        place: The sweep.
        trial: One of its trials.

    Returns:
        The checkpoint's path.

    Raises:
        UserError: If it is gone: only those of the best trials are kept.
    """
    path = place.trial(trial.number) / "best.pt"
    if not path.exists():
        raise UserError(f"{path} must hold the best weights, but is gone; train them again")
    return path


def restore(place: Layout, trial: FrozenTrial) -> Training:
    """Build a trial's training again, with the weights of its best epoch.

    Args:
        place: The sweep.
        trial: One of its trials.

    Returns:
        A training to predict with, on its own validation part.
    """
    state = checkpoints.load(checkpoint(place, trial))
    description = place.describe()
    config = {**description["fixed"], **trial.params}
    root = None if description["root"] is None else Path(description["root"])
    name = description["workload"]
    loaded = data.load(name, root, config)
    training = Training(workloads.get(name), config, loaded, Plan(epochs=1, seed=0))
    training.model.load_state_dict(state["model"])
    training.model.eval()
    return training
