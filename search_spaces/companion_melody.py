"""Search space of ``companion_melody``: the notes of a melody from its emotion.

A cosine over half the width ends at .1191 on validation (seed 0), with a quarter of the weights;
an epoch of it takes .7 s on one core.
"""

from search_spaces.companion_space import BASELINE as BASELINE
from search_spaces.companion_space import space as space
from search_spaces.contract import Budget

RISING = ("precision", "recall", "f1", "topk")  # words in names of metrics of which more is better
METRIC = "bce"  # mean binary cross-entropy of the notes; no network gets below .1179
MODE = "min"
BUDGET = Budget(trials=20, epochs=50, grace_epochs=12, patience=10)

PRESETS = (BASELINE | {"model/width": 0.5, "schedule/kind": "cosine"},)
