"""What the five companion networks are made of: a chain of dense layers and a recurrent step.

B batch, N inputs and H outputs of a layer.
"""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import elu, linear

from models import functional
from models.functional import Number

Layers = Sequence[tuple[nn.Module, str]]

KEEP = "keep"
HIDDEN_ACTIVATIONS = (KEEP, "tanh", "relu", "elu")
ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "tanh": torch.tanh,
    "relu": torch.relu,
    "elu": elu,
    "sigmoid": torch.sigmoid,
    "softmax": partial(torch.softmax, dim=-1),
}


def hidden_activation(chosen: str, original: str) -> str:
    """Choose the activation after the hidden layers.

    Args:
        chosen: ``keep`` for the original one, or ``tanh``, ``relu``, ``elu``: what a host can run.
        original: Of the published network.

    Returns:
        Its name.

    Raises:
        ValueError: If it is unknown.
    """
    if chosen not in HIDDEN_ACTIVATIONS:
        raise ValueError(
            f"activation must be one of {', '.join(HIDDEN_ACTIVATIONS)}, got {chosen}"
        )
    return original if chosen == KEEP else chosen


def scaled(width: float, *sizes: int) -> list[int]:
    """Multiply the sizes of the hidden layers.

    Args:
        width: The factor.
        *sizes: Published sizes.

    Returns:
        Sizes rounded to integers.

    Raises:
        ValueError: If a layer would be empty.
    """
    found = [round(width * size) for size in sizes]
    if min(found) < 1:
        raise ValueError(f"width must leave a unit in every layer, got {width}")
    return found


class Chain(nn.Module):
    """Layers one after the other; each network creates its own and lists them."""

    def layers(self) -> Layers:
        """List each module, dense or recurrent, and the name of the activation after it.

        Returns:
            Layers in the order in which they act; "" for no activation.
        """
        raise NotImplementedError

    def forward(self, inputs: Tensor, dropout: Number = 0.0) -> Tensor:
        """Apply the layers in order, with dropout after each hidden activation.

        Args:
            inputs: Shape ``[B, N]``.
            dropout: Probability: a float, a 0-d tensor or a ``[B, 1]`` tensor.

        Returns:
            Output of the last layer. Shape ``[B, H]``.
        """
        layers, values = self.layers(), inputs
        for number, (module, activation) in enumerate(layers, start=1):
            values = first_step(module, values) if isinstance(module, nn.LSTM) else module(values)
            if activation:
                values = ACTIVATIONS[activation](values)
                if number < len(layers):
                    values = functional.dropout(values, dropout, self.training)
        return values


def first_step(lstm: nn.LSTM, inputs: Tensor) -> Tensor:
    """Run one step of an LSTM from zero state; every input is a sequence of its own.

    From zero state neither the recurrent kernel nor the forget gate acts, so only the gates i, g
    and o are computed: ``h = sigmoid(o) tanh(sigmoid(i) tanh(g))``.

    Args:
        lstm: One layer, whose weights hold the gates i, f, g, o.
        inputs: Shape ``[B, N]``.

    Returns:
        State after the step. Shape ``[B, H]``.
    """
    kernel, _, *biases = lstm.all_weights[0]
    bias, size = biases[0] + biases[1], lstm.hidden_size
    into = linear(inputs, kernel[:size], bias[:size])
    candidate, out = linear(inputs, kernel[2 * size :], bias[2 * size :]).chunk(2, dim=-1)
    return torch.sigmoid(out) * torch.tanh(torch.sigmoid(into) * torch.tanh(candidate))
