"""What a scored training says of itself: ``metadata.json`` of its run folder."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from torch import Tensor

from tune.describe import commit, versions
from tune.predictor import EVALUATION_BATCH
from tune.routing import named, route
from tune.scoring import Scored
from tune.training import Training
from tune.workloads import Workload

History = Sequence[Mapping[str, float]]


def describe(
    training: Training, history: History, config: Mapping[str, Any], scored: Scored
) -> dict[str, Any]:
    """Describe a training that has ended and was scored.

    The sections and their fields have the names of the published project's run folders.

    Args:
        training: It, with the weights of its best epoch; of several folds, the first.
        history: The rows of its epochs.
        config: Values by ``<group>/<argument>``.
        scored: Its metrics on test.

    Returns:
        Plain values by section.
    """
    last = history[-1]
    sizes = [each.numel() for each in training.model.parameters()]
    trainable = [each.numel() for each in training.model.parameters() if each.requires_grad]
    return {
        "model_name": type(training.model).__name__,
        "timestamp": datetime.now().isoformat(timespec="seconds"),
        "model_parameters": {"total": sum(sizes), "trainable": sum(trainable)},
        "data_config": _data(training, scored),
        "early_stopping_config": _early_stopping(training, len(history)),
        "training_config": _training(training, history),
        "loss_config": {
            **route(config)["loss"],
            "gradient_clip_val": training.settings.clip_norm,
        },
        "precision_config": {
            "precision": training.settings.precision,
            "mixed_precision_enabled": training.settings.precision != "32",
        },
        "metrics": scored.metrics,
        "objective": last["objective"],
        "best_epoch": last["best_epoch"],
        "facts": facts(training.workload, training),
        "versions": versions(),
        "commit": commit(),
    }


def facts(workload: Workload, training: Training) -> dict[str, Any]:
    """Return the plain facts that the metrics need beside predictions and truth."""
    known: Mapping[str, Any] = {**training.data.facts, **training.build_arguments}
    needed = named(workload.metrics, known)
    if workload.derive is not None:
        needed |= named(workload.derive, known)
    return {name: value for name, value in needed.items() if not isinstance(value, Tensor)}


def _training(training: Training, history: History) -> dict[str, Any]:
    seconds = sum(row["seconds"] for row in history)
    return {
        "max_epochs": training.plan.epochs,
        "actual_epochs": len(history),
        "batch_size": training.settings.batch_size,
        "eval_batch_size": EVALUATION_BATCH,
        "learning_rate": training.optimiser.defaults["lr"],
        "training_duration_seconds": seconds,
        "training_duration_minutes": seconds / 60,
    }


def _data(training: Training, scored: Scored) -> dict[str, Any]:
    data, output = training.data, next(iter(scored.predictions.values()))
    sizes = {"train": len(data.train), "val": len(data.validation), "test": len(output)}
    total = sum(sizes.values())
    record = {key: data.record[key] for key in ("source", "split") if key in data.record}
    return {
        "num_samples": total,
        "input_dim": math.prod(data.train.columns["inputs"].shape[1:]),
        "output_length": math.prod(output.shape[1:]),
        **{f"{name}_size": size for name, size in sizes.items()},
        **{f"{name}_ratio": sizes[name] / total for name in ("train", "val")},
        **record,
        "data_hash": data.record["fingerprint"],
    }


def _early_stopping(training: Training, epochs: int) -> dict[str, Any]:
    stopped = epochs < training.plan.epochs
    return {
        "enabled": training.plan.patience < training.plan.epochs,
        "patience": training.plan.patience,
        "min_delta": training.settings.min_delta,
        "stopped_at_epoch": epochs if stopped else None,
    }
