"""Loading of the five ``companion_*`` workloads; each states what it is as a ``Task``.

n samples, N inputs and M outputs of the network.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.random import Generator
from torch import Tensor

from datasets import cache, companion_splits, companion_table
from datasets.companion_splits import Split
from datasets.companion_table import Rules, Table
from datasets.contract import Data, Part

VERSION = 1  # of what the readers make of a file
SIZES = {False: 10_000, True: 2_000}  # by quick
TEST_SIZE = 2_000
TEST_SEED = 100  # above the data's own
VAL_FRACTION = 0.2


@dataclass(frozen=True)
class Task:
    """One of the five workloads.

    Attributes:
        name: Without ``companion_``; also the name of the user's ``.npz``.
        rules: Widths and ranges of its samples.
        seed: Of the embedded data.
        generate: Makes a number of embedded samples.
        read: Reads the public data set in its own layout from a directory.
    """

    name: str
    rules: Rules
    seed: int
    generate: Callable[[Generator, int], Table]
    read: Callable[[Path], Table]


def load(
    task: Task,
    root: Path | None = None,
    *,
    split: str = "honest",
    val_fraction: float | None = None,
    quick: bool = False,
    seed: int | None = None,
) -> Data:
    """Load the training and validation part.

    Args:
        task: The workload.
        root: Directory of the user's files; without it, the embedded data.
        split: Embedded: ``honest``, or ``source`` as published, which has no test part.
        val_fraction: Share of the validation part: .2 of the embedded samples, .1 of the groups
            of other data, unless they come with a split.
        quick: Embedded: 2,000 samples instead of 10,000.
        seed: Embedded: of the data set; 42 to 46, by workload.

    Returns:
        Columns ``inputs`` ``[n, N]`` and ``target`` ``[n, M]``, float32.
    """
    if root is None:
        table = _generate(task, seed, SIZES[quick])
        share = VAL_FRACTION if val_fraction is None else val_fraction
        parts = companion_splits.shuffled(len(table.inputs), split, share)
    else:
        _reject(root, {"split": split != "honest", "quick": quick, "seed": seed is not None})
        table = _read(task, root)
        parts = _deal(table, root, val_fraction)
    columns = _columns(table)
    return Data(
        train=Part(columns, torch.from_numpy(parts.train)),
        validation=Part(columns, torch.from_numpy(parts.validation)),
        record={
            "source": "embedded" if root is None else str(root),
            "split": _split_name(table, root, split),
            "no_test_split": root is None and split == "source",
            **_record(table, parts, columns),
        },
        groups=torch.from_numpy(table.groups()),
    )


def load_test(task: Task, root: Path | None = None, **data: Any) -> Part:
    """Load the test part; only the evaluation may.

    Args:
        task: The workload.
        root: As of ``load``.
        **data: Further keywords of ``load``.

    Returns:
        The columns of ``load``.

    Raises:
        ValueError: If the split has no test part.
    """
    if root is not None:
        table = _read(task, root)
        rows = _deal(table, root, data.get("val_fraction")).test
        return Part(_columns(table), torch.from_numpy(rows))
    if data.get("split") == "source":
        raise ValueError("the published split has no test part; leave out split=source")
    table = _generate(task, data.get("seed"), TEST_SIZE, offset=TEST_SEED)
    return Part(_columns(table), torch.arange(TEST_SIZE))


def _generate(task: Task, seed: int | None, num_samples: int, offset: int = 0) -> Table:
    """Make embedded samples; parts whose seeds differ by an offset share none."""
    chosen = task.seed if seed is None else seed
    return task.generate(np.random.default_rng([chosen + offset, 0]), num_samples)


def _reject(root: Path, given: Mapping[str, bool]) -> None:
    """Reject choices among the embedded data where the user's are read."""
    wrong = [name for name, is_given in given.items() if is_given]
    if wrong:
        raise ValueError(f"the files in {root} fix the data; leave out {', '.join(wrong)}")


def _read(task: Task, root: Path) -> Table:
    """Read the user's files; a directory that has not changed is read once per machine."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    stats = [(str(path.relative_to(root)), path.stat()) for path in files]
    recipe = {
        "version": VERSION,
        "root": str(root),
        "files": [(name, stat.st_size, stat.st_mtime_ns) for name, stat in stats],
    }

    def write(path: Path) -> None:
        ready = root / f"{task.name}.npz"
        table = companion_table.read_npz(ready) if ready.is_file() else task.read(root)
        companion_table.check(table, task.rules, ready.name if ready.is_file() else str(root))
        companion_table.write(path, table)

    return companion_table.map_file(cache.prepared(f"companion_{task.name}", recipe, write))


def _deal(table: Table, root: Path, val_fraction: float | None) -> Split:
    """Take the split that the files come with, else deal their groups."""
    if table.part is None:
        share = companion_splits.HELD_OUT if val_fraction is None else val_fraction
        return companion_splits.by_group(table.groups(), share)
    _reject(root, {"val_fraction": val_fraction is not None})
    return companion_splits.official(table.part, str(root))


def _split_name(table: Table, root: Path | None, split: str) -> str:
    if root is None:
        return split
    return "by group" if table.part is None else "official"


def _columns(table: Table) -> dict[str, Tensor]:
    columns = {"inputs": table.inputs, "target": table.target}
    return {
        name: torch.from_numpy(np.asarray(values, np.float32)) for name, values in columns.items()
    }


def _record(table: Table, parts: Split, columns: Mapping[str, Tensor]) -> dict[str, Any]:
    """Describe what was loaded."""
    digest = hashlib.sha256()
    for values in (*map(np.asarray, columns.values()), parts.train, parts.validation):
        digest.update(np.ascontiguousarray(values).data)
    left_out = table.left_out
    listed = f"{len(left_out)} of {table.num_items} items left out: {', '.join(left_out[:5])}"
    return {
        "train_rows": len(parts.train),
        "validation_rows": len(parts.validation),
        "groups": len(np.unique(table.groups())),
        "left_out": len(left_out),
        "warnings": [listed] if left_out else [],
        "fingerprint": digest.hexdigest()[:16],
    }
