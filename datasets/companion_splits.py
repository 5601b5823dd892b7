"""Which samples of a ``companion_*`` data set are for training, validation and test.

n samples.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray

from datasets.companion_table import PARTS, Table
from datasets.contract import DataFormatError

Rows = NDArray[np.int64]

SEED = 42
HELD_OUT = 0.1  # of the groups, for validation and for test each


@dataclass(frozen=True)
class Split:
    """Rows of each part."""

    train: Rows
    validation: Rows
    test: Rows


def shuffled(num_samples: int, kind: str, val_fraction: float) -> Split:
    """Deal samples that know no groups to training and validation.

    Args:
        num_samples: n.
        kind: ``honest``, shuffled by NumPy, or ``source``, as published, by torch.
        val_fraction: Share of the validation part.

    Returns:
        The split, without a test part.

    Raises:
        ValueError: If ``kind`` is unknown, or a part would be empty.
    """
    if kind == "honest":
        order = np.random.RandomState(SEED).permutation(num_samples)
    elif kind == "source":
        generator = torch.Generator().manual_seed(SEED)
        order = torch.randperm(num_samples, generator=generator).numpy()
    else:
        raise ValueError(f"split must be honest or source, got {kind}")
    num_train = round((1 - val_fraction) * num_samples)
    if not 0 < num_train < num_samples:
        raise ValueError(f"val_fraction must leave rows for both parts, got {val_fraction}")
    return Split(order[:num_train], order[num_train:], np.empty(0, np.int64))


def by_group(group: Rows, val_fraction: float = HELD_OUT) -> Split:
    """Deal whole groups, so that no group lies on two sides.

    Args:
        group: Number of each sample's group. Shape ``[n]``.
        val_fraction: Share of the groups for validation; a tenth is for test.

    Returns:
        The split.

    Raises:
        ValueError: If a part would be empty.
    """
    names = np.unique(group)
    order = names[np.random.RandomState(SEED).permutation(len(names))]
    num_test = max(1, round(HELD_OUT * len(names)))
    num_validation = max(1, round(val_fraction * len(names)))
    num_train = len(names) - num_validation - num_test
    if num_train < 1 or val_fraction <= 0:
        raise ValueError(f"val_fraction must leave groups for every part, got {val_fraction}")
    dealt = np.split(order, [num_train, num_train + num_validation])
    return Split(*(np.flatnonzero(np.isin(group, part)) for part in dealt))


def with_parts(table: Table, rows: Sequence[Mapping[str, str]], source: str) -> Table:
    """Take the part of every sample from the row that lists its file.

    Args:
        table: Samples whose group is the number of a row.
        rows: With ``split`` and ``midi_filename``.
        source: Name of their file, for the message.

    Returns:
        The samples with their parts.

    Raises:
        DataFormatError: If a split has another name.
    """
    for row in rows:
        if row["split"] not in PARTS:
            raise DataFormatError(
                f"split must be one of {', '.join(PARTS)}, got '{row['split']}' for "
                f"{row['midi_filename']} in {source}"
            )
    parts = np.array([PARTS.index(row["split"]) for row in rows], np.int64)
    return replace(table, part=parts[table.groups()])


def official(part: Rows, source: str) -> Split:
    """Take the split that the data come with.

    Args:
        part: Index in ``PARTS`` of each sample. Shape ``[n]``.
        source: Name of the directory, for the message.

    Returns:
        The split.

    Raises:
        DataFormatError: If a part is empty.
    """
    rows = [np.flatnonzero(part == index) for index in range(len(PARTS))]
    counts = [len(found) for found in rows]
    if min(counts) == 0:
        raise DataFormatError(
            f"the split column must give samples of {', '.join(PARTS)}, got {counts} in {source}"
        )
    return Split(*rows)
