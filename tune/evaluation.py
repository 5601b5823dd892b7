"""Retrain a configuration and score the test part: the only place that reads test data."""

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import torch
from torch import Tensor

from datasets.contract import Data, Part
from search_spaces.contract import Budget
from tune import (
    checkpoints,
    data,
    ensembles,
    folds,
    records,
    run_folder,
    run_metadata,
    scoring,
    workloads,
)
from tune.errors import TrialFailure, UserError
from tune.folds import FoldedTraining
from tune.objective import objective
from tune.routing import route
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
        fingerprint: Of the data; other data are another training.
        directory: Its run folder; a finished one is not trained again.
    """

    workload: str
    root: Path | None
    config: Mapping[str, Any]
    budget: Budget
    seed: int
    fingerprint: str
    directory: Path

    @property
    def asked(self) -> dict[str, Any]:
        """All that the result depends on, as JSON keeps it."""
        plain = {
            "config": dict(self.config),
            "epochs": self.budget.epochs,
            "patience": self.budget.patience,
            "seed": self.seed,
            "data_hash": self.fingerprint,
        }
        again: dict[str, Any] = json.loads(json.dumps(plain))
        return again


def finished(job: Retraining) -> dict[str, Any] | None:
    """Return the metadata of a training that was finished before, or None."""
    try:
        metadata = run_folder.read_metadata(job.directory)
    except UserError:  # whatever was left there, it is no finished training
        return None
    return metadata if metadata.get("asked") == job.asked else None


def score(job: Retraining) -> dict[str, Any]:
    """Train to the last epoch, take the best one by validation, and score the test part once.

    Args:
        job: What to train.

    Returns:
        The metadata of the run folder that this writes: ``objective`` and ``best_epoch`` on
        validation, ``metrics_train`` and ``gap`` on training rows, and ``metrics`` on test; or
        ``failed`` with the reason.
    """
    torch.set_flush_denormal(True)
    job.directory.mkdir(parents=True, exist_ok=True)
    (job.directory / run_folder.METADATA).unlink(missing_ok=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    plan = Plan(job.budget.epochs, job.seed, job.budget.patience, device)
    parts = data.load_folds(job.workload, job.root, job.config)
    training = folds.begin(workloads.get(job.workload), job.config, parts, plan)
    told: dict[str, Any] = {"workload": job.workload, "asked": job.asked}
    try:
        told |= _scored(job, training, train(training))
    except TrialFailure as failure:
        told["failed"] = str(failure)
    records.write_csv(job.directory / run_folder.HISTORY, training.history)
    records.write_json(job.directory / run_folder.METADATA, told)
    return run_folder.read_metadata(job.directory)


def train(training: Training | FoldedTraining) -> dict[str, Any]:
    """Train to the end; return the weights of the best epoch."""
    best: dict[str, Any] = {}
    while training.ended is None:
        training.epoch()
        if training.improved:
            best = copy.deepcopy(training.weights())
    return best


def _scored(
    job: Retraining, training: Training | FoldedTraining, best: dict[str, Any]
) -> dict[str, Any]:
    """Score the test part with the best weights; write all but the metadata."""
    folder = job.directory
    members = training.folds if isinstance(training, FoldedTraining) else [training]
    for member, weights in zip(members, best.get("folds", [best["model"]]), strict=True):
        member.model.load_state_dict(weights)
    first = members[0]
    test: Part = first.workload.load_test(job.root, **route(job.config)["data"])
    output = ensembles.mean([_predictions(member, test) for member in members])
    batch = test.batch(torch.arange(len(test)))
    facts = {**first.data.facts, **first.build_arguments}
    scored = scoring.score(first.workload, output, batch, facts)
    arrays = run_folder.write_arrays(folder, scored)
    run_folder.write_scalers(folder, first.data.facts)
    run_folder.write_ids(folder, test.names())
    last = training.history[-1]
    kept = {"workload": job.workload, "config": dict(job.config), "seed": job.seed}
    kept |= {"epoch": last["best_epoch"], "objective": last["objective"]}
    (folder / run_folder.BEST).parent.mkdir(exist_ok=True)
    checkpoints.save(folder / run_folder.BEST, kept | {"build": first.build_arguments} | best)
    told = run_metadata.describe(first, training.history, job.config, scored)
    told["metrics_train"] = on_training_rows(members)
    reached_there = objective(first.workload.space, told["metrics_train"])
    told["gap"] = reached_there - last["objective"]  # below 0, what was shown is known better
    return told | arrays | {"best_model_path": run_folder.BEST}


def on_training_rows(members: Sequence[Training]) -> dict[str, float]:
    """Score models on rows that they were trained on, as many as there are for validation.

    Args:
        members: With the weights of their best epoch: one, or one a fold.

    Returns:
        Every metric in evaluation mode; the mean over the folds.
    """
    scores = [member.evaluate(_shown(member.data)) for member in members]
    return {name: fmean(each[name] for each in scores) for name in scores[0]}


def _shown(data: Data) -> Part:
    """Draw as many training rows as there are for validation; all of them may be too many."""
    drawn = torch.randperm(len(data.train), generator=torch.Generator().manual_seed(0))
    return replace(data.train, rows=data.train.rows[drawn[: len(data.validation)]])


def _predictions(training: Training, part: Part) -> dict[str, Tensor]:
    columns = scoring.as_columns(training.predict(part))
    return {name: column.cpu() for name, column in columns.items()}
