"""Find sweeps of any workload by name, for the verbs that only read."""

from pathlib import Path

from tune.errors import UserError
from tune.layout import Layout, check_contained, check_name

#: What makes a directory a sweep; a new one has the first for a moment before the second.
FILES = ("sweep.json", "study.journal")


def sweeps(results: Path, pattern: str = "*/*") -> list[Layout]:
    """Return the sweeps of every workload, the one worked on last first."""
    found = {path.parent for name in FILES for path in results.glob(f"{pattern}/{name}")}
    return [Layout(directory) for directory in sorted(found, key=_worked_on, reverse=True)]


def find(results: Path, name: str) -> Layout:
    """Find the sweep that a user named.

    Args:
        results: The results directory.
        name: ``<sweep>`` or ``<workload>/<sweep>``.

    Returns:
        Where it lies.

    Raises:
        UserError: If there is none, or several workloads have one.
    """
    workload, slash, sweep = name.rpartition("/")
    pattern = f"{check_name(workload) if slash else '*'}/{check_name(sweep)}"
    found = sweeps(results, pattern)
    if not found:
        known = ", ".join(full_name(place) for place in sweeps(results))
        raise UserError(f"there is no sweep {name} in {results}; known: {known or 'none yet'}")
    if len(found) > 1:
        names = ", ".join(sorted(full_name(place) for place in found))
        raise UserError(f"sweep {name} must be named with its workload, one of {names}")
    check_contained(found[0].directory, results)
    return found[0]


def is_sweep(directory: Path) -> bool:
    """Tell whether a directory is one sweep."""
    return any((directory / name).exists() for name in FILES)


def newest(results: Path) -> Layout:
    """Find the sweep worked on last.

    Args:
        results: The results directory.

    Returns:
        Where it lies.

    Raises:
        UserError: If there is no sweep at all.
    """
    found = sweeps(results)
    if not found:
        raise UserError(f"there is no sweep in {results}; begin one with tune.run")
    check_contained(found[0].directory, results)
    return found[0]


def full_name(place: Layout) -> str:
    """Return ``<workload>/<sweep>``."""
    return f"{place.directory.parent.name}/{place.directory.name}"


def _worked_on(directory: Path) -> float:
    files = (directory / name for name in FILES)
    return max(path.stat().st_mtime for path in files if path.exists())
