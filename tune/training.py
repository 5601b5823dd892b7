"""Training of one configuration; knows no Ray.

State is everything: a training continued from ``state_dict`` equals an uninterrupted one bit for
bit on CPU. Its random numbers need no place in the state, since every epoch seeds them anew from
(seed, epoch).
"""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch

from datasets.contract import Batch, Data
from tune.course import Course, OnCourse
from tune.errors import TrialFailure
from tune.objective import objective
from tune.optim import Schedule, learning_rate, optimiser
from tune.predictor import Predictor
from tune.routing import named, route
from tune.seeding import seeded
from tune.workloads import Workload

SKIPPED_STEPS_IN_A_ROW = 10
DIVERGED = 1e3  # a loss this many times its start has never come back


@dataclass(frozen=True)
class Plan:
    """How long and with which random numbers a configuration is trained."""

    epochs: int
    seed: int
    patience: int = 15
    device: str = "cpu"


class Training(Predictor, OnCourse):
    """One configuration: ``epoch()`` until ``ended`` says why it is over."""

    def __init__(
        self, workload: Workload, config: Mapping[str, Any], data: Data, plan: Plan
    ) -> None:
        """Build model, optimiser and schedule.

        Args:
            workload: What to train.
            config: Values by ``<group>/<argument>``.
            data: Training and validation part, derived columns included (``tune.data.load``).
            plan: Epochs, seed, patience and device.
        """
        groups = route(config)
        super().__init__(workload, config, data, seed=plan.seed, device=plan.device)
        self.plan = plan
        self.loss_arguments = named(workload.loss, self.facts) | groups["loss"]
        self.augment_arguments = groups["augment"]
        if workload.augment is not None:
            self.augment_arguments = named(workload.augment, self.facts) | groups["augment"]
        trained = [value for value in self.model.parameters() if value.requires_grad]
        self.size = {
            "parameters": sum(value.numel() for value in self.model.parameters()),
            "trainable_parameters": sum(value.numel() for value in trained),
        }
        self.optimiser_arguments = groups["optim"]
        self.optimiser = optimiser(trained, **self.optimiser_arguments)
        batches = math.ceil(len(data.train) / self.settings.batch_size)
        self.schedule = Schedule(
            self.optimiser, epochs=plan.epochs, batches=batches, **groups["schedule"]
        )
        self.course = Course(plan.epochs, plan.patience, self.settings.min_delta)
        self.start_loss = math.nan
        self.skipped = 0
        self.skipped_in_a_row = 0

    def epoch(self) -> dict[str, float]:
        """Train one epoch and score the validation part.

        Returns:
            The epoch's row of the record: ``epoch``, ``objective`` (best so far, smaller is
            better), ``best_epoch``, ``value`` (this epoch's), ``train_loss``, ``lr``,
            ``skipped_steps``, ``parameters``, ``trainable_parameters``, ``seconds``, and every
            metric of the workload.

        Raises:
            TrialFailure: If the loss or an objective's metric is not finite, or the loss diverged.
        """
        start = time.perf_counter()
        number = len(self.history) + 1
        rate = learning_rate(self.optimiser)
        with seeded(self.plan.seed, number):
            train_loss = self._train(number)
        metrics = self.evaluate(self.data.validation)
        value = objective(self.workload.space, metrics)
        self.schedule.after_epoch(value)
        row = {"epoch": number, "value": value, "train_loss": train_loss, "lr": rate}
        row |= self.course.judge(value) | {"skipped_steps": self.skipped}
        row |= self.size | {"seconds": time.perf_counter() - start} | metrics
        self.history.append(row)
        return row

    def _train(self, number: int) -> float:
        """Take one step a batch, in this epoch's order; return the mean loss."""
        self.model.train()
        order = torch.randperm(len(self.data.train))
        total, count = 0.0, 0
        for index in torch.split(order, self.settings.batch_size):
            loss = self._step(self._batch(self.data.train, index))
            if math.isfinite(loss):
                total, count = total + loss * len(index), count + len(index)
            self._count_skipped(skipped=not math.isfinite(loss), number=number)
        self._check_divergence(total / max(count, 1), number)
        return total / max(count, 1)

    def _count_skipped(self, *, skipped: bool, number: int) -> None:
        """Count a skipped step; end a training that skips an epoch's worth, or ten, in a row."""
        self.skipped += skipped
        self.skipped_in_a_row = self.skipped_in_a_row + 1 if skipped else 0
        batches = math.ceil(len(self.data.train) / self.settings.batch_size)
        if self.skipped_in_a_row >= min(SKIPPED_STEPS_IN_A_ROW, batches):
            raise TrialFailure(f"loss or gradient was not finite in epoch {number}")

    def _step(self, batch: Batch) -> float:
        """Take one optimiser step; return the loss, or NaN if the step had to be skipped."""
        if self.workload.augment is not None:
            batch = self.workload.augment(batch, **self.augment_arguments)
        self.optimiser.zero_grad(set_to_none=True)
        loss = self.workload.loss(self._forward(batch), batch, **self.loss_arguments).mean()
        if not torch.isfinite(loss):
            return math.nan
        loss.backward()
        limit = self.settings.clip_norm if self.settings.clip_norm else math.inf
        norm = torch.nn.utils.clip_grad_norm_(self.model.parameters(), limit)
        if not torch.isfinite(norm):
            return math.nan
        self.optimiser.step()
        self.schedule.after_batch()
        return float(loss.detach())

    def _check_divergence(self, loss: float, number: int) -> None:
        """Remember where the loss started; end a training that left that far behind."""
        if math.isnan(self.start_loss):
            self.start_loss = loss
        elif abs(loss) > DIVERGED * max(abs(self.start_loss), 1e-8):
            start = f"{self.start_loss:.3g}"
            raise TrialFailure(f"loss diverged from {start} to {loss:.3g} in epoch {number}")

    def weights(self) -> dict[str, Any]:
        """Return what a checkpoint to keep holds of the model."""
        return {"model": self.model.state_dict()}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next epoch depends on, as plain values and tensors."""
        return {
            "model": self.model.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "schedule": self.schedule.state_dict(),
            **self.course.state_dict(),
            "start_loss": self.start_loss,
            "skipped": (self.skipped, self.skipped_in_a_row),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state_dict``."""
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.schedule.load_state_dict(state["schedule"])
        self.course.load_state_dict(state)
        self.start_loss = state["start_loss"]
        self.skipped, self.skipped_in_a_row = state["skipped"]
