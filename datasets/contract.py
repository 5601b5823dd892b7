"""What every data set returns: columns in memory, the rows of each part, and constants."""

from collections.abc import Mapping
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
    """

    columns: Mapping[str, Tensor]
    rows: Tensor

    def __len__(self) -> int:
        """Count the rows of this part."""
        return len(self.rows)

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
    """

    train: Part
    validation: Part
    facts: Mapping[str, Any] = field(default_factory=dict)
    record: Mapping[str, Any] = field(default_factory=dict)
