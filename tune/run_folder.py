"""The folder of one scored training; its metrics can be computed again from its arrays alone.

``metadata.json`` is written last, so a folder that has it is whole. It says where the arrays are:
``predictions.npy`` and ``targets.npy`` are what the metrics read first, ``<name>_predictions.npy``
and ``<name>_targets.npy`` whatever else they read.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from datasets import damage
from tune import records, workloads
from tune.errors import UserError
from tune.scoring import Scored, score
from tune.workloads import Space

METADATA = "metadata.json"
TEST_IDS = "test_ids.txt"
SCALERS = "scalers.npz"
BEST = "checkpoints/best.pt"
HISTORY = "history.csv"
KINDS = ("predictions", "targets")
#: What metrics raise for arrays of another shape, or of another workload.
MISFITS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)


@dataclass(frozen=True)
class Arrays:
    """Predictions and truth of one run, by name; mapped into memory, not read."""

    predictions: dict[str, Tensor]
    targets: dict[str, Tensor]


def write_arrays(folder: Path, scored: Scored) -> dict[str, dict[str, str]]:
    """Write what the metrics were computed from.

    Args:
        folder: The run's folder.
        scored: Its predictions and targets.

    Returns:
        File names by column, under ``predictions`` and ``targets``; a part of the metadata.
    """
    written: dict[str, dict[str, str]] = {}
    for kind in KINDS:
        columns: dict[str, Tensor] = getattr(scored, kind)
        main = next(iter(columns), None)
        written[kind] = {
            name: f"{kind}.npy" if name == main else f"{name}_{kind}.npy" for name in columns
        }
        for name, file in written[kind].items():
            np.save(folder / file, columns[name].numpy(), allow_pickle=False)
    return written


def write_scalers(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write the facts of the data that are arrays: the scalers, fitted on training rows."""
    scalers = {name: value for name, value in facts.items() if isinstance(value, Tensor)}
    with (folder / SCALERS).open("wb") as file:
        np.savez(file, allow_pickle=False, **{name: s.numpy() for name, s in scalers.items()})


def write_ids(folder: Path, ids: Sequence[str]) -> None:
    """Write what the data call the rows of the arrays, one a line."""
    records.write_text(folder / TEST_IDS, "".join(f"{name}\n" for name in ids))


def read_ids(folder: Path) -> list[str]:
    """Read what the data call the rows of the arrays."""
    return (folder / TEST_IDS).read_text("utf-8").splitlines()


def read_metadata(folder: Path) -> dict[str, Any]:
    """Read what a run says of itself.

    Args:
        folder: The run's folder.

    Returns:
        Its values; empty without a file.

    Raises:
        UserError: If the file is malformed.
    """
    path = folder / METADATA
    if not path.exists():
        return {}
    try:
        metadata = json.loads(path.read_text("utf-8"))
    except (RecursionError, ValueError) as error:
        raise UserError(f"{METADATA} must be JSON, but cannot be read ({error})") from error
    if not isinstance(metadata, dict):
        raise UserError(f"{METADATA} must hold an object, got {type(metadata).__name__}")
    return metadata


def complete(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Add to the metadata what a run of an older project does not say.

    Args:
        metadata: Of the run; may be empty.

    Returns:
        The metadata with ``workload``, ``predictions``, ``targets`` and ``facts``.

    Raises:
        UserError: If it names an unknown workload, or none where several could be meant; or if
            it does not say where its arrays are.
    """
    space = _space(metadata)
    whole = {"workload": space.name, **(space.older_runs or {}), **metadata}
    for key in (*KINDS, "facts"):
        if not isinstance(whole.get(key), dict):
            raise UserError(f"{METADATA} must hold an object {key}, but has none")
    return whole


def _space(metadata: Mapping[str, Any]) -> Space:
    if "workload" in metadata:
        return workloads.space(str(metadata["workload"]))
    spaces = [workloads.space(name) for name in workloads.NAMES]
    older = [space for space in spaces if space.older_runs is not None]
    if len(older) != 1:
        names = ", ".join(workloads.NAMES)
        raise UserError(f"{METADATA} must name its workload, one of {names}, but does not")
    return older[0]


def read_arrays(folder: Path, metadata: Mapping[str, Any]) -> Arrays:
    """Open the arrays of a run.

    Args:
        folder: The run's folder.
        metadata: Says which arrays there are.

    Returns:
        The arrays.

    Raises:
        UserError: If one is missing, is no array of numbers, or has another number of rows.
    """
    found = [
        {name: _array(folder / str(file)) for name, file in metadata[kind].items()}
        for kind in KINDS
    ]
    sizes = {len(array) for columns in found for array in columns.values()}
    if len(sizes) != 1 or 0 in sizes:
        told = ", ".join(map(str, sorted(sizes))) or "no array"
        raise UserError(f"predictions and targets must have as many rows each, got {told}")
    return Arrays(*found)


def _array(path: Path) -> Tensor:
    try:
        array = np.load(path, mmap_mode="c", allow_pickle=False)
    except FileNotFoundError as error:
        raise UserError(f"no {path.name}") from error
    except damage.ARRAYS as error:
        what = str(error).partition("\n")[0]
        raise UserError(f"{path.name} must be an array, but cannot be read ({what})") from error
    if array.dtype.kind not in "fiub" or array.ndim == 0:
        raise UserError(f"{path.name} must hold rows of real numbers, got {array.dtype}")
    return torch.from_numpy(array)


def rescore(folder: Path, metadata: Mapping[str, Any]) -> Scored:
    """Compute the metrics of a run from its arrays.

    Args:
        folder: The run's folder.
        metadata: Of the run, completed.

    Returns:
        The metrics.

    Raises:
        UserError: If the arrays are missing, broken or not of this workload.
    """
    arrays = read_arrays(folder, metadata)
    workload = workloads.get(metadata["workload"])
    facts = {**scalers(folder), **metadata["facts"]}
    try:
        return score(workload, arrays.predictions, arrays.targets, facts)
    except MISFITS as error:
        what = str(error).partition("\n")[0]
        raise UserError(f"the arrays must be those of {workload.space.name}: {what}") from error


def scalers(folder: Path) -> dict[str, Tensor]:
    """Read the scalers of a run.

    Args:
        folder: The run's folder.

    Returns:
        Arrays by name; none where there is no file of them.

    Raises:
        UserError: If the file is damaged.
    """
    path = folder / SCALERS
    if not path.exists():
        return {}
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            return {name: torch.from_numpy(file[name]) for name in file.files}
    except damage.ARRAYS as error:
        what = str(error).partition("\n")[0]
        raise UserError(f"{SCALERS} must hold arrays, but cannot be read ({what})") from error


def find(directory: Path) -> Sequence[Path]:
    """Return every folder below a directory that holds a run, or what is left of one."""
    marks = (METADATA, "predictions.npy", "targets.npy", "checkpoints")
    return sorted({path.parent for mark in marks for path in directory.rglob(mark)})
