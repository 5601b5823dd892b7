"""Optimisers and learning-rate schedules, by the names that search spaces use."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.nn import Parameter
from torch.optim import Adam, AdamW, Optimizer
from torch.optim import lr_scheduler as schedulers

OPTIMISERS: dict[str, type[Adam]] = {"adam": Adam, "adamw": AdamW}


def optimiser(
    parameters: Iterable[Parameter],
    kind: str = "adam",
    lr: float = 1e-3,
    weight_decay: float = 0.0,
    amsgrad: bool = False,
) -> Optimizer:
    """Build an optimiser; the defaults are Adam's published ones.

    Args:
        parameters: What it moves.
        kind: ``adam`` (decay as L2 inside the gradient) or ``adamw`` (decoupled decay).
        lr: Learning rate.
        weight_decay: Its share of the weights a step, times ``lr``.
        amsgrad: Whether the second moment never falls.

    Returns:
        The optimiser.

    Raises:
        ValueError: If ``kind`` is unknown.
    """
    if kind not in OPTIMISERS:
        raise ValueError(f"optim/kind must be one of {', '.join(OPTIMISERS)}, got {kind}")
    return OPTIMISERS[kind](
        parameters, lr=lr, weight_decay=weight_decay, amsgrad=amsgrad, fused=True
    )


class Schedule:
    """A learning-rate schedule that knows when it moves: after a batch or after an epoch."""

    def __init__(
        self,
        optimiser: Optimizer,
        *,
        epochs: int,
        batches: int,
        kind: str = "none",
        **settings: Any,
    ) -> None:
        """Choose the schedule.

        Args:
            optimiser: The optimiser whose rate it moves.
            epochs: Length of the training.
            batches: Batches an epoch.
            kind: ``none``, ``cosine``, ``onecycle``, ``plateau`` or ``step``.
            **settings: ``peak`` of onecycle (multiple of lr, 3), ``factor`` (.5) and ``patience``
                (5) of plateau, ``every`` (30 epochs) and ``factor`` (.1) of step.

        Raises:
            ValueError: If ``kind`` is unknown.
        """
        if kind not in SCHEDULES:
            raise ValueError(f"schedule/kind must be one of {', '.join(SCHEDULES)}, got {kind}")
        self.every_batch = kind == "onecycle"
        self.on_objective = kind == "plateau"
        self.scheduler = SCHEDULES[kind](optimiser, epochs, batches, **settings)

    def after_batch(self) -> None:
        """Move, if this schedule moves with every batch."""
        if self.every_batch:
            self.scheduler.step()

    def after_epoch(self, objective: float) -> None:
        """Move, if this schedule moves with every epoch."""
        if self.on_objective:
            self.scheduler.step(objective)
        elif not self.every_batch:
            self.scheduler.step()

    def state_dict(self) -> dict[str, Any]:
        """Return the schedule's position."""
        return dict(self.scheduler.state_dict())

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the position of ``state_dict``."""
        self.scheduler.load_state_dict(state)


def _none(optimiser: Optimizer, _epochs: int, _batches: int) -> Any:
    return schedulers.ConstantLR(optimiser, factor=1.0)


def _cosine(optimiser: Optimizer, epochs: int, _batches: int) -> Any:
    return schedulers.CosineAnnealingLR(optimiser, T_max=epochs)


def _onecycle(optimiser: Optimizer, epochs: int, batches: int, peak: float = 3.0) -> Any:
    peaks = [peak * group["lr"] for group in optimiser.param_groups]
    return schedulers.OneCycleLR(optimiser, max_lr=peaks, total_steps=epochs * batches + 1)


def _plateau(
    optimiser: Optimizer, _epochs: int, _batches: int, factor: float = 0.5, patience: int = 5
) -> Any:
    return schedulers.ReduceLROnPlateau(optimiser, factor=factor, patience=patience)


def _step(
    optimiser: Optimizer, _epochs: int, _batches: int, every: int = 30, factor: float = 0.1
) -> Any:
    return schedulers.StepLR(optimiser, step_size=every, gamma=factor)


SCHEDULES: dict[str, Callable[..., Any]] = {
    "none": _none,
    "cosine": _cosine,
    "onecycle": _onecycle,
    "plateau": _plateau,
    "step": _step,
}


def learning_rate(optimiser: Optimizer) -> float:
    """Return the rate of the first parameter group."""
    return float(torch.as_tensor(optimiser.param_groups[0]["lr"]))
