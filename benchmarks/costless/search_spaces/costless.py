"""Search space of ``costless``: a bowl whose lowest point is known, and nothing to train."""

from typing import TYPE_CHECKING

from search_spaces.contract import Budget

if TYPE_CHECKING:
    import optuna

METRIC = "height"
MODE = "min"
BUDGET = Budget(trials=100, epochs=1, patience=10**6)  # equal heights must not end a trial

BASELINE = {
    "model/x": 1.0,
    "model/y": 0.1,
    "model/kind": "a",
    "optim/lr": 1e-3,
}


def space(trial: "optuna.Trial") -> None:
    """Declare a real, a logarithmic, a categorical and an unrelated parameter."""
    trial.suggest_float("model/x", -5.0, 5.0)
    trial.suggest_float("model/y", 1e-4, 1.0, log=True)
    trial.suggest_categorical("model/kind", ["a", "b", "c"])
    trial.suggest_float("optim/lr", 1e-4, 1e-2, log=True)
