"""A configuration's model on its data: predicts, and is scored. Learns nothing, so it is light."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from datasets.contract import Batch, Data, Part
from tune.routing import named, route
from tune.seeding import seeded
from tune.settings import Settings
from tune.workloads import Workload

Output = Tensor | dict[str, Tensor]

EVALUATION_BATCH = 256


class Predictor:
    """The model of one configuration, with the data it is used on."""

    def __init__(
        self,
        workload: Workload,
        config: Mapping[str, Any],
        data: Data,
        *,
        seed: int = 0,
        device: str = "cpu",
    ) -> None:
        """Build the model.

        Args:
            workload: Which.
            config: Values by ``<group>/<argument>``.
            data: Training and validation part, derived columns included (``tune.data.load``).
            seed: Of the model's first weights.
            device: Where it computes.
        """
        groups = route(config)
        self.workload, self.data, self.device = workload, data, device
        self.forward_arguments = groups["forward"]
        self.settings = Settings(**groups["train"])
        self.facts = {
            name: value.to(device) if isinstance(value, Tensor) else value
            for name, value in data.facts.items()
        }
        facts = named(workload.build, self.facts)
        with seeded(seed, 0):
            self.model = workload.build(**facts, **groups["model"])
        #: Builds the same model again; tensors are left out, since they lie in its state dict.
        self.build_arguments = {
            name: value
            for name, value in (facts | groups["model"]).items()
            if not isinstance(value, Tensor)
        }
        self.model.to(device)

    @torch.inference_mode()
    def predict(self, part: Part) -> Output:
        """Predict every row of a part, in order, in evaluation mode."""
        self.model.eval()
        indices = torch.split(torch.arange(len(part)), EVALUATION_BATCH)
        return join([self._forward(self._batch(part, index)) for index in indices])

    @torch.inference_mode()
    def evaluate(self, part: Part) -> dict[str, float]:
        """Compute the workload's metrics over a whole part at once."""
        everything = self._batch(part, torch.arange(len(part)))
        facts = named(self.workload.metrics, self.facts | self.build_arguments)
        metrics = self.workload.metrics(self.predict(part), everything, **facts)
        return {name: float(value) for name, value in metrics.items()}

    def _batch(self, part: Part, index: Tensor) -> Batch:
        """Gather rows and bring them to the device."""
        batch = part.batch(index)
        return {name: column.to(self.device) for name, column in batch.items()}

    def _forward(self, batch: Batch) -> Output:
        """Run the model in the searched precision; outputs are float32 again."""
        enabled = self.settings.precision == "bf16"
        device = torch.device(self.device).type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=enabled):
            output: Output = self.model(batch["inputs"], **self.forward_arguments)
        if isinstance(output, dict):
            return {name: value.float() for name, value in output.items()}
        return output.float()


def join(outputs: Sequence[Any]) -> Output:
    """Join the outputs of consecutive batches, tensors or mappings of tensors alike."""
    if isinstance(outputs[0], dict):
        return {name: torch.cat([output[name] for output in outputs]) for name in outputs[0]}
    return torch.cat(list(outputs))
