"""Ensembles of trainings: the mean of what they predict. Weights are never averaged.

A mean of distributions is one again, and by any convex measure, such as the squared error, no
worse than its members in the mean.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tune import records, run_folder, workloads
from tune.errors import UserError
from tune.scoring import score

Columns = Mapping[str, Tensor]


def mean(members: Sequence[Columns]) -> dict[str, Tensor]:
    """Average the predictions of several trainings over the same rows.

    Args:
        members: Predictions by name; at least one member.

    Returns:
        The mean of every prediction that all of them make.

    Raises:
        UserError: If they have no prediction in common.
    """
    common = [
        name
        for name, value in members[0].items()
        if all(name in other and other[name].shape == value.shape for other in members)
    ]
    if not common:
        told = " and ".join(", ".join(each) or "one output" for each in members)
        raise UserError(f"members of an ensemble must predict the same, got {told}")
    return {name: _mean([each[name] for each in members]) for name in common}


def evaluate(folder: Path, members: Sequence[Path]) -> dict[str, Any]:
    """Score an ensemble from the run folders of its members; write its own.

    Args:
        folder: Of the ensemble.
        members: Run folders of finished trainings, in the same evaluation.

    Returns:
        The metadata of its folder: ``metrics`` on test, and ``members``.

    Raises:
        UserError: If the members do not go together, or one is damaged.
    """
    if not members:
        raise UserError("an ensemble must have a member that was trained, got none")
    known = [run_folder.read_metadata(member) for member in members]
    pairs = zip(members, known, strict=True)
    arrays = [run_folder.read_arrays(member, told) for member, told in pairs]
    first = arrays[0].targets
    if any(not _same(first, other.targets) for other in arrays):
        raise UserError("members of an ensemble must be scored on the same rows, but are not")
    workload, facts = workloads.get(known[0]["workload"]), known[0]["facts"]
    output = mean([each.predictions for each in arrays])
    scored = score(workload, output, first, {**run_folder.scalers(members[0]), **facts})
    folder.mkdir(parents=True, exist_ok=True)
    run_folder.write_ids(folder, run_folder.read_ids(members[0]))
    told = {"workload": workload.space.name, "facts": facts, "metrics": scored.metrics}
    told |= {"members": ["/".join(member.parts[-2:]) for member in members]}
    told |= run_folder.write_arrays(folder, scored)
    records.write_json(folder / run_folder.METADATA, told)
    return run_folder.read_metadata(folder)


def of_seeds(directory: Path, label: str, runs: Sequence[Mapping[str, Any]]) -> Any:
    """Score the ensemble of one configuration over its seeds.

    Args:
        directory: Of the evaluation.
        label: The configuration.
        runs: The metadata of its run folders, one a seed.

    Returns:
        The metrics on test; None for fewer than two members.
    """
    numbers = [number for number, run in enumerate(runs) if "metrics" in run]
    if len(numbers) < 2:
        return None
    members = [directory / label / f"seed-{number}" for number in numbers]
    return evaluate(directory / label / "all-seeds", members)["metrics"]


def of_configurations(
    directory: Path, scores: Mapping[str, Sequence[Mapping[str, Any]]]
) -> list[Mapping[str, Any]]:
    """Score the ensemble of several configurations, seed by seed.

    Args:
        directory: Of the evaluation.
        scores: The metadata of every configuration's run folders, one a seed.

    Returns:
        The metadata of the ensemble's run folders, one a seed, or ``failed`` with the reason;
        none for a single configuration.
    """
    if len(scores) < 2:
        return []
    found: list[Mapping[str, Any]] = []
    for number, runs in enumerate(zip(*scores.values(), strict=True)):
        name = f"seed-{number}"
        trained = [label for label, run in zip(scores, runs, strict=True) if "metrics" in run]
        members = [directory / label / name for label in trained]
        try:
            found.append(evaluate(directory / "ensemble" / name, members))
        except UserError as error:
            found.append({"failed": str(error)})
    return found


def _same(ours: Columns, theirs: Columns) -> bool:
    return ours.keys() == theirs.keys() and all(
        np.array_equal(value.numpy(), theirs[name].numpy(), equal_nan=True)
        for name, value in ours.items()
    )


def _mean(predictions: Sequence[Tensor]) -> Tensor:
    total = torch.zeros_like(predictions[0], dtype=torch.float64)
    for prediction in predictions:
        total += prediction
    return (total / len(predictions)).to(predictions[0].dtype)
