"""Where the files of a sweep lie, and how a sweep is named and found."""

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from tune.errors import UserError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
#: What ``sweep.json`` holds that a sweep cannot be resumed without.
SHAPE = {"budget": dict, "seed": int, "root": str | None, "fixed": dict, "data": dict}
OPTUNA_LOCK = "study.journal.lock"  # Optuna makes it as a symbolic link to the journal beside it


@dataclass(frozen=True)
class Layout:
    """The directory of one sweep, ``results/<workload>/<sweep>``."""

    directory: Path

    @property
    def journal(self) -> Path:
        """The study's journal: the only truth about the sweep."""
        return self.directory / "study.journal"

    @property
    def description(self) -> Path:
        """What the sweep is: workload, budget, seed, data, versions."""
        return self.directory / "sweep.json"

    @property
    def trials_csv(self) -> Path:
        """One row a trial."""
        return self.directory / "trials.csv"

    @property
    def best_csv(self) -> Path:
        """The rows of the best trials."""
        return self.directory / "best.csv"

    @property
    def best_json(self) -> Path:
        """The same for programs."""
        return self.directory / "best.json"

    def trial(self, number: int) -> Path:
        """Return the directory of a trial."""
        return self.directory / "trials" / f"{number:05d}"

    def describe(self, needed: Iterable[str] = ("seed", "fixed")) -> dict[str, Any]:
        """Read ``sweep.json``.

        Args:
            needed: What it must hold.

        Returns:
            Its values, as ``tune.describe.describe`` made them.

        Raises:
            UserError: If it is missing or broken; names the file.
        """
        try:
            description: dict[str, Any] = json.loads(self.description.read_text("utf-8"))
            for key in {*needed, *(description.keys() & SHAPE.keys())}:
                if not isinstance(description[key], SHAPE[key]):
                    raise ValueError(f"{key} is {description[key]!r}")
        except FileNotFoundError as error:
            raise UserError(f"{self.directory} must hold a sweep.json, but has none") from error
        except (AttributeError, LookupError, RecursionError, ValueError) as error:
            message = f"{self.description} must be JSON as tune.run wrote it, but cannot be read"
            remedy = "restore it from a copy or start a new sweep"
            raise UserError(f"{message} ({type(error).__name__}: {error}); {remedy}") from error
        return description


def check_name(name: str) -> str:
    """Check that a sweep's name stays inside its directory.

    Args:
        name: The name a user gave.

    Returns:
        The name.

    Raises:
        UserError: If it holds anything but letters, digits, dot, underscore and hyphen.
    """
    if not NAME.fullmatch(name):
        allowed = "letters, digits, '.', '_' and '-' and not begin with a sign"
        raise UserError(f"a sweep's name may hold {allowed}, got '{name}'")
    return name


def check_contained(directory: Path, within: Path) -> None:
    """Check that writing to a sweep changes nothing outside of it: it may come from a stranger.

    Args:
        directory: Of the sweep.
        within: Where it was looked for.

    Raises:
        UserError: If a symbolic link leads out, or if something is neither file nor directory.
    """
    inside = directory.resolve()
    if not inside.is_relative_to(within.resolve()):
        raise UserError(f"{directory} must lie in {within}, but is a link to {inside}")
    for folder, folders, files in os.walk(directory):
        for path in (Path(folder, name) for name in [*folders, *files]):
            _check_entry(path, directory, inside)


def _check_entry(path: Path, directory: Path, inside: Path) -> None:
    if path.is_symlink():
        target = Path(os.path.realpath(path))  # of links in a circle, where Path.resolve raises
        if not target.is_relative_to(inside):
            raise UserError(f"{path} must lie in {directory}, but is a link to {target}")
    known = path.is_file() or path.is_dir() or path.name == OPTUNA_LOCK
    if not known and os.path.lexists(path):  # a running sweep's own files come and go
        raise UserError(f"{path} must be a file or a directory; remove it")


def new_name(results: Path, workload: str) -> str:
    """Return an unused readable name such as ``edc-20261121-1105``, of a workload or a group."""
    stem = f"{workload}-{datetime.now():%Y%m%d-%H%M}"
    taken = {path.name for path in results.glob(f"*/{stem}*")}
    suffixes = ["", *(f"-{count}" for count in range(2, len(taken) + 2))]
    return next(stem + suffix for suffix in suffixes if stem + suffix not in taken)


def sweeps(results: Path, workload: str) -> Iterator[Layout]:
    """Yield the sweeps of a workload, the one worked on last first."""
    found = [path.parent for path in (results / workload).glob("*/study.journal")]
    found.sort(key=lambda path: (path / "study.journal").stat().st_mtime, reverse=True)
    yield from map(Layout, found)


def find(results: Path, workload: str, name: str) -> Layout:
    """Find the sweep of that name.

    Args:
        results: The results directory.
        workload: Whose sweep it must be.
        name: The sweep's name.

    Returns:
        Where it lies.

    Raises:
        UserError: If there is none, or it belongs to another workload.
    """
    layout = Layout(results / workload / check_name(name))
    if layout.journal.exists():
        check_contained(layout.directory, results)
        return layout
    elsewhere = [path.parent.parent.name for path in results.glob(f"*/{name}/study.journal")]
    if elsewhere:
        hint = f"it was made for {elsewhere[0]}: python -m tune.run {elsewhere[0]} --resume {name}"
    else:
        known = ", ".join(layout.directory.name for layout in sweeps(results, workload))
        hint = f"known sweeps: {known or 'none yet'}"
    raise UserError(f"there is no sweep {name} of {workload} in {results}; {hint}")


def choose(results: Path, workload: str, name: str | None) -> Layout:
    """Find a sweep by name, or the newest one.

    Args:
        results: The results directory.
        workload: Whose sweep it must be.
        name: The sweep's name, or None for the one worked on last.

    Returns:
        Where it lies.

    Raises:
        UserError: If there is none.
    """
    if name:
        return find(results, workload, name)
    newest = next(sweeps(results, workload), None)
    if newest is None:
        raise UserError(f"there is no sweep of {workload} in {results}; begin one with tune.run")
    check_contained(newest.directory, results)
    return newest


def check_writable(results: Path) -> None:
    """Check that results can be written, before anything is computed.

    Args:
        results: A directory, which need not exist yet.

    Raises:
        UserError: If the directory, or the nearest existing one above it, is read-only.
    """
    existing = next(path for path in (results, *results.parents) if path.exists())
    if not existing.is_dir():
        raise UserError(f"results must be a directory, but {existing} is a file")
    probe = existing / f".probe-{os.getpid()}"
    try:
        probe.touch()
        probe.unlink()
    except OSError as error:
        message = f"results directory {results} must be writable, got: {error.strerror}"
        raise UserError(f"{message}; choose another with --results") from error
