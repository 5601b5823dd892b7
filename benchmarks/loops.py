"""Training loops as one would write them by hand, to compare ``Training`` with.

Both train the same model on the same rows: ``indexed`` gathers a batch from tensors at once,
``loaded`` goes through a ``DataLoader`` row by row, as the original training scripts do.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from datasets.contract import Batch, Data, Part
from tune.objective import objective
from tune.optim import Schedule, optimiser
from tune.predictor import EVALUATION_BATCH, join
from tune.routing import named, route
from tune.workloads import Workload

Batches = Callable[[Part, int, bool], Iterator[Batch]]


def indexed(part: Part, batch_size: int, shuffle: bool) -> Iterator[Batch]:
    """Gather every batch from the tensors at once."""
    order = torch.randperm(len(part)) if shuffle else torch.arange(len(part))
    for index in torch.split(order, batch_size):
        yield part.batch(index)


class Rows(Dataset[Batch]):
    """A part's rows, one at a time, as a ``DataLoader`` wants them."""

    def __init__(self, part: Part) -> None:
        """Serve the rows of ``part``."""
        self.part = part

    def __len__(self) -> int:
        """Count the rows."""
        return len(self.part)

    def __getitem__(self, index: int) -> Batch:
        """Return the columns of one row."""
        row = self.part.rows[index]
        return {name: column[row] for name, column in self.part.columns.items()}


def loaded(part: Part, batch_size: int, shuffle: bool) -> Iterator[Batch]:
    """Collate every batch from single rows in this process, as the published runs do on a CPU."""
    yield from DataLoader(Rows(part), batch_size=batch_size, shuffle=shuffle)


class Loop:
    """Trains one configuration; no guards, no record."""

    def __init__(
        self,
        workload: Workload,
        config: Mapping[str, Any],
        data: Data,
        epochs: int,
        batches: Batches,
    ) -> None:
        """Build model, optimiser and schedule.

        Args:
            workload: What to train.
            config: Values by ``<group>/<argument>``.
            data: Training and validation part.
            epochs: Length of the training, for the schedule.
            batches: ``indexed`` or ``loaded``.
        """
        self.groups = groups = route(config)
        self.workload, self.data, self.batches = workload, data, batches
        self.build_arguments = named(workload.build, data.facts) | groups["model"]
        self.model = workload.build(**self.build_arguments)
        self.optimiser = optimiser(self.model.parameters(), **groups["optim"])
        self.batch_size = groups["train"].get("batch_size", 32)
        self.clip_norm = groups["train"].get("clip_norm") or float("inf")
        self.bf16 = groups["train"].get("precision") == "bf16"
        count = -(-len(data.train) // self.batch_size)
        self.schedule = Schedule(
            self.optimiser, epochs=epochs, batches=count, **groups["schedule"]
        )

    def epoch(self) -> float:
        """Train and validate once.

        Returns:
            The objective of this epoch, smaller is better.
        """
        self.model.train()
        for batch in self.batches(self.data.train, self.batch_size, True):
            self._step(batch)
        value = objective(self.workload.space, self._validate())
        self.schedule.after_epoch(value)
        return value

    def _step(self, batch: Batch) -> None:
        facts, groups = self.data.facts, self.groups
        if self.workload.augment is not None:
            known = named(self.workload.augment, facts)
            batch = self.workload.augment(batch, **known | groups["augment"])
        self.optimiser.zero_grad()
        known = named(self.workload.loss, facts)
        output = self._forward(batch)
        self.workload.loss(output, batch, **known | groups["loss"]).mean().backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.clip_norm)
        self.optimiser.step()
        self.schedule.after_batch()

    def _forward(self, batch: Batch) -> Any:
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=self.bf16):
            output = self.model(batch["inputs"], **self.groups["forward"])
        if isinstance(output, dict):
            return {name: value.float() for name, value in output.items()}
        return output.float()

    def _validate(self) -> dict[str, float]:
        self.model.eval()
        outputs, seen = [], []
        with torch.inference_mode():
            for batch in self.batches(self.data.validation, EVALUATION_BATCH, False):
                outputs.append(self._forward(batch))
                seen.append(batch)
            facts = named(self.workload.metrics, {**self.data.facts, **self.build_arguments})
            known = {name: torch.cat([batch[name] for batch in seen]) for name in seen[0]}
            return self.workload.metrics(join(outputs), known, **facts)
