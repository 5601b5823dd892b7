"""k-fold cross-validation: one configuration trained on every fold, an epoch of each in turn."""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean, stdev
from typing import Any

from datasets.contract import Data
from tune import records
from tune.course import Course, OnCourse
from tune.errors import TrialFailure
from tune.objective import objective
from tune.training import Plan, Training
from tune.workloads import Workload


def begin(
    workload: Workload, config: Mapping[str, Any], parts: Sequence[Data], plan: Plan
) -> "Training | FoldedTraining":
    """Begin the training of a configuration.

    Args:
        workload: What to train.
        config: Values by ``<group>/<argument>``.
        parts: One data set, or one a fold (``tune.data.load_folds``).
        plan: Epochs, seed, patience and device.

    Returns:
        A plain training, or one over all folds.
    """
    trainings = [Training(workload, config, each, plan) for each in parts]
    return trainings[0] if len(trainings) == 1 else FoldedTraining(trainings)


class FoldedTraining(OnCourse):
    """One configuration on every fold; is used as a ``Training`` is.

    The folds are trained alike, from the same seed. Every metric is the mean over the folds, and
    the objective is that of the means. The first fold stands for all where one model is asked for.
    """

    def __init__(self, folds: Sequence[Training]) -> None:
        """Train ``folds`` side by side; they differ in nothing but their data."""
        self.folds = folds
        plan, settings = folds[0].plan, folds[0].settings
        self.course = Course(plan.epochs, plan.patience, settings.min_delta)

    @property
    def build_arguments(self) -> dict[str, Any]:
        """Builds the first fold's model again."""
        return self.folds[0].build_arguments

    def epoch(self) -> dict[str, float]:
        """Train one epoch of every fold, and score each on its own validation part.

        Returns:
            A row as of ``Training.epoch``: means over the folds, ``seconds`` and
            ``skipped_steps`` in all, and beside the metrics ``value_sd``, the standard deviation
            over the folds, and each fold's own ``value_fold_<number>``.

        Raises:
            TrialFailure: If a fold fails; says which.
        """
        rows = list(self._epochs())
        metrics = {name: _mean(each[name] for each in rows) for name in records.metrics(rows[0])}
        value = objective(self.folds[0].workload.space, metrics)
        row = {"epoch": len(self.history) + 1, "value": value}
        row |= {name: fmean(each[name] for each in rows) for name in ("train_loss", "lr")}
        row |= self.course.judge(value)
        row |= {name: sum(each[name] for each in rows) for name in ("skipped_steps", "seconds")}
        row |= self.folds[0].size | metrics | {"value_sd": stdev(each["value"] for each in rows)}
        row |= {f"value_fold_{number}": each["value"] for number, each in enumerate(rows)}
        self.history.append(row)
        return row

    def _epochs(self) -> Iterator[dict[str, float]]:
        for number, fold in enumerate(self.folds):
            try:
                yield fold.epoch()
            except TrialFailure as failure:
                raise TrialFailure(f"{failure} (fold {number})") from failure

    def weights(self) -> dict[str, Any]:
        """Return what a checkpoint to keep holds: every fold's model, the first one's as ours."""
        models = [fold.model.state_dict() for fold in self.folds]
        return {"model": models[0], "folds": models}

    def state_dict(self) -> dict[str, Any]:
        """Return everything that the next epoch depends on, as plain values and tensors."""
        return {"folds": [fold.state_dict() for fold in self.folds], **self.course.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from ``state_dict``."""
        for fold, own in zip(self.folds, state["folds"], strict=True):
            fold.load_state_dict(own)
        self.course.load_state_dict(state)


def _mean(values: Iterator[float]) -> float:
    """Return the mean over those folds in which a metric is defined."""
    defined = [value for value in values if not math.isnan(value)]
    return fmean(defined) if defined else math.nan
