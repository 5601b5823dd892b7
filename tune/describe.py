"""What a sweep is, as ``sweep.json`` keeps it."""

import dataclasses
import platform
import shlex
import subprocess
import sys
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import tune
from search_spaces.contract import Budget
from tune.arguments import without_password

PACKAGES = ("torch", "numpy", "optuna", "ray")


def describe(
    workload: str, budget: Budget, data: Mapping[str, Any], choices: Mapping[str, Any]
) -> dict[str, Any]:
    """Describe a new sweep.

    Args:
        workload: Its name.
        budget: Trials, epochs and ASHA's settings.
        data: The data set's record, its fingerprint included.
        choices: What the user chose: seed, data root, fixed parameters.

    Returns:
        Plain values for ``sweep.json``.
    """
    arguments = map(without_password, sys.argv[1:])
    return {
        "workload": workload,
        "budget": dataclasses.asdict(budget),
        **choices,
        "data": dict(data),
        "versions": versions(),
        "commit": commit(),
        "command": shlex.join(["python", "-m", "tune.run", *arguments]),
    }


def versions() -> dict[str, str]:
    """Return the versions that decide what a trial computes."""
    ours = {"soundsweep": tune.__version__, "python": platform.python_version()}
    return ours | {name: version(name) for name in PACKAGES}


def commit() -> str | None:
    """Return the commit of the code, ``+`` appended if it was changed since; None outside git."""
    root = Path(__file__).parents[1]
    if not (root / ".git").exists():
        return None
    head = _git(root, "rev-parse", "--short", "HEAD")
    return f"{head}+" if _git(root, "status", "--porcelain", "--untracked-files=no") else head


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
