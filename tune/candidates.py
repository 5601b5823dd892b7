"""What an evaluation trains: the baseline and the best trials, over seeds and choices of data."""

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna.trial import FrozenTrial

from search_spaces.contract import Budget
from tune import table
from tune.choosing import load_record
from tune.conclusions import BASELINE
from tune.errors import UserError
from tune.evaluation import Retraining
from tune.layout import Layout
from tune.seeding import derive
from tune.study import read_trials
from tune.workloads import Space

BASELINE_TRIAL = 0
EVALUATION = 10**6  # keeps these seeds apart from those of any trial
Changes = Mapping[str, Any]


@dataclass(frozen=True)
class Evaluation:
    """All trainings on one choice of data.

    Attributes:
        directory: Takes the run folders and the conclusions.
        jobs: Label and training: the baseline first, then the best trials, each over the seeds.
    """

    directory: Path
    jobs: Sequence[tuple[str, Retraining]]


def variants(space: Space, changes: Changes) -> list[Changes]:
    """Return the choices of data to evaluate on.

    Args:
        space: Names those of the workload.
        changes: What the user fixed with ``--set``.

    Returns:
        Those of the workload's that agree with the user's, with them; else the user's alone.
    """
    agree = [
        each
        for each in space.evaluations
        if all(changes.get(key, value) == value for key, value in each.items())
    ]
    return [{**each, **changes} for each in agree or [{}]]


def plan(space: Space, place: Layout, changes: Changes, options: argparse.Namespace) -> Evaluation:
    """Plan the trainings on one choice of data, after checking the data.

    Args:
        space: The workload's space.
        place: The sweep.
        changes: Values that replace those of the trials.
        options: ``top`` and ``seeds`` of the command line.

    Returns:
        The trainings.

    Raises:
        UserError: If no trial has ended, or the data break a rule or have no test part.
    """
    description, directory = place.describe(), evaluation_directory(place, changes)
    root = None if description["root"] is None else Path(description["root"])
    budget = Budget(**description["budget"])
    jobs = []
    for label, trial in candidates(place, options.top).items():
        config = {**description["fixed"], **trial.params, **changes}
        fingerprint = _fingerprint(space, root, config)
        for number, seed in enumerate(seeds(description, options.seeds)):
            where = (directory / label / f"seed-{number}").resolve()
            job = Retraining(space.name, root, config, budget, seed, fingerprint, where)
            jobs.append((label, job))
    return Evaluation(directory, jobs)


def candidates(place: Layout, top: int) -> dict[str, FrozenTrial]:
    """Choose the baseline and the best trials.

    Args:
        place: The sweep.
        top: How many of the best.

    Returns:
        Trials by label.

    Raises:
        UserError: If no trial has ended without failing.
    """
    trials = read_trials(place.journal)
    ended = table.best(trials, top)
    if not ended:
        raise UserError(f"sweep {place.directory.name} must hold an ended trial, but has none")
    best = [each for each in ended if each.number != BASELINE_TRIAL]
    return {BASELINE: trials[BASELINE_TRIAL]} | {f"trial-{each.number}": each for each in best}


def seeds(description: Mapping[str, Any], count: int) -> list[int]:
    """Return the seeds of the trainings, alike for every configuration of a sweep."""
    return [derive(description["seed"], EVALUATION, number) for number in range(count)]


def evaluation_directory(place: Layout, changes: Changes) -> Path:
    """Return where an evaluation lies: one for each choice of data."""
    words = [f"{key}-{value}" for key, value in changes.items()] or ["as-swept"]
    return place.directory / "evaluation" / re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(words))


def _fingerprint(space: Space, root: Path | None, config: Mapping[str, Any]) -> str:
    record = load_record(space.name, root, config)
    if record.get("no_test_split"):
        raise UserError(
            "an evaluation needs a split with a test part, but this one has none; "
            "choose another with --set data/split=..."
        )
    return str(record["fingerprint"])
