"""Search space of ``melody``: the next note of a tune.

Kinds of network are compared on equal budgets by sweeps with ``--set model/kind=...``; without it
one sweep searches all four. Counting alone, a Markov model of order 2, reaches 2.134 nats.

Cost of an epoch on one core: 1.7 s (baseline), 4.6 s (LSTM of 256 units), 7 s (GRU of 256 units),
11 s (Transformer of width 128, 4 layers). Best so far (seed 0): 1.892 on validation by the first
preset (1.900 on test, in an earlier training); 1.749 on the test part of the Nottingham tunes, by
the second.
"""

from typing import TYPE_CHECKING

from search_spaces.contract import Budget

if TYPE_CHECKING:
    import optuna

RISING = ("accuracy",)  # words in names of metrics of which more is better
METRIC = "nll"  # nats a note over all validation notes
MODE = "min"

#: A long context makes few and slow steps of an epoch, and wins late: no trial stops before.
BUDGET = Budget(trials=20, epochs=30, grace_epochs=10)

#: The published LSTM, trained on every note of a block instead of the last.
BASELINE = {
    "model/kind": "lstm",
    "model/embedding_dim": 64,
    "model/hidden_size": 128,
    "model/num_layers": 2,
    "forward/dropout": 0.2,
    "data/context": 16,
    "augment/transpose": False,
    "optim/kind": "adamw",
    "optim/lr": 1e-3,
    "optim/weight_decay": 1e-6,
    "schedule/kind": "plateau",
    "train/batch_size": 32,
    "train/clip_norm": 5.0,
}

_WIDE = BASELINE | {
    "model/hidden_size": 256,
    "forward/dropout": 0.4,
    "data/context": 128,
    "optim/lr": 2e-3,
    "schedule/kind": "cosine",
    "train/clip_norm": 1.0,
}

#: Twice the units, much dropout and four times the context; then in all twelve keys, which is
#: better for real tunes and worse for the embedded ones, whose keys have their own registers.
PRESETS = (_WIDE, _WIDE | {"augment/transpose": True, "optim/lr": 3e-3})


def space(trial: "optuna.Trial") -> None:
    """Declare every searched parameter on ``trial``, conditional ones only where they act."""
    kind = trial.suggest_categorical("model/kind", ["lstm", "gru", "rnn", "transformer"])
    trial.suggest_int("model/embedding_dim", 32, 256, step=32)
    # time grows with the square of the width and with the layers, hence the log scales
    trial.suggest_int("model/num_layers", 1, 6, log=True)
    if kind == "transformer":
        trial.suggest_categorical("model/num_heads", [4, 8])
        trial.suggest_categorical("model/feedforward_dim", [256, 512, 1024])
        trial.suggest_categorical("model/norm_first", [False, True])
    else:
        trial.suggest_int("model/hidden_size", 64, 512, log=True)
    trial.suggest_float("forward/dropout", 0.0, 0.5)  # .4 helps at 256 units
    trial.suggest_categorical("data/context", [16, 32, 64, 128])  # the published 16 costs .03
    trial.suggest_categorical("augment/transpose", [False, True])
    trial.suggest_categorical("optim/kind", ["adamw"])
    trial.suggest_float("optim/lr", 1e-4, 1e-2, log=True)  # 1e-5 never ends in 30 epochs
    trial.suggest_float("optim/weight_decay", 1e-6, 1e-2, log=True)
    trial.suggest_categorical("schedule/kind", ["plateau", "step", "cosine"])
    trial.suggest_categorical("train/batch_size", [16, 32, 64, 128])
    trial.suggest_float("train/clip_norm", 0.5, 5.0, log=True)
