"""Which sweep a command line means: a new one, checked, or an earlier one, still the same."""

import argparse
import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from search_spaces.contract import Budget
from tune import data, layout, records, remote, workloads
from tune.arguments import SAMPLERS
from tune.database import Database, point
from tune.describe import describe
from tune.errors import UserError
from tune.fixing import as_fixed, check_fixed
from tune.layout import Layout
from tune.study import Study, read_trials
from tune.sweep import Sweep
from tune.workloads import Space

FOLDS = "train/folds"


@dataclasses.dataclass(frozen=True)
class Choice:
    """A sweep as the user asked for it: where it lies, and what ``sweep.json`` says of it."""

    layout: Layout
    description: dict[str, Any]

    @property
    def budget(self) -> Budget:
        """The sweep's budget."""
        return Budget(**self.description["budget"])

    @property
    def root(self) -> Path | None:
        """The user's data."""
        root = self.description["root"]
        return None if root is None else Path(root)


def begin(space: Space, options: argparse.Namespace) -> Choice:
    """Describe a new sweep, after checking its name, its directory and its data."""
    layout.check_writable(options.results)
    name = layout.check_name(options.name or layout.new_name(options.results, space.name))
    place = Layout(options.results / space.name / name)
    if place.journal.exists():
        again = f"python -m tune.run {space.name} --resume {name}"
        raise UserError(f"sweep {name} exists already; continue it with: {again}")
    fixed = as_fixed(space, options.set)
    if options.folds:
        fixed |= {FOLDS: options.folds}
    check_fixed(workloads.get(space.name), fixed)
    root = options.data.resolve() if options.data else None
    if options.storage:
        remote.check_new(options.storage, place)
    if options.study:
        _database(place, options.study).check_new()
    choices = {
        "seed": options.seed or 0,
        "root": None if root is None else str(root),
        "fixed": fixed,
        "study": options.study,
        "sampler": options.sampler or SAMPLERS[0],
    }
    record = load_record(space.name, root, fixed)
    return Choice(place, describe(space.name, _budget(space, options), record, choices))


def _budget(space: Space, options: argparse.Namespace) -> Budget:
    return dataclasses.replace(
        space.budget,
        trials=options.trials or space.budget.trials,
        epochs=options.epochs or space.budget.epochs,
        patience=options.patience or space.budget.patience,
    )


def _database(place: Layout, url: str) -> Database:
    return Database(url, f"{place.directory.parent.name}/{place.directory.name}")


def resume(space: Space, options: argparse.Namespace) -> Choice:
    """Take up an earlier sweep, after checking that it is still the same one."""
    if options.resume and options.storage:
        place = Layout(options.results / space.name / layout.check_name(options.resume))
        remote.bring_back(options.storage, place, options.results)
    if options.resume:
        place = layout.find(options.results, space.name, options.resume)
    else:
        place = newest_unfinished(options.results, space)
    layout.check_contained(place.directory, options.results)
    layout.check_writable(place.directory)
    description = place.describe(needed=layout.SHAPE)
    _check_unchanged(space, options, description)
    record = load_record(space.name, Choice(place, description).root, description["fixed"])
    if record["fingerprint"] != description["data"]["fingerprint"]:
        raise UserError(
            f"the data of sweep {place.directory.name} must not change, but its fingerprint is "
            f"now {record['fingerprint']}, not {description['data']['fingerprint']}; "
            f"restore the data or start a new sweep"
        )
    if options.trials:
        description["budget"]["trials"] = options.trials
    return Choice(place, description)


def newest_unfinished(results: Path, space: Space) -> Layout:
    """Find the sweep to resume when none is named.

    Args:
        results: The results directory.
        space: The workload's space.

    Returns:
        The one worked on last among those with fewer ended trials than asked.

    Raises:
        UserError: If none is unfinished.
    """
    for place in layout.sweeps(results, space.name):
        if is_unfinished(place):
            return place
    raise UserError(
        f"there is no unfinished sweep of {space.name} in {results}; "
        f"extend one with --resume NAME --trials N"
    )


def is_unfinished(place: Layout) -> bool:
    """Tell whether fewer trials of a sweep have ended than were asked for."""
    ended = [trial for trial in read_trials(place.journal) if trial.state.is_finished()]
    return len(ended) < int(place.describe()["budget"]["trials"])


def _check_unchanged(
    space: Space, options: argparse.Namespace, description: Mapping[str, Any]
) -> None:
    """Refuse options that would make trials of one sweep incomparable."""
    budget, fixed = description["budget"], description["fixed"]
    root = str(options.data.resolve()) if options.data else None
    compared = {
        "--seed": (options.seed, description["seed"]),
        "--epochs": (options.epochs, budget["epochs"]),
        "--patience": (options.patience, budget["patience"]),
        "--data": (root, description["root"]),
        "--folds": (options.folds, fixed.get(FOLDS, "none")),
        "--study": (options.study, description.get("study") or "a journal"),
        "--sampler": (options.sampler, description.get("sampler", SAMPLERS[0])),
    }
    for key, value in as_fixed(space, options.set).items():
        compared[f"--set {key}"] = (value, fixed.get(key, "not fixed"))
    for option, (given, kept) in compared.items():
        if given is not None and given != kept:
            raise UserError(
                f"{option} of a sweep cannot change, it is {kept}, got {given}; "
                f"leave the option out or start a new sweep"
            )


def load_record(name: str, root: Path | None, fixed: Mapping[str, Any]) -> Mapping[str, Any]:
    """Validate and prepare the data; return their record.

    Args:
        name: The workload.
        root: The user's data, or None.
        fixed: Values by ``<group>/<argument>``.

    Returns:
        The record of the data.

    Raises:
        UserError: If the data or an argument of ``data/`` break a rule.
    """
    try:
        return data.record(name, root, fixed)
    except ValueError as error:
        raise UserError(str(error)) from error
    except TypeError as error:
        if "unexpected keyword" not in str(error):
            raise
        raise UserError(f"--set data/... must name a keyword of the data: {error}") from error


def opened(space: Space, choice: Choice) -> Sweep:
    """Begin a sweep on disk, or take it up again.

    Args:
        space: The workload's space.
        choice: The sweep; the caller holds its lock.

    Returns:
        The sweep.

    Raises:
        UserError: If the space has changed under it.
    """
    place, description = choice.layout, choice.description
    if not place.journal.exists():  # the journal makes a sweep; before it, all it needs to resume
        records.write_json(place.description, description)
        if description.get("study"):
            point(place.journal, _database(place, description["study"]))
    sampler = description.get("sampler", SAMPLERS[0])
    study = Study(place.journal, space, description["seed"], description["fixed"], sampler)
    study.check_compatible()
    records.write_json(place.description, description)
    return Sweep(place, study, description)
