"""Metrics of predictions, and what they are computed from, so that they can be computed again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from tune.predictor import Output
from tune.routing import named
from tune.workloads import Workload

BARE = ""  # name of the one output of a model that returns a tensor


class Columns(dict[str, Tensor]):
    """Columns that note which of them are read."""

    def __init__(self, columns: Mapping[str, Tensor]) -> None:
        """Hold ``columns``, none of them read yet."""
        super().__init__(columns)
        self.read: dict[str, None] = {}

    def __getitem__(self, name: str) -> Tensor:
        """Return a column, and note it."""
        self.read[name] = None
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """Return a column, and note it; the default where there is none."""
        return self[name] if name in self else default  # noqa: SIM401  this is it


@dataclass(frozen=True)
class Scored:
    """Metrics, and the columns that they need: the main one first, in order of reading.

    Attributes:
        metrics: By name.
        predictions: Outputs that the metrics read, by name; ``BARE`` of a model with only one.
        targets: Columns of the data that the metrics read, directly or to derive others.
    """

    metrics: dict[str, float]
    predictions: dict[str, Tensor]
    targets: dict[str, Tensor]


def score(
    workload: Workload,
    output: Output,
    batch: Mapping[str, Tensor],
    facts: Mapping[str, Any],
) -> Scored:
    """Compute the workload's metrics over a whole part.

    Args:
        workload: Whose metrics.
        output: Of the model, for all rows; a tensor may come under the name ``BARE``.
        batch: Columns of the data for all rows, without derived ones.
        facts: What ``derive`` and ``metrics`` may name as a keyword.

    Returns:
        The metrics and what they were computed from.
    """
    given = Columns(batch)
    derived = {}
    if workload.derive is not None:
        derived = workload.derive(given, **named(workload.derive, facts))
    everything = Columns({**batch, **derived})
    outputs = Columns(as_columns(output))
    said: Output = outputs.get(BARE, outputs)
    metrics = workload.metrics(said, everything, **named(workload.metrics, facts))
    targets = [name for name in (everything.read | given.read) if name in batch]
    return Scored(
        {name: float(value) for name, value in metrics.items()},
        {name: outputs[name] for name in list(outputs.read)},
        {name: batch[name] for name in targets},
    )


def as_columns(output: Output) -> dict[str, Tensor]:
    """Return a model's outputs by name."""
    return output if isinstance(output, dict) else {BARE: output}
