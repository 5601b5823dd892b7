"""What every search space states beside its ranges: targets and budget."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One thing the user needs of a model, on a metric of ``models.<workload>.metrics``.

    Exactly one of ``at_most`` and ``at_least`` is given. An ``at_least`` target is for a score
    bounded by 1. A metric that leaves out rows states their share as ``dropped`` (the name of
    another metric); each such row then counts with ``cap``, so that leaving out never pays.
    """

    metric: str
    at_most: float | None = None
    at_least: float | None = None
    dropped: str | None = None
    cap: float = 0.0

    def __post_init__(self) -> None:
        """Reject a target with no bound, or with two."""
        if (self.at_most is None) == (self.at_least is None):
            raise ValueError(
                f"{self.metric} must have one of at_most and at_least, got both or none"
            )


@dataclass(frozen=True)
class Budget:
    """What the default sweep of a workload may cost."""

    trials: int
    epochs: int
    grace_epochs: int = 2
    reduction: int = 3
    patience: int = 15
