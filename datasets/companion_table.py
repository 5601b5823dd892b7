"""The samples of a ``companion_*`` data set: rules, ``.npz`` files of the user, and the cache.

n samples, N inputs and M outputs of the network.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from datasets import damage
from datasets.companion_latent import Array
from datasets.contract import DataFormatError
from datasets.frequency_filter_files import read_arrays

PARTS = ("train", "validation", "test")
FEWEST_SAMPLES = 50
FEWEST_GROUPS = 5
SUM_TOLERANCE = 1e-3
SCALE_HINT = "values on the 1..9 scale are mapped only from the official DEAM file"


@dataclass(frozen=True)
class Table:
    """Samples, and where they come from.

    Attributes:
        inputs: Shape ``[n, N]``.
        target: Shape ``[n, M]``.
        group: Number of each sample's song, file or performance; no group straddles a split.
            Shape ``[n]``. None where every sample is a group of its own.
        part: Index in ``PARTS`` of each sample, where an official split exists. Shape ``[n]``.
        num_items: Files or entries that the samples were sought in.
        left_out: Those that could not be used, each with the reason.
    """

    inputs: Array
    target: Array
    group: NDArray[np.int64] | None = None
    part: NDArray[np.int64] | None = None
    num_items: int = 0
    left_out: Sequence[str] = ()

    def groups(self) -> NDArray[np.int64]:
        """Number the group of every sample. Shape ``[n]``."""
        return np.arange(len(self.inputs)) if self.group is None else self.group


@dataclass(frozen=True)
class Rules:
    """What must hold of the samples of a workload.

    Attributes:
        num_inputs: N.
        num_outputs: M.
        bounds: Lowest and highest target.
        sums_to_one: Whether every target is a distribution.
    """

    num_inputs: int
    num_outputs: int
    bounds: tuple[int, int]
    sums_to_one: bool = False


def read_npz(path: Path) -> Table:
    """Read ready samples: ``X``, ``y`` and optionally ``group``, numbers or names.

    Args:
        path: The archive.

    Returns:
        The samples, not checked yet but for being finite.
    """
    arrays = read_arrays(path, ["X", "y"])
    try:
        with np.load(path, allow_pickle=False) as archive:
            named = archive["group"] if "group" in archive.files else None
    except damage.ARRAYS as error:
        what = str(error).partition("\n")[0]
        raise DataFormatError(f"group must be an array in {path.name}: {what}") from error
    group = None if named is None else np.unique(named, return_inverse=True)[1].astype(np.int64)
    return Table(arrays["X"], arrays["y"], group, num_items=len(arrays["X"]))


def check(table: Table, rules: Rules, source: str) -> None:
    """Check samples against the rules of their workload.

    Args:
        table: The samples.
        rules: What must hold.
        source: Name of the file or directory that they come from, for the message.

    Raises:
        DataFormatError: If a rule is broken; names the array, and its shape or first row.
    """
    _check_shapes(table, rules, source)
    _check_targets(np.asarray(table.target), rules, source)
    num_samples, num_groups = len(table.inputs), len(np.unique(table.groups()))
    if num_samples < FEWEST_SAMPLES or num_groups < FEWEST_GROUPS:
        raise DataFormatError(
            f"{source} must give {FEWEST_SAMPLES} samples in {FEWEST_GROUPS} groups or more, got "
            f"{num_samples} samples in {num_groups} groups"
        )


def _check_shapes(table: Table, rules: Rules, source: str) -> None:
    shapes = {"X": (table.inputs, rules.num_inputs), "y": (table.target, rules.num_outputs)}
    for name, (array, width) in shapes.items():
        if array.ndim != 2 or array.shape[1] != width:
            raise DataFormatError(
                f"{name} must have shape (n, {width}), got {array.shape} in {source}"
            )
    lengths = {len(table.inputs), len(table.target), len(table.groups())}
    if len(lengths) > 1:
        raise DataFormatError(
            f"X, y and group must have as many rows, got {len(table.inputs)}, "
            f"{len(table.target)} and {len(table.groups())} in {source}"
        )


def _check_targets(target: Array, rules: Rules, source: str) -> None:
    lowest, highest = rules.bounds
    outside = np.argwhere((target < lowest) | (target > highest))
    if len(outside):
        row, column = outside[0]
        hint = f" ({SCALE_HINT})" if lowest < 0 else ""
        raise DataFormatError(
            f"y must lie in {lowest}..{highest}, got {target[row, column]:g} at row {row} of "
            f"{source}{hint}"
        )
    totals = target.sum(axis=1, dtype=np.float64)
    wrong = np.flatnonzero(np.abs(totals - 1) > SUM_TOLERANCE)
    if rules.sums_to_one and len(wrong):
        raise DataFormatError(
            f"y must sum to 1 within {SUM_TOLERANCE}, got {totals[wrong[0]]:g} at row {wrong[0]} "
            f"of {source}"
        )


def write(path: Path, table: Table) -> None:
    """Write samples as HDF5, every array in one piece.

    Args:
        path: File to write.
        table: The samples.
    """
    with h5py.File(path, "w") as file:
        file["inputs"] = np.asarray(table.inputs, np.float32)
        file["target"] = np.asarray(table.target, np.float32)
        file["group"] = table.groups()
        if table.part is not None:
            file["part"] = table.part
        file.attrs["num_items"] = table.num_items
        file.attrs["left_out"] = json.dumps(list(table.left_out))


def map_file(path: Path) -> Table:
    """Open a file made by ``write``; inputs and targets stay on disk until they are touched."""
    with h5py.File(path) as file:
        inputs, target = (
            # copy-on-write, since torch warns of read-only memory
            np.memmap(path, np.float32, "c", file[name].id.get_offset(), file[name].shape)
            for name in ("inputs", "target")
        )
        return Table(
            inputs,
            target,
            group=file["group"][:],
            part=file["part"][:] if "part" in file else None,
            num_items=int(file.attrs["num_items"]),
            left_out=json.loads(file.attrs["left_out"]),
        )
