"""Early stopping: a plain object, usable in any training loop."""

import math
from dataclasses import dataclass

MODES = ("min", "max")
MIN_DELTA = 1e-3  # relative


@dataclass
class EarlyStopping:
    """Count the epochs since a value last improved by more than a share of itself.

    ``min_delta`` is relative: an absolute one means something else for every metric's scale.

    Attributes:
        patience: Epochs without improvement that end the training.
        min_delta: Least improvement that counts, as a share of the best value so far.
        mode: ``min`` where a smaller value is better, ``max`` where a larger one is.
        best: The value that the next one is compared with; infinite before the first.
        waited: Epochs since then.
    """

    patience: int
    min_delta: float = MIN_DELTA
    mode: str = "min"
    best: float = math.inf
    waited: int = 0

    def __post_init__(self) -> None:
        """Reject an unknown mode."""
        if self.mode not in MODES:
            raise ValueError(f"mode must be one of {', '.join(MODES)}, got '{self.mode}'")

    def update(self, value: float) -> bool:
        """Take in an epoch's value; return whether to stop."""
        gain = self.best - value if self.mode == "min" else value - self.best
        if gain > self.min_delta * abs(self.best) or math.isinf(self.best):
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        return self.waited >= self.patience

    def state_dict(self) -> dict[str, float]:
        """Return the counters."""
        return {"best": self.best, "waited": self.waited}

    def load_state_dict(self, state: dict[str, float]) -> None:
        """Take up the counters of ``state_dict``."""
        self.best, self.waited = state["best"], int(state["waited"])
