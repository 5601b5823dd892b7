"""What every data set returns: columns in memory, the rows of each part, and constants."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

Batch = dict[str, Tensor]


class DataFormatError(ValueError):
    """A data file breaks a rule; the message names what, where and how to mend it."""


@dataclass(frozen=True)
class Part:
    """Some rows of a table whose columns share their first axis.

    The columns may be memory-mapped and are shared between the parts of one data set; a part is
    only an index into them.

    Attributes:
        columns: Tensors ``[N, ...]`` by name. ``inputs`` is what the model sees.
        rows: The rows of this part. Shape ``[n]``, int64.
        ids: What the data call each of the N rows, or nothing.
    """

    columns: Mapping[str, Tensor]
    rows: Tensor
    ids: Sequence[str] = ()

    def __len__(self) -> int:
        """Count the rows of this part."""
        return len(self.rows)

    def names(self) -> list[str]:
        """Return the name of every row of this part; its number where the data give none."""
        return [self.ids[row] if self.ids else str(row) for row in self.rows.tolist()]

    def batch(self, index: Tensor) -> Batch:
        """Gather the rows ``self.rows[index]`` of every column.

        Args:
            index: Positions within this part. Shape ``[B]``, int64.

        Returns:
            The columns by name, each of shape ``[B, ...]``.
        """
        rows = self.rows[index]
        return {name: torch.index_select(column, 0, rows) for name, column in self.columns.items()}


@dataclass(frozen=True)
class Data:
    """Training and validation part of a workload; the test part comes from ``load_test``.

    Attributes:
        train: Rows to learn from.
        validation: Rows that rank the trials.
        facts: What the data tell the model, e.g. ``num_samples`` or a scaler. ``build``, ``loss``,
            ``derive`` and ``metrics`` receive those facts that they name as a keyword.
        record: Plain values for ``sweep.json``: ``source``, ``split``, counts, warnings, and
            ``fingerprint``, which changes whenever the data do.
        groups: Number of each row's group, shape ``[N]``, int64: folds never divide a group, such
            as a room or a song, and leave out rows below 0. Without it, every row is its own.
        fit: Those ``facts`` that are fitted on training rows, fitted on the rows given instead.
    """

    train: Part
    validation: Part
    facts: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
    groups: Tensor | None = None
    fit: Callable[[Tensor], Mapping[str, Any]] | None = None
