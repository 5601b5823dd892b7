"""The ``train/`` group of a configuration."""

from dataclasses import dataclass

from tune.stopping import MIN_DELTA


@dataclass(frozen=True)
class Settings:
    """The ``train/`` group: how a step is taken, on how many folds, and which gain counts."""

    batch_size: int = 32
    clip_norm: float | None = None
    precision: str = "32"
    folds: int = 1
    min_delta: float = MIN_DELTA

    def __post_init__(self) -> None:
        """Reject what no step can be taken with."""
        if self.precision not in ("32", "bf16"):
            raise ValueError(f"train/precision must be 32 or bf16, got {self.precision}")
        if self.batch_size < 1:
            raise ValueError(f"train/batch_size must be at least 1, got {self.batch_size}")
        if self.folds < 1:
            raise ValueError(f"train/folds must be at least 1, got {self.folds}")
        if self.min_delta < 0:
            raise ValueError(f"train/min_delta must be at least 0, got {self.min_delta}")
