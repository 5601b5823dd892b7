"""One weight. An epoch takes as long as asked: nothing, or so many seconds of one core."""

import math
import time

import torch
from torch import Tensor, nn

from datasets.contract import Batch

HEIGHTS = {"a": 0.0, "b": 0.3, "c": 1.0}


class Bowl(nn.Module):
    """Says how high the bowl is at a configuration."""

    def __init__(self, height: float, epoch_s: float) -> None:
        """Remember the height, and the seconds of one core that an epoch takes."""
        super().__init__()
        self.height, self.epoch_s = height, epoch_s
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, inputs: Tensor) -> Tensor:
        """Compute for the seconds of an epoch, in training; return the height of every row."""
        end = time.thread_time() + self.epoch_s
        while self.training and time.thread_time() < end:
            inputs.sum()
        return self.height + 0.0 * self.weight * inputs


def build(x: float = 1.0, y: float = 0.1, kind: str = "a", epoch_s: float = 0.0) -> Bowl:
    """Build the network of a configuration."""
    return Bowl(x**2 + math.log10(y / 0.01) ** 2 + HEIGHTS[kind], epoch_s)


def loss(output: Tensor, _batch: Batch) -> Tensor:
    """Return the height, a row."""
    return output.mean(1)


def metrics(output: Tensor, _batch: Batch) -> dict[str, float]:
    """Return the height."""
    return {"height": float(output.mean())}
