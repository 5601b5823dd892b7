"""What the search spaces of the five ``companion_*`` workloads share.

Ranges were measured on the embedded data: a rate of 1e-4 underfits in 50 epochs, 1e-2 suits the
small dynamics and groove networks and is the worst for emotion.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import optuna

#: The published configuration: Adam at 1e-3, 50 epochs, nothing else. AdamW with a decay this
#: small is Adam.
BASELINE = {
    "model/width": 1.0,
    "model/activation": "keep",
    "forward/dropout": 0.0,
    "optim/kind": "adamw",
    "optim/lr": 1e-3,
    "optim/weight_decay": 1e-7,
    "schedule/kind": "none",
    "train/batch_size": 64,
    "train/clip_norm": 5.0,
}


def space(trial: "optuna.Trial") -> None:
    """Declare every searched parameter on ``trial``."""
    # 2 gains 3 % on dynamics; a host compiled with fixed sizes needs 1: --set model/width=1
    trial.suggest_categorical("model/width", [0.5, 1.0, 2.0])
    trial.suggest_categorical("model/activation", ["keep", "tanh", "relu", "elu"])
    # .1 costs 2 % on harmony with 8,000 samples; small real data may want it
    trial.suggest_float("forward/dropout", 0.0, 0.3)
    # as L2 inside Adam, a decay of 1e-4 costs 36 % on groove and 60 % on dynamics
    trial.suggest_categorical("optim/kind", ["adamw"])
    trial.suggest_float("optim/lr", 1e-4, 1e-2, log=True)
    trial.suggest_float("optim/weight_decay", 1e-7, 1e-2, log=True)
    trial.suggest_categorical("schedule/kind", ["none", "cosine", "plateau"])
    trial.suggest_categorical("train/batch_size", [32, 64, 128, 256])
    trial.suggest_float("train/clip_norm", 0.5, 5.0, log=True)
