"""Retrain a configuration and score the test part: the only place that reads test data."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from datasets.contract import Part
from search_spaces.contract import Budget
from tune import data, records, workloads
from tune.errors import TrialFailure
from tune.routing import named, route
from tune.training import Plan, Training


@dataclass(frozen=True)
class Retraining:
    """One training to score: who, with which random numbers, and where its files go.

    Attributes:
        workload: Its name.
        root: The user's data, or None.
        config: Values by ``<group>/<argument>``.
        budget: Epochs and patience.
        seed: Of the training.
        directory: Takes ``metrics.csv`` and ``score.json``; a finished one is not trained again.
    """

    workload: str
    root: Path | None
    config: Mapping[str, Any]
    budget: Budget
    seed: int
    directory: Path


def score(job: Retraining) -> dict[str, Any]:
    """Train to the last epoch, take the best one by validation, and score the test part once.

    Args:
        job: What to train.

    Returns:
        ``objective`` and ``best_epoch`` on validation, and ``test``, its metrics by name; or
        ``failed`` with the reason.
    """
    torch.set_flush_denormal(True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    loaded = data.load(job.workload, job.root, job.config)
    plan = Plan(job.budget.epochs, job.seed, job.budget.patience, device)
    training = Training(workloads.get(job.workload), job.config, loaded, plan)
    job.directory.mkdir(parents=True, exist_ok=True)
    try:
        best = train(training)
    except TrialFailure as failure:
        return {"failed": str(failure)}
    training.model.load_state_dict(best)
    last = training.history[-1]
    result: dict[str, Any] = {key: last[key] for key in ("objective", "best_epoch")}
    result["test"] = training.evaluate(_test_part(job, training))
    records.write_csv(job.directory / "metrics.csv", training.history)
    records.write_json(job.directory / "score.json", result)
    return result


def train(training: Training) -> dict[str, Any]:
    """Train to the end; return the weights of the best epoch."""
    best: dict[str, Any] = {}
    while training.ended is None:
        training.epoch()
        if training.improved:
            best = copy.deepcopy(training.model.state_dict())
    return best


def _test_part(job: Retraining, training: Training) -> Part:
    workload = training.workload
    part: Part = workload.load_test(job.root, **route(job.config)["data"])
    if workload.derive is None:
        return part
    derived = workload.derive(part.columns, **named(workload.derive, training.data.facts))
    return Part({**part.columns, **derived}, part.rows)
