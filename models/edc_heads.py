"""What turns the output of an ``edc`` network into a linear energy decay curve.

Heads have no weights. B batch, T samples.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

TYPICAL_T20_S = 0.76  # about the mean of the default data: where training starts
DECAY = 6 * math.log(10)  # 60 dB as a natural logarithm of energy


class Linear(nn.Module):
    """The published head: the output is the curve, scaled per time point."""

    shift: Tensor
    scale: Tensor

    def __init__(self, shift: Tensor, scale: Tensor) -> None:
        """Keep the scaling of the data set.

        Args:
            shift: Value of the curve at output 0. Shape ``[T]``.
            scale: Change of the curve for one unit of output. Shape ``[T]``.
        """
        super().__init__()
        self.register_buffer("shift", shift)
        self.register_buffer("scale", scale)

    def forward(self, z: Tensor) -> Tensor:
        """Undo the scaling of outputs ``[B, T]``."""
        return z * self.scale + self.shift


class Monotone(nn.Module):
    """A curve that starts at 1 and cannot rise: the outputs are rates of decay.

    ``EDC_k = exp(-sum_{i<k} softplus(z_i + b))``; the offset ``b`` makes an output of 0 decay by
    60 dB in 0.76 s.
    """

    def __init__(self, sample_rate_hz: float) -> None:
        """Choose the offset.

        Args:
            sample_rate_hz: Points a second of the curve.
        """
        super().__init__()
        self.offset = math.log(math.expm1(DECAY / (TYPICAL_T20_S * sample_rate_hz)))

    def forward(self, z: Tensor) -> Tensor:
        """Accumulate the rates of decay of outputs ``[B, T]``."""
        rate = functional.softplus(z[:, :-1] + self.offset)
        return torch.exp(-functional.pad(rate.cumsum(1), (1, 0)))
