"""The course of a training: a plain object, usable in any training loop."""

from collections.abc import Mapping
from typing import Any

from tune.stopping import MIN_DELTA, EarlyStopping


class Course:
    """The rows of the epochs so far, which one was the best, and whether it was the last."""

    def __init__(self, epochs: int, patience: int, min_delta: float = MIN_DELTA) -> None:
        """Begin.

        Args:
            epochs: Most epochs.
            patience: Epochs without improvement after which it is over.
            min_delta: Least improvement that counts, as a share of the best value so far.
        """
        self.epochs = epochs
        self.stopping = EarlyStopping(patience, min_delta)
        self.rows: list[dict[str, float]] = []

    @property
    def ended(self) -> str | None:
        """Why it is over, or None while it is not."""
        if len(self.rows) >= self.epochs:
            return "reached its last epoch"
        if self.stopping.waited >= self.stopping.patience:
            return f"stopped improving {self.stopping.patience} epochs ago"
        return None

    @property
    def improved(self) -> bool:
        """Whether the last epoch was the best so far."""
        return bool(self.rows) and self.rows[-1]["best_epoch"] == len(self.rows)

    def judge(self, value: float) -> dict[str, float]:
        """Judge the next epoch.

        Args:
            value: Of the epoch; smaller is better.

        Returns:
            ``objective`` (the best value so far) and ``best_epoch``, for the epoch's row.
        """
        self.stopping.update(value)
        if self.rows and self.rows[-1]["objective"] <= value:
            return {key: self.rows[-1][key] for key in ("objective", "best_epoch")}
        return {"objective": value, "best_epoch": len(self.rows) + 1}

    def state_dict(self) -> dict[str, Any]:
        """Return what ``load_state_dict`` takes up again."""
        return {"stopping": self.stopping.state_dict(), "history": self.rows}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state_dict``; what else ``state`` holds is left alone."""
        self.stopping.load_state_dict(state["stopping"])
        self.rows = list(state["history"])


class OnCourse:
    """What a training shows of its course, whether of one model or of several."""

    course: Course

    @property
    def history(self) -> list[dict[str, float]]:
        """The rows of the epochs so far."""
        return self.course.rows

    @property
    def ended(self) -> str | None:
        """Why the training is over, or None while it is not."""
        return self.course.ended

    @property
    def improved(self) -> bool:
        """Whether the last epoch was the best so far."""
        return self.course.improved
